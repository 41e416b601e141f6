import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { z } from "zod";
import { type CliSurroundings, looptrace } from "../support/cli.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { doctorJson } from "../support/json-shapes.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "../support/receiver.js";

type Finding = z.output<typeof doctorJson>["findings"][number];

const keys = { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY };

async function receive(behaviour?: ReceiverBehaviour): Promise<Receiver> {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** A folder to work in with a home of its own, an opencode that says this version, and a ripgrep. */
async function place(version = "echo 1.18.33") {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "doctor-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [bin, cwd] = [join(folder, "bin"), join(folder, "work")];
  for (const one of [bin, cwd]) await mkdir(one);
  const program = async (name: string, text: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  };
  await program("opencode", version);
  await program("rg", "exit 0");
  const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, LOOPTRACE_HOME: join(folder, "store") };
  return { folder, bin, cwd, env, opencode: join(bin, "opencode") };
}

function langfuse(url: string, secretKey = SECRET_KEY) {
  return { LANGFUSE_PUBLIC_KEY: PUBLIC_KEY, LANGFUSE_SECRET_KEY: secretKey, LANGFUSE_BASE_URL: url };
}

/** Every form in which a secret may stand somewhere. */
function formsOf(secret: string): readonly string[] {
  return [
    secret,
    encodeURIComponent(secret),
    Buffer.from(`${PUBLIC_KEY}:${secret}`).toString("base64"),
    secret.slice(0, 12),
    secret.slice(-12),
  ];
}

/** Asks as text and as JSON, which must come to the same, and neither may hold a secret. */
async function examine(around: CliSurroundings, secrets: readonly string[] = [], ...argv: readonly string[]) {
  const text = await looptrace(["doctor", "--width", "400", ...argv], around);
  const json = await looptrace(["doctor", "--json", ...argv], around);
  expect([text.stderr, json.stderr, json.code]).toEqual(["", "", text.code]);
  const { passed, findings } = doctorJson.parse(JSON.parse(json.stdout));
  expect(passed).toBe(text.code === 0);
  for (const secret of [SECRET_KEY, ...secrets].flatMap(formsOf)) {
    expect(text.stdout).not.toContain(secret);
    expect(json.stdout).not.toContain(secret);
  }
  for (const { found } of findings) expect(text.stdout.replace(/\s+/g, " ")).toContain(found.slice(0, 60));
  const of = (check: Finding["check"]): readonly Finding[] => findings.filter((one) => one.check === check);
  return { code: text.code, text: text.stdout, findings, of };
}

test("all is in order: by which project, from where, and nothing is left behind", async () => {
  const receiver = await receive({ keys, project: { id: "p-1", name: "demo" } });
  const { folder, cwd, env, opencode } = await place();
  const { code, findings, of, text } = await examine({ cwd, env: { ...env, ...langfuse(receiver.url) } });
  expect([code, findings.filter(({ status }) => status !== "ok")]).toEqual([0, []]);
  expect(text).toMatch(/\nAll is in order\.\n$/);
  expect(of("opencode")[0]?.found).toBe(
    `opencode 1.18.33 at ${opencode} (PATH): its sessions are run, read and followed`,
  );
  expect(of("destination")[0]?.found).toBe(
    `Langfuse at ${receiver.url} (pk-lf-1234…) takes traces for the project "demo"; set by LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY (environment)`,
  );
  expect([receiver.violations, receiver.spans()]).toEqual([[], []]);
  expect(await readdir(folder)).not.toContain("store");
});

test("opencode 2 alone, and beside 1.18: one line each says what works", async () => {
  const alone = await place("echo opencode v2.0.26");
  const found = (await examine(alone)).of("opencode");
  expect(found).toMatchObject([
    { status: "ok", found: expect.stringContaining(`opencode 2.0.26 at ${alone.opencode}`) },
  ]);
  expect(found[0]?.found).toContain("(PATH): its sessions are run, read and watched");

  const both = await place();
  const second = join(both.bin, "opencode2");
  await writeFile(second, "#!/bin/sh\necho opencode2 v2.0.0-0720\n", { mode: 0o755 });
  const lines = (await examine(both)).of("opencode");
  expect(lines).toMatchObject([
    {
      status: "ok",
      found: expect.stringContaining(`opencode 1.18.33 at ${both.opencode} (PATH): its sessions are run`),
    },
    {
      status: "ok",
      found: expect.stringContaining(`opencode 2.0.0-0720 at ${second} is there too, but not asked`),
      advice: expect.stringContaining(`--opencode ${second} takes this one`),
    },
  ]);
  const turned = (await examine(both, [], "--opencode", second)).of("opencode");
  expect(turned.map((line) => line.found.slice(0, 20))).toEqual(["opencode 2.0.0-0720 ", "opencode 1.18.33 at "]);
  // Two of one generation are one line: the second changes nothing.
  await writeFile(second, "#!/bin/sh\necho 1.17.0\n", { mode: 0o755 });
  expect((await examine(both)).of("opencode")).toHaveLength(1);
});

