import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { send } from "../../src/deliver/http/send.js";
import { WIDGETS } from "../../src/langfuse/dashboard/widgets.js";
import { type CliResult, looptrace } from "../support/cli.js";
import { langfuseAt, SECRET_KEY } from "../support/destinations.js";
import { loadFixture, traceOf } from "../support/fixtures.js";
import { dashboardJson, showJson, statsJson, tokensJson, toolsJson, verifyJson } from "../support/json-shapes.js";
import { Dashboards } from "../support/langfuse/dashboards.js";
import { type LangfuseStandIn, startLangfuse } from "../support/langfuse/stand-in.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const file = (name: string): string => join(FIXTURES, name, "session.json");
const MULTISTEP = file("multistep@1.18.33");
const FAILING = file("failing-tool@1.18.33");

const dashboards = new Dashboards();
let langfuse: LangfuseStandIn;
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "from-langfuse-")));
  langfuse = await startLangfuse({ api: dashboards.api });
  const { code, stderr } = await run("trace", MULTISTEP, FAILING, "--tag", "nightly", "--phases");
  expect([code, stderr]).toEqual([0, expect.stringContaining("spans")]);
});

afterAll(async () => {
  await langfuse.receiver.close();
  await rm(folder, { recursive: true, force: true });
});

function run(...argv: string[]): Promise<CliResult> {
  const env = { LOOPTRACE_HOME: join(folder, "store"), NO_COLOR: "1", ...langfuse.env };
  return looptrace(argv, { env, cwd: folder });
}

const idOf = (name: string): string => loadFixture(name).session.info.id;

test("tools, tokens and show say of sessions in Langfuse what they say of files", async () => {
  const [a, b] = [idOf("multistep@1.18.33"), traceOf("failing-tool@1.18.33").traceId];
  for (const [command, shape, ...flags] of [
    ["tools", toolsJson, "--slowest", "50"],
    ["tokens", tokensJson],
  ] as const) {
    const remote = await run(command, "--from", "langfuse", a, b, "--json", ...flags);
    expect([remote.code, remote.stderr]).toEqual([0, ""]);
    const local = await run(command, MULTISTEP, FAILING, "--json", ...flags);
    expect(shape.parse(JSON.parse(remote.stdout))).toEqual(shape.parse(JSON.parse(local.stdout)));
  }
  const shown = await run("show", "--from", "langfuse", a);
  expect([shown.code, shown.stdout]).toEqual([0, (await run("show", MULTISTEP)).stdout]);
  showJson.parse(JSON.parse((await run("show", "--from", "langfuse", a, "--json")).stdout));
  const step = await run("show", "--from", "langfuse", a, "--step", "1");
  expect(step.stdout).toBe((await run("show", MULTISTEP, "--step", "1")).stdout);
});

test("stats add up what Langfuse has as they add up files", async () => {
  const [a, b] = [idOf("multistep@1.18.33"), traceOf("failing-tool@1.18.33").traceId];
  const flags = ["--by", "model,agent,outcome", "--tools", "--json"];
  const local = await run("stats", MULTISTEP, FAILING, ...flags);
  const remote = await run("stats", "--from", "langfuse", a, b, ...flags);
  expect([remote.code, remote.stderr]).toEqual([0, ""]);
  expect(statsJson.parse(JSON.parse(remote.stdout))).toEqual(statsJson.parse(JSON.parse(local.stdout)));
  const found = await run("stats", "--from", "langfuse", "--since", "2020-01-01", "--tag", "nightly", "--json");
  expect(statsJson.parse(JSON.parse(found.stdout)).total).toMatchObject({ sessions: 2, turns: 2 });
});

