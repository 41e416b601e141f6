import { describe, expect, test } from "vitest";
import type { DestinationProbe } from "../../src/deliver/destinations/probe-destination.js";
import type { SendResult } from "../../src/deliver/http/send-result.js";
import type { StoreFacts } from "../../src/deliver/queue/inspect-store.js";
import type { OutboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { areMixedUp } from "../../src/doctor/environment-findings.js";
import type { DoctorFacts, OpenCodeFacts } from "../../src/doctor/facts.js";
import type { Finding } from "../../src/doctor/finding.js";
import { findingsOf } from "../../src/doctor/findings.js";
import { isAtLeast } from "../../src/doctor/program-findings.js";
import type { WirePlugin } from "../../src/opencode/program.js";

const STORE: StoreFacts = {
  root: "/home/ada/store",
  isThere: true,
  mode: 0o700,
  problem: undefined,
  sessionsBytes: 1_500_000,
  outboxBytes: 0,
  outbox: [],
  fullness: undefined,
  freeBytes: 75e9,
};

const FACTS: DoctorFacts = {
  servers: { folder: "/repo/servers", servers: [], doubts: [] },
  tooMuchConfiguration: undefined,
  wirePlugin: {
    state: "absent",
    config: "/home/me/.config/opencode/opencode.json",
    folder: "/data/plugin",
    recordings: "/data/wire",
    content: null,
  },
  looptrace: "1.2.3",
  node: { version: "20.19.0", wanted: ">=20.19" },
  opencode: {
    kind: "found",
    path: "/bin/opencode",
    from: "PATH",
    version: "1.18.33",
    problem: null,
    passedOver: [],
  },
  ripgrep: "/bin/rg",
  configuration: { path: "/home/dev/looptrace.config.json", directory: "/home/dev", problems: [] },
  destinations: [],
  destinationProblems: [],
  switchedOff: [],
  mixedUpKeys: false,
  store: STORE,
  environment: {},
};

/** What one check finds where some facts are others. */
function found(check: string, facts: Partial<DoctorFacts>): readonly Finding[] {
  return findingsOf({ ...FACTS, ...facts }).filter((finding) => finding.check === check);
}

function one(check: string, facts: Partial<DoctorFacts>): Finding {
  const [finding, ...more] = found(check, facts);
  if (!finding || more.length > 0) throw new Error(`${check} has ${more.length + 1} findings`);
  return finding;
}

test("where all is in order, every check says so", () => {
  expect(findingsOf(FACTS).map(({ check, status }) => [check, status])).toEqual(
    [
      ...["node", "looptrace", "opencode", "ripgrep", "configuration"],
      ...["destination", "store", "outbox", "disk", "wire", "servers", "environment"],
    ].map((check) => [check, "ok"]),
  );
});

test.each([
  ["20.19.0", "20.19", true],
  ["20.18.9", "20.19", false],
  ["22.0.0", "20.19", true],
  ["18.20.4", "20.19", false],
  ["v24.1.0-nightly", "24.0", true],
  ["20", "20.19", false],
  ["20.19", "20.19.0", true],
])("%s is at least %s: %s", (version, least, expected) => {
  expect(isAtLeast(version, least)).toBe(expected);
});

test("a Node.js that is too old", () => {
  const node = { ...FACTS.node, version: "18.20.4" };
  expect(one("node", { node })).toMatchObject({
    status: "failed",
    found: "Node.js 18.20.4, but looptrace needs 20.19 or later",
    advice: expect.stringContaining("nodejs.org"),
  });
});

describe("opencode", () => {
  const at = (version: string | null, problem: string | null = null): Extract<OpenCodeFacts, { kind: "found" }> => ({
    kind: "found",
    path: "/bin/opencode",
    from: "LOOPTRACE_OPENCODE",
    version,
    problem,
    passedOver: [],
  });

  test.each([
    ["1.15.0", "ok"],
    ["1.18.99", "ok"],
    ["1.19.0", "warning"],
    ["2.0.0-0720", "ok"],
    ["2.0.26", "ok"],
    ["2.1.0", "warning"],
    ["1.14.9", "failed"],
    ["0.15.0", "failed"],
  ])("%s: %s", (version, status) => {
    const finding = one("opencode", { opencode: at(version) });
    expect(finding.status).toBe(status);
    expect(finding.found).toContain(`opencode ${version} at /bin/opencode (LOOPTRACE_OPENCODE)`);
    if (status === "ok") expect(finding.advice).toBeNull();
    else expect(finding.advice).toContain("1.15 to 1.18 and 2.0");
  });

  test("of opencode 2 it is said what looptrace was tried with, of both generations which one is asked", () => {
    const tried = "goes by the source of 2.0.26 and was tried with 2.0.0-0720";
    expect(one("opencode", { opencode: at("2.0.26") }).found).toContain(tried);
    expect(one("opencode", { opencode: at("1.18.33") }).found).not.toContain("2.0");
    const other = { path: "/bin/opencode2", version: "2.0.26" };
    const [taken, second] = found("opencode", { opencode: { ...at("1.18.33"), other } });
    expect(taken?.found).toContain("opencode 1.18.33 at /bin/opencode (LOOPTRACE_OPENCODE)");
    expect(second).toMatchObject({
      status: "ok",
      found: expect.stringMatching(
        /^opencode 2\.0\.26 at \/bin\/opencode2 is there too, but not asked: .*2\.0\.0-0720/,
      ),
      advice: expect.stringContaining("--opencode /bin/opencode2"),
    });
  });

  test("none, and one that is none", () => {
    const missing = { kind: "missing", problem: "Not found.", looked: ["/a", "/b"] } as const;
    expect(one("opencode", { opencode: missing })).toMatchObject({
      status: "failed",
      found: "Not found. Looked at: /a; /b",
      advice: expect.stringContaining("npm install -g opencode-ai"),
    });
    expect(one("opencode", { opencode: at(null, "it says hello") })).toMatchObject({
      status: "failed",
      found: "it says hello",
      advice: expect.stringContaining("/bin/opencode --version"),
    });
  });

  test("no ripgrep is a warning", () => {
    expect(one("ripgrep", { ripgrep: undefined }).status).toBe("warning");
  });
});

test("the configuration: none, or each thing that is wrong", () => {
  const none = { path: undefined, directory: "/home/dev", problems: [] };
  expect(one("configuration", { configuration: none })).toMatchObject({
    status: "ok",
    found: expect.stringContaining("no looptrace.config.json in /home/dev or above"),
  });
  const problems = [
    { text: "one is wrong", isTrust: false },
    { text: "the file cannot be used:\n  this is wrong\n  that too\nMend it there.", isTrust: false },
    { text: "two is not allowed. Allow it", isTrust: true },
  ];
  const ignored = {
    path: "/home/looptrace.config.json",
    why: "it is above the project /home/dev",
    advice: "Move it.",
  };
  const all = found("configuration", { configuration: { ...none, problems, ignored } });
  expect(all.map(({ status, found, advice }) => [status, found, advice])).toEqual([
    ["failed", "one is wrong", expect.stringContaining("exit code 2")],
    [
      "failed",
      "the file cannot be used: this is wrong; that too",
      expect.stringMatching(/^Mend it there\. .*exit code 2/),
    ],
    ["failed", "two is not allowed", "Allow it"],
    ["warning", `${ignored.path} is not read: ${ignored.why}`, "Move it."],
  ]);
  expect(found("configuration", { configuration: { ...none, ignored } }).map(({ status }) => status)).toEqual([
    "ok",
    "warning",
  ]);
});

describe("destinations", () => {
  const URL = "https://langfuse.example/api/public/otel/v1/traces";
  const langfuse = (answer: SendResult, more: Partial<DestinationProbe> = {}): DestinationProbe => ({
    id: "0123456789abcdef",
    kind: "langfuse",
    label: "langfuse.example (pk-lf-1234…)",
    url: URL,
    keyStart: "pk-lf-1234",
    settings: {
      address: "LANGFUSE_BASE_URL",
      credentials: { kind: "keys", publicKey: "LANGFUSE_PUBLIC_KEY", secretKey: "langfuse.secretKey" },
    },
    proxy: undefined,
    answer,
    project: { kind: "unknown" },
    ...more,
  });
  const judged = (answer: SendResult, more: Partial<DestinationProbe> = {}): Finding =>
    one("destination", { destinations: [langfuse(answer, more)] });
  const taken = { kind: "acknowledged" } as const;

  test("keys that are taken: by which project, and from where all of it is", () => {
    const project = { kind: "named", project: { name: "a\u001b[2Jb", tracesUrl: "https://x/p" } } as const;
    expect(judged(taken, { project })).toEqual({
      check: "destination",
      status: "ok",
      found:
        'Langfuse at https://langfuse.example (pk-lf-1234…) takes traces for the project "ab"; set by LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY (environment) and langfuse.secretKey (looptrace.config.json)',
      advice: null,
    });
    expect(judged(taken)).toMatchObject({ status: "ok", advice: null });
    expect(judged(taken, { project: { kind: "refused", status: 403 } })).toMatchObject({
      status: "warning",
      found: expect.stringContaining("(403)"),
    });
  });

  test("keys that are refused: which", () => {
    const refused = { kind: "unauthorised", status: 401, message: "it answered 401" } as const;
    const { status, found, advice } = judged(refused);
    expect([status, found.includes("refuses the keys: it answered 401")]).toEqual(["failed", true]);
    expect(advice).toBe(
      "Check that LANGFUSE_PUBLIC_KEY (pk-lf-1234…) and langfuse.secretKey belong together, and to a project of the Langfuse at https://langfuse.example.",
    );
  });

  test.each([
    [{ kind: "rejected", status: 400, message: "why" }, "warning", "looptrace trace --last"],
    [{ kind: "throttled", retryAfterMs: 1, message: "why" }, "warning", "looptrace push"],
    [{ kind: "misdirected", status: 404, message: "why" }, "failed", "Check LANGFUSE_BASE_URL"],
    [{ kind: "unavailable", retryAfterMs: undefined, message: "why" }, "failed", "Check LANGFUSE_BASE_URL and"],
  ] as const)("%j: %s", (answer, status, advice) => {
    const finding = judged(answer);
    expect([finding.status, finding.found.includes(answer.message)]).toEqual([status, true]);
    expect(finding.advice).toContain(advice);
  });

  test("a server that answers has been reached", () => {
    const answered = { by: "server", status: 500 } as const;
    const message = "langfuse.example (pk-lf-1234…) answered 500: no disk. Call Ada.";
    const { found, advice } = judged({ kind: "unavailable", retryAfterMs: undefined, message, answered });
    expect(found).toMatch(/^Langfuse at \S+ \(pk-lf-1234…\) answers 500: no disk\. Call Ada\.; set by /);
    expect(advice).toMatch(/^The server has trouble; ask who runs it\. Until then/);
    const cut = { by: "server", status: 200 } as const;
    const half = judged({
      kind: "unavailable",
      retryAfterMs: 1,
      message: "the answer breaks off",
      answered: cut,
    });
    expect(half.found).toContain(" answers 200: the answer breaks off; set by ");
  });

  test.each([
    ["it answers 200 with a web page. Check the address.", "it answers 200 with a web page", ""],
    ["it answered 404: gone.. Check that http://x/v1 is the address for traces.", "it answered 404: gone", ""],
    [
      "it redirects (307) to http://y. Redirects are not followed, so that the keys stay; configure its address.",
      "it redirects (307) to http://y",
      "Redirects are not followed, so that the keys stay; configure its address. ",
    ],
    ["it answers 200, but with an error", "it answers 200, but with an error", ""],
  ])("the advice of %j is no part of what was found", (message, why, own) => {
    const { found, advice } = judged({ kind: "misdirected", status: 307, message });
    expect(found).toContain(`is no place for traces: ${why}; set by `);
    expect(advice).toMatch(/Check LANGFUSE_BASE_URL: /);
    expect(advice?.split("Check LANGFUSE_BASE_URL")[0]).toBe(own);
  });

  test("what a network failure advises is the advice", () => {
    const message = "the certificate of x is not trusted (E). For one of your own, set NODE_EXTRA_CA_CERTS.";
    const { found, advice } = judged({ kind: "unavailable", retryAfterMs: undefined, message });
    expect(found).toContain("cannot be reached: the certificate of x is not trusted (E); set by ");
    expect(advice).toMatch(/^For one of your own, set NODE_EXTRA_CA_CERTS\. Until then/);
  });

  test("the default address and an OTLP backend", () => {
    const settings = { ...langfuse(taken).settings, address: undefined };
    const gone = { kind: "unavailable", retryAfterMs: undefined, message: "why" } as const;
    expect(judged(gone, { settings }).advice).toBe(
      "Check the network; for a Langfuse of your own or in another region, set LANGFUSE_BASE_URL. Until then traces wait in the outbox, and `looptrace push` sends them.",
    );
    const otlp = {
      kind: "otlp",
      url: "http://c:4318/v1/traces",
      keyStart: undefined,
      settings: { address: "otlp.tracesEndpoint", credentials: { kind: "headers", names: [] } },
    } as const;
    expect(judged(taken, otlp)).toMatchObject({
      status: "ok",
      found: "OTLP at http://c:4318/v1/traces takes traces; set by otlp.tracesEndpoint (looptrace.config.json)",
    });
  });

  test("what cannot work stands before what is configured well", () => {
    const destinationProblems = ["LANGFUSE_SECRET_KEY missing: both are needed. Copy them."];
    expect(found("destination", { destinationProblems, destinations: [langfuse(taken)] })).toMatchObject([
      { status: "failed", found: "LANGFUSE_SECRET_KEY missing: both are needed", advice: "Copy them." },
      { status: "ok" },
    ]);
  });
});

describe("the store", () => {
  const store = (more: Partial<StoreFacts>) => ({ store: { ...STORE, ...more } });

  test("not there yet, open to others, closed", () => {
    expect(one("store", store({ isThere: false, mode: undefined }))).toMatchObject({
      status: "ok",
      found: "/home/ada/store is not there yet and can be made",
    });
    expect(one("store", store({ mode: 0o750 }))).toMatchObject({
      status: "warning",
      found: "/home/ada/store can be written to, 1.5 MB of sessions, but others may use it (0750)",
      advice: expect.stringContaining("chmod 700 /home/ada/store"),
    });
    const problem = { path: "/home/ada/store/outbox", reason: "the file system is read-only" };
    expect(one("store", store({ problem }))).toMatchObject({
      status: "failed",
      found: "/home/ada/store/outbox cannot be written to: the file system is read-only",
      advice: expect.stringContaining("LOOPTRACE_HOME"),
    });
  });

  test("an outbox that cannot be read is said once", () => {
    const unreadable = { outbox: { problem: "It cannot be read. Mend that." } };
    expect(one("outbox", store(unreadable))).toMatchObject({ status: "failed", advice: "Mend that." });
    const problem = { path: STORE.root, reason: "permission denied" };
    expect(found("outbox", store({ ...unreadable, problem }))).toEqual([]);
  });

  const status = (more: Partial<OutboxStatus>): OutboxStatus => ({
    destination: { id: "0123456789abcdef", kind: "otlp", label: "there", url: "http://there" },
    requests: 0,
    spans: 0,
    beside: {},
    bytes: 0,
    sinceMs: undefined,
    rejectedRequests: 0,
    lastError: undefined,
    ...more,
  });

  test("what waits: how much, for whom, since when, why", () => {
    const outbox = [
      status({
        requests: 2,
        spans: 30,
        sinceMs: Date.UTC(2026, 0, 2, 3, 4, 5),
        lastError: { message: "it was down", atMs: 1 },
      }),
      status({ rejectedRequests: 3 }),
    ];
    const fullness = "the outbox holds much";
    expect(one("outbox", store({ outbox, outboxBytes: 4096, fullness }))).toEqual({
      check: "outbox",
      status: "warning",
      found:
        "30 spans in 2 requests (4.1 kB) wait for there since 2026-01-02T03:04:05Z; 3 requests refused for good, kept below rejected/; last error: it was down",
      advice: "The outbox holds much. `looptrace push` sends what waits, `looptrace push --status` says more.",
    });
    expect(one("outbox", store({ outbox: [status({ rejectedRequests: 1 })] }))).toMatchObject({
      status: "ok",
      found: "nothing waits; 1 request refused for good, kept below rejected/",
    });
  });

  test.each([
    [200_000_000, "ok"],
    [199_999_999, "warning"],
    [0, "warning"],
  ])("%d bytes free: %s", (freeBytes, expected) => {
    expect(one("disk", store({ freeBytes })).status).toBe(expected);
  });

  test("a disk that does not tell is passed over", () => {
    expect(found("disk", store({ freeBytes: undefined }))).toEqual([]);
  });
});

describe("variables", () => {
  const mistakes = (environment: DoctorFacts["environment"], more: Partial<DoctorFacts> = {}) =>
    found("environment", { environment, ...more }).filter(({ status }) => status === "warning");

  test.each([
    ["http://c:4318/v1/traces", 1],
    ["http://c:4318/v1/traces/ ", 1],
    ["http://c:4318/v1/traces?team=a", 1],
    ["http://c:4318", 0],
    ["http://c:4318/v1/traces/v2", 0],
    ["no address", 0],
    ["", 0],
  ])("OTEL_EXPORTER_OTLP_ENDPOINT=%s", (endpoint, many) => {
    const found = mistakes({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    expect(found).toHaveLength(many);
    for (const { advice } of found) expect(advice).toContain("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const traces = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c" };
    expect(mistakes(traces)).toEqual([]);
  });

  test("certificates that are not checked, quotation marks, keys mixed up", () => {
    expect(mistakes({ NODE_TLS_REJECT_UNAUTHORIZED: "1" })).toEqual([]);
    expect(mistakes({ NODE_TLS_REJECT_UNAUTHORIZED: "0" })).toHaveLength(1);
    const quoted = { LANGFUSE_SECRET_KEY: '"sk-lf-quoted"', LANGFUSE_BASE_URL: "'http://x'", OTHER: '"x"' };
    expect(mistakes(quoted)).toMatchObject([
      { found: "quotation marks are a part of LANGFUSE_BASE_URL, LANGFUSE_SECRET_KEY" },
    ]);
    expect(mistakes({}, { mixedUpKeys: true })).toHaveLength(1);
    expect(areMixedUp("pk-lf-1", "sk-lf-1")).toBe(false);
    expect(areMixedUp(" sk-lf-1", undefined)).toBe(true);
    expect(areMixedUp(undefined, "pk-lf-1")).toBe(true);
    expect(areMixedUp(undefined, "own")).toBe(false);
  });

  test("what other programs of OpenTelemetry's would obey, and a proxy that is obeyed", () => {
    expect(
      mistakes({
        OTEL_EXPORTER_OTLP_INSECURE: "true",
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "100",
        OTEL_BSP_SCHEDULE_DELAY: "",
        OTEL_SERVICE_NAME: "x",
        HTTPS_PROXY: "http://user:hush-hush@proxy:3128",
      }).map(({ found }) => found),
    ).toEqual([
      "OTEL_EXPORTER_OTLP_INSECURE changes nothing here: it is about gRPC; over HTTP the endpoint's http:// or https:// decides",
      "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT changes nothing here: a trace is sent whole; textLimit in looptrace.config.json bounds its texts",
    ]);
  });
});

test("a destination that is switched off, one behind a proxy, and a proxy that lets nothing through", () => {
  expect(found("destination", { switchedOff: ["OTEL_SDK_DISABLED"] })).toMatchObject([
    { status: "warning", found: expect.stringContaining("OTEL_SDK_DISABLED switches off") },
  ]);
  const behind = (answer: SendResult): DestinationProbe => ({
    ...{ id: "0", kind: "otlp", label: "l", url: "https://far/v1/traces", answer },
    settings: { address: "OTEL_EXPORTER_OTLP_ENDPOINT", credentials: { kind: "headers", names: [] } },
    proxy: { shown: "proxy:3128", setting: "HTTPS_PROXY" },
    project: { kind: "unknown" },
  });
  expect(one("destination", { destinations: [behind({ kind: "acknowledged" })] }).found).toBe(
    "OTLP at https://far/v1/traces through the proxy proxy:3128 takes traces; set by OTEL_EXPORTER_OTLP_ENDPOINT, HTTPS_PROXY (environment)",
  );
  const keyed = { ...behind({ kind: "acknowledged" }), keyStart: "pk-lf-1234" };
  expect(one("destination", { destinations: [keyed] }).found).toContain(
    "/v1/traces (pk-lf-1234…) through the proxy proxy:3128 takes traces",
  );
  const dead = { kind: "unavailable", retryAfterMs: undefined, message: "nothing listens at it" } as const;
  expect(one("destination", { destinations: [behind(dead)] }).advice).toMatch(
    /^Check HTTPS_PROXY and that the proxy runs, or except far by NO_PROXY\. Until then/,
  );
  const refused = { ...dead, answered: { by: "proxy", status: 502 } } as const;
  expect(one("destination", { destinations: [behind(refused)] }).advice).toMatch(
    /^Ask who runs the proxy why it does not reach far, or except far by NO_PROXY\. Until then/,
  );
  const message = "the proxy wants a user (407). Set HTTPS_PROXY.";
  expect(one("destination", { destinations: [behind({ kind: "blocked", status: 407, message })] })).toMatchObject({
    status: "failed",
    found: expect.stringContaining("is not reached: the proxy wants a user (407); set by"),
    advice: "Set HTTPS_PROXY.",
  });
});

test("the plugin: what it records, and where its files are gone", () => {
  const wire = (state: WirePlugin["state"], content = true): Finding =>
    one("wire", { wirePlugin: { ...FACTS.wirePlugin, state, content } });
  expect(wire("installed")).toMatchObject({ status: "ok", found: expect.stringContaining("records below /data/wire") });
  expect(wire("installed")).toMatchObject({ found: expect.stringMatching(/said, read and called, not masked$/) });
  expect(wire("installed", false)).toMatchObject({ found: expect.stringMatching(/: sizes, hashes and times only$/) });
  expect(wire("unnamed")).toMatchObject({ status: "warning", found: expect.stringContaining("does not name it") });
  expect(wire("absent")).toMatchObject({ status: "ok", found: expect.stringContaining("not installed") });
  expect(wire("gone")).toMatchObject({ status: "warning", advice: expect.stringContaining("looptrace wire install") });
});

test("servers that runs have left: those that are kept, and those that nobody would end", () => {
  const server = {
    ...{ state: "ready" as const, id: "3f9a2c1b00000000", version: "1.18.33", opencode: "/bin/opencode", pid: 7 },
    ...{ ageMs: 90_000, memoryBytes: 360e6, runs: 0, uses: 3, idleMs: 60_000, idleLimitMs: 600_000, why: "the first" },
  };
  const survey = FACTS.servers;
  expect(one("servers", {})).toMatchObject({ status: "ok", found: "no opencode is left from a run" });
  expect(one("servers", { servers: { ...survey, servers: [server] } })).toMatchObject({
    status: "ok",
    found: "1 opencode left from runs: 1.18.33 unused for 1m00s, 360 MB",
  });
  const tooMuchConfiguration = "opencode's configuration has more than 512 files, most of the files in ~/a";
  expect(found("servers", { tooMuchConfiguration })[1]).toMatchObject({
    status: "warning",
    found: `each run starts opencode anew: ${tooMuchConfiguration}`,
  });
  const doubts = [{ path: "/repo/servers/a", doubt: "it belongs to uid 1001" }];
  const bad = found("servers", { servers: { ...survey, servers: [{ ...server, state: "lost" }], doubts } });
  expect(bad.map(({ status }) => status)).toEqual(["ok", "warning", "warning"]);
  expect(bad[1]?.found).toMatch(/has no process any more that would end it$/);
  expect(bad[2]).toMatchObject({ found: "/repo/servers/a is not used: it belongs to uid 1001" });
});