test("settings from the file, and no destination at all", async () => {
  const { url, requests } = await receive({ dialect: "otlp" });
  const { cwd, env } = await place();
  const alone = await examine({ cwd, env });
  expect([alone.code, alone.of("destination")[0]?.status]).toEqual([0, "ok"]);
  expect(alone.of("destination")[0]?.found).toBe("none is configured: traces stay on this machine");

  const file = join(cwd, "looptrace.config.json");
  const headers = { "x-api-key": "hush-hush-hush-hush" };
  await writeFile(file, JSON.stringify({ otlp: { tracesEndpoint: `${url}/v1/traces`, headers } }));
  // Not before the file is allowed: until then nothing goes there, and nothing else of it counts.
  const before = await examine({ cwd, env }, ["hush-hush-hush-hush"]);
  expect(before.code).toBe(1);
  expect(before.of("configuration")).toMatchObject([
    {
      status: "failed",
      found: `${file} would decide where traces go (otlp.tracesEndpoint, otlp.headers)`,
      advice: expect.stringContaining("looptrace trust"),
    },
  ]);
  expect(before.of("destination")[0]?.found).toContain("none is configured");
  expect(requests).toEqual([]);
  await looptrace(["trust"], { cwd, env });
  const { code, of } = await examine({ cwd, env }, ["hush-hush-hush-hush"]);
  expect([code, of("configuration")[0]?.found]).toEqual([0, `${file} is valid`]);
  expect(of("destination")[0]?.found).toBe(
    `OTLP at ${url}/v1/traces takes traces; set by otlp.tracesEndpoint, otlp.headers (looptrace.config.json)`,
  );
});

test("refused keys, by a server that repeats them", async () => {
  const secret = "sk-lf-of-another-project";
  const echo = `no: ${secret} ${Buffer.from(`${PUBLIC_KEY}:${secret}`).toString("base64")}\u001b[31m`;
  const body = JSON.stringify({ message: echo });
  const { url } = await receive({ always: { kind: "status", status: 401, body } });
  const { cwd, env } = await place();
  const { code, of, text } = await examine({ cwd, env: { ...env, ...langfuse(url, secret) } }, [secret]);
  expect([code, of("destination")[0]?.status]).toEqual([1, "failed"]);
  expect(of("destination")[0]?.found).toContain("answered 401: no: *** ***");
  expect(of("destination")[0]?.advice).toBe(
    `Check that LANGFUSE_PUBLIC_KEY (pk-lf-1234…) and LANGFUSE_SECRET_KEY belong together, and to a project of the Langfuse at ${url}.`,
  );
  expect(text).not.toContain("\u001b");
  expect(text).toMatch(/^FAILED {3}destination/m);
});

test("a port at which nothing listens, beside a place that takes traces", async () => {
  const gone = await startReceiver();
  await gone.close();
  const { url } = await receive({ dialect: "otlp" });
  const { cwd, env } = await place();
  const both = { ...env, ...langfuse(gone.url), OTEL_EXPORTER_OTLP_ENDPOINT: url };
  const { code, of } = await examine({ cwd, env: both });
  expect(code).toBe(1);
  expect(of("destination")).toMatchObject([
    { status: "failed", found: expect.stringContaining(`nothing listens at 127.0.0.1:${gone.port}`) },
    { status: "ok", found: expect.stringContaining(`OTLP at ${url}/v1/traces takes traces`) },
  ]);
});