test("traces are found by time and tag, or as the last", async () => {
  const all = await run("tools", "--from", "langfuse", "--since", "2020-01-01", "--tag", "nightly", "--json");
  expect(toolsJson.parse(JSON.parse(all.stdout))).toMatchObject({ sessions: 2, turns: 2 });
  const none = await run("tools", "--from", "langfuse", "--since", "2020-01-01", "--tag", "weekly");
  expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/has no such trace/)]);
  const [a, b] = [idOf("multistep@1.18.33"), traceOf("failing-tool@1.18.33").traceId];
  const named = await run("tools", "--from", "langfuse", a, b, "--tag", "nightly", "--json");
  expect(toolsJson.parse(JSON.parse(named.stdout))).toMatchObject({ sessions: 2, turns: 2 });
  for (const id of [a, b]) {
    const { code, stderr } = await run("show", "--from", "langfuse", id, "--tag", "weekly");
    expect([code, stderr]).toEqual([2, expect.stringContaining(`no trace or session ${id}`)]);
  }
  expect((await run("show", "--from", "langfuse", "--last")).code).toBe(0);
  expect((await run("show", "--from", "langfuse", "--since", "2040-01-01")).code).toBe(2);
});

test("diff compares what is there", async () => {
  const [a, b] = [idOf("multistep@1.18.33"), idOf("failing-tool@1.18.33")];
  const remote = await run("diff", "--from", "langfuse", a, b, "--json");
  expect([remote.code, JSON.parse(remote.stdout)]).toEqual([
    0,
    JSON.parse((await run("diff", MULTISTEP, FAILING, "--json")).stdout),
  ]);
});

test.each([
  [["show", "4a54f6e09c1be2f7a3c5d8b19e607f42"], /show --from langfuse 4a54f6e09c1be2f7a3c5d8b19e607f42/],
  [["show", "--from", "langfuse", "ses_nowhere"], /has no trace or session ses_nowhere/],
  [["show", "--from", "langfuse", "session.json"], /is a file/],
  [["show", "--from", "langfuse"], /Which trace is not said\.\nName ids/],
  [["show", "--from", "langfuse", "--all"], /--since/],
  [["show", "--from", "langfuse", "--last", "--fresh"], /--fresh/],
  [["show", "--last", "--tag", "x"], /--from langfuse/],
  [
    ["show", "--from", "langfuse", "--last", "--since", "1d"],
    /Traces are named, and chosen by a flag too\.\nName them/,
  ],
  [["show", "--from", "elsewhere", "--last"], /langfuse/],
  [["diff", "--from", "langfuse", "a", "b", "--fresh"], /--fresh/],
])("%j is refused", async (argv, message) => {
  const { code, stdout, stderr } = await run(...argv);
  expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
  expect(stderr).not.toContain(SECRET_KEY);
});

test("without keys, or where only a stranger's file names a Langfuse, nothing is asked", async () => {
  const env = { LOOPTRACE_HOME: join(folder, "store") };
  for (const argv of [["show", "--from", "langfuse", "--last"], ["verify", MULTISTEP], ["dashboard"]]) {
    const { code, stderr } = await looptrace(argv, { env, cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/LANGFUSE_PUBLIC_KEY/)]);
  }
  const project = await mkdtemp(join(folder, "project-"));
  await writeFile(
    join(project, "looptrace.config.json"),
    JSON.stringify({ langfuse: { baseUrl: langfuse.receiver.url } }),
  );
  const keys = { LANGFUSE_PUBLIC_KEY: "pk-lf-mine", LANGFUSE_SECRET_KEY: "sk-lf-mine-alone" };
  const before = langfuse.receiver.requests.length;
  for (const argv of [["show", "--from", "langfuse", "--last"], ["dashboard"], ["verify", MULTISTEP]]) {
    const { code, stderr } = await looptrace(argv, { env: { ...env, ...keys }, cwd: project });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/looptrace trust/)]);
  }
  expect(langfuse.receiver.requests.length).toBe(before);
});

test("what switches sending off does not switch reading off", async () => {
  const env = { LOOPTRACE_HOME: join(folder, "store"), ...langfuse.env, LANGFUSE_TRACING_ENABLED: "false" };
  for (const argv of [
    ["show", "--from", "langfuse", "--last"],
    ["verify", MULTISTEP],
    ["dashboard", "--dry-run"],
  ]) {
    const { code, stderr } = await looptrace(argv, { env: { ...env, OTEL_SDK_DISABLED: "true" }, cwd: folder });
    expect([code, stderr]).toEqual([0, ""]);
  }
});