test("half a pair of keys hides no other destination", async () => {
  const { url } = await receive({ dialect: "otlp" });
  const { cwd, env } = await place();
  const half = { ...env, LANGFUSE_SECRET_KEY: SECRET_KEY, OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/v1/traces` };
  const { code, of } = await examine({ cwd, env: half });
  expect(code).toBe(1);
  expect(of("destination")).toMatchObject([
    {
      status: "failed",
      found: expect.stringContaining("LANGFUSE_PUBLIC_KEY missing: LANGFUSE_SECRET_KEY is set"),
    },
    { status: "ok" },
  ]);
  expect(of("environment")).toMatchObject([
    { status: "warning", found: expect.stringContaining("/v1/traces/v1/traces") },
  ]);
});

test("keys that are mixed up: the secret one is not taken for the public one's beginning", async () => {
  const { url } = await receive({ keys });
  const { cwd, env } = await place();
  const mixed = {
    ...env,
    LANGFUSE_PUBLIC_KEY: SECRET_KEY,
    LANGFUSE_SECRET_KEY: PUBLIC_KEY,
    LANGFUSE_BASE_URL: url,
  };
  const { code, of, text } = await examine({ cwd, env: mixed });
  expect([code, text.includes(SECRET_KEY.slice(0, 8))]).toEqual([1, false]);
  expect(of("environment")).toMatchObject([{ found: expect.stringContaining("mixed up") }]);
});

test("no opencode, no ripgrep", async () => {
  const { cwd, env, folder } = await place();
  const nowhere = { ...env, PATH: join(folder, "nothing") };
  const { code, of } = await examine({ cwd, env: nowhere });
  expect(code).toBe(1);
  expect(of("opencode")).toMatchObject([
    {
      status: "failed",
      found: expect.stringContaining(`opencode was not found. Looked at: node_modules/.bin in ${cwd}`),
      advice: expect.stringContaining("npm install -g opencode-ai"),
    },
  ]);
  expect(of("ripgrep")).toMatchObject([{ status: "warning" }]);
  const named = await examine({ cwd, env }, [], "--opencode", "gone/opencode");
  expect(named.code).toBe(1);
  expect(named.of("opencode")[0]?.found).toContain(`${join(cwd, "gone/opencode")}: does not exist`);
});

test.each([
  ["echo 1.99.0", 0, "warning"],
  ["echo 1.14.0", 1, "failed"],
  ["echo $LANGFUSE_SECRET_KEY >&2; exit 3", 1, "failed"],
])("an opencode that does: %s", async (version, expected, status) => {
  const { url } = await receive({ keys });
  const { cwd, env } = await place(version);
  const { code, of } = await examine({ cwd, env: { ...env, ...langfuse(url) } });
  expect([code, of("opencode")[0]?.status]).toEqual([expected, status]);
});

test("a configuration that cannot be read: where, but not what stands there; all else is checked", async () => {
  const { url } = await receive({ keys });
  const { cwd, env } = await place();
  const secret = "sk-lf-without-quotes";
  await writeFile(join(cwd, "looptrace.config.json"), `{\n  "langfuse": { "secretKey": ${secret} }\n}`);
  const broken = { ...env, ...langfuse(url), LANGFUSE_TRACING_ENVIRONMENT: "Not Valid" };
  const { code, of } = await examine({ cwd, env: broken }, [secret]);
  expect(code).toBe(1);
  expect(of("configuration")).toMatchObject([
    { status: "failed", found: expect.stringContaining('unexpected "s" in line 2, column 30') },
    { status: "failed", found: expect.stringContaining('LANGFUSE_TRACING_ENVIRONMENT "Not Valid": Langfuse would') },
  ]);
  expect(of("destination")).toMatchObject([{ status: "ok" }]);
});

test("a store that cannot be made, and one that others may read", async () => {
  const { cwd, env, folder } = await place();
  await writeFile(join(folder, "file"), "");
  const below = await examine({ cwd, env: { ...env, LOOPTRACE_HOME: join(folder, "file", "store") } });
  expect(below.code).toBe(1);
  expect(below.of("store")).toMatchObject([
    { status: "failed", found: expect.stringContaining("a part of the path is a file, not a folder") },
  ]);
  expect(below.of("outbox")).toEqual([]);

  await mkdir(env.LOOPTRACE_HOME, { mode: 0o755 });
  const open = await examine({ cwd, env });
  const isWide = process.platform !== "win32";
  expect([open.code, open.of("store")[0]?.status]).toEqual([0, isWide ? "warning" : "ok"]);
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("a read-only store", async () => {
  const { cwd, env } = await place();
  await mkdir(env.LOOPTRACE_HOME);
  await chmod(env.LOOPTRACE_HOME, 0o500);
  const { code, of } = await examine({ cwd, env });
  await chmod(env.LOOPTRACE_HOME, 0o700);
  expect(code).toBe(1);
  expect(of("store")[0]?.found).toBe(`${env.LOOPTRACE_HOME} cannot be written to: permission denied`);
});

test("what waits in the outbox: since when and why", async () => {
  const { url } = await receive({
    always: { kind: "status", status: 404, body: '{"message":"Nothing here"}' },
  });
  const { cwd, env } = await place();
  const around = { cwd, env: { ...env, ...langfuse(url) } };
  await writeFile(join(cwd, "session.json"), loadFixture("multistep@1.18.33").text);
  expect((await looptrace(["trace", "session.json"], around)).code).toBe(3);
  const { of } = await examine(around);
  expect(of("outbox")).toMatchObject([
    {
      status: "warning",
      found: expect.stringMatching(
        /^\d+ spans, \d+ scores in 2 requests \(\d+ kB\) wait for .+ since 2\d{3}-.+ 404: Nothing here/,
      ),
      advice: expect.stringContaining("`looptrace push` sends what waits"),
    },
  ]);
  expect(dirname(env.LOOPTRACE_HOME)).toBe(env.HOME);
});

test("a proxy with a password is no mistake, certificates that nobody checks are one", async () => {
  const { cwd, env } = await place();
  const risky = {
    ...env,
    HTTPS_PROXY: "http://ada:hush-hush-hush-hush@proxy:3128",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  };
  const { code, of } = await examine({ cwd, env: risky }, ["hush-hush-hush-hush"]);
  expect(code).toBe(0);
  expect(of("environment").map(({ status }) => status)).toEqual(["warning"]);
});