test("verify says that all is there, and what is not", async () => {
  const { code, stdout, stderr } = await run("verify", MULTISTEP, FAILING);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^All \d+ spans of 2 traces are in Langfuse, once and as they are here\.$/m);
  const other = await run("verify", MULTISTEP, file("plain-answer@1.18.33"), "--json");
  expect(other.code).toBe(3);
  const { verdict, traces } = verifyJson.parse(JSON.parse(other.stdout));
  expect([verdict, traces.map((one) => one.verdict)]).toEqual(["waiting", ["same", "waiting"]]);
  const text = await run("verify", file("plain-answer@1.18.33"));
  const session = idOf("plain-answer@1.18.33");
  expect(text.stdout).toContain(`Nothing of it is in Langfuse.\n  \`looptrace trace ${session}\` sends`);
  expect(text.stdout).toMatch(/: 0 of 1\. Of the (\d+) spans of the rest: \1 not sent from here\.\nScores and files/);
  const changed = await run("verify", MULTISTEP, "--environment", "prod");
  expect([changed.code, changed.stdout]).toEqual([
    1,
    expect.stringMatching(/environment: here prod, in Langfuse default/),
  ]);
});

test("what a stranger has sent there moves no cursor", async () => {
  const evil = "\u001b[2J\u001b]0;owned\u0007\r\n";
  const spans = [
    { spanId: "00000000000000e1", name: `${evil}root`, attributes: {} },
    {
      spanId: "00000000000000e2",
      parentSpanId: "00000000000000e1",
      name: `${evil}tool`,
      attributes: { type: "tool", input: evil, status_message: evil, level: "ERROR" },
    },
    {
      spanId: "00000000000000e3",
      parentSpanId: "00000000000000e1",
      name: evil,
      attributes: { type: "generation", "model.name": evil, output: evil },
    },
  ].map(({ attributes, ...span }) => ({
    ...span,
    traceId: "ee".repeat(16),
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000001000000000",
    attributes: [
      { key: "session.id", value: { stringValue: evil } },
      ...Object.entries(attributes).map(([key, stringValue]) => ({
        key: `langfuse.observation.${key}`,
        value: { stringValue },
      })),
    ],
  }));
  const body = JSON.stringify({
    resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: "x", version: "1" }, spans }] }],
  });
  await send(langfuseAt(langfuse.receiver.url), new TextEncoder().encode(body));
  for (const command of [
    ["show"],
    ["show", "--step", "0"],
    ["tokens"],
    ["tools"],
    ["show", "--json"],
    ["tools", "--json"],
  ]) {
    const { code, stdout, stderr } = await run(...command, "--from", "langfuse", "ee".repeat(16));
    expect([code, stderr]).toEqual([0, expect.stringMatching(/made by another tracer/)]);
    for (const text of [stdout, stderr]) expect(text.replace(/\n/g, "")).not.toMatch(/[\p{Cc}]/u);
  }
});

test("verify tells apart that Langfuse cannot be asked", async () => {
  const env = { LOOPTRACE_HOME: join(folder, "store"), ...langfuse.env, LANGFUSE_BASE_URL: "http://127.0.0.1:1" };
  const { code, stderr } = await looptrace(["verify", MULTISTEP], { env, cwd: folder });
  expect([code, stderr]).toEqual([3, expect.stringMatching(/^looptrace: Langfuse was not reached: .*127\.0\.0\.1:1/)]);
});

test("dashboard makes one, finds it again, and takes it away", async () => {
  const made = await run("dashboard");
  const url = `${langfuse.receiver.url}/project/project/dashboards/`;
  expect([made.code, made.stderr]).toEqual([0, ""]);
  expect(made.stdout).toContain(`dashboard “opencode (looptrace)” made; ${WIDGETS.length} widgets made.\n${url}`);
  const again = dashboardJson.parse(JSON.parse((await run("dashboard", "--json", "--range", "7d")).stdout));
  expect(again.url).toMatch(/\?dateRange=7d$/);
  expect(new Set(again.changes.map(({ done }) => done))).toEqual(new Set(["unchanged"]));
  expect((await run("dashboard", "--remove", "--dry-run")).stdout).toMatch(/^Nothing was done\./);
  expect((await run("dashboard", "--remove")).stdout).toContain(`${WIDGETS.length} widgets removed`);
  expect((await run("dashboard", "--remove")).stdout).toMatch(/no dashboard of looptrace's/);
  expect([dashboards.dashboards.size, dashboards.widgets.size]).toEqual([0, 0]);
});
