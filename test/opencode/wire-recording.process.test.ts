import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { loadScenario } from "../provider/load-scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { driveAt, toolParts } from "../support/play-drive.js";
import { until } from "../support/play-on-server.js";
import { answer, madeScenario, usage } from "../support/play-run.js";
import { expectRecorded, linesIn } from "../support/recorded-wire.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const SCENARIOS = [
  "anthropic",
  "compaction",
  "content-filter",
  "doom-loop",
  "empty-answer",
  "failing-tool",
  "length",
  "multistep",
  "overflow",
  "parallel-subagents",
  "permission-rejected",
  "plain-answer",
  "provider-401",
  "quota-exhausted",
  "rate-limited-then-ok",
  "responses",
  "retry-in-stream",
  "subagent",
  "two-turns",
  "unicode",
];

test.each(SCENARIOS)("every request of a run is recorded as the provider got it: %s", async (name) => {
  const scenario = await loadScenario(name);
  await using bench = await warmOpenCode(scenario);
  const drive = driveAt(bench, "server");
  let session: string | undefined;
  let wire = "";
  for (const { text } of scenario.prompts) {
    const done = await drive({ message: text, session, wire: "full" });
    session = done.sessionId ?? undefined;
    wire = done.wire ?? "";
  }
  expectRecorded(wire, bench.provider);
});

test("by `opencode run`; what opencode starts is told nothing of it", async () => {
  const command = "env | grep -cE '^(LOOPTRACE_WIRE|BUN_INSPECT)'";
  const toolCalls = [{ id: "call_env", name: "bash", arguments: { command, description: "Counts variables" } }];
  await using bench = await isolatedOpenCode(madeScenario([{ delayMs: 20, toolCalls, usage }, answer]));
  const done = await driveAt(bench, "cli")({ wire: "full" });
  expect(done.notes).toEqual([]);
  expectRecorded(done.wire ?? "", bench.provider);
  expect(toolParts(done.tree).map(({ state }) => state)).toMatchObject([{ status: "completed", output: "0\n" }]);
});

test("without texts there are sizes, hashes and times", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("plain-answer"));
  const { wire } = await driveAt(bench, "server")({ wire: "sizes" });
  const lines = linesIn(wire ?? "");
  expect(lines.map(({ t }) => t)).toEqual(expect.arrayContaining(["tap", "request", "response", "part", "end"]));
  expect(lines.filter((line) => "middle" in line || "text" in line)).toEqual([]);
  const hashes = bench.provider.bodies.map((body) => createHash("sha256").update(body).digest("hex"));
  expect(lines.flatMap(({ hash }) => hash ?? []).sort()).toEqual([...hashes].sort());
});

test("a request that opencode ends, with what had come of its answer", async () => {
  const [reply] = [{ delayMs: 20, text: "It began", fault: { type: "hang", at: "mid-stream" } }];
  await using bench = await warmOpenCode(madeScenario([reply]));
  const ending = new AbortController();
  const driving = driveAt(bench, "server")({ wire: "full" }, { signal: ending.signal });
  await bench.provider.arrivalOf(1);
  await until(() => bench.provider.requests.some(({ title, firstContent }) => !title && firstContent !== undefined));
  ending.abort();
  const { wire } = await driving;
  const { exchanges } = readRecording(wire ?? "", "recording");
  const main = exchanges.find(({ body }) => body.text?.includes('"model":"m1"'));
  expect(main?.end.how).toBe("aborted");
  expect(main?.response?.chunks.map(({ text }) => text).join("")).toContain('"content":"It"');
});

test("a file that is to be preloaded already has its place, and a note says so", async () => {
  await using bench = await warmOpenCode(await loadScenario("plain-answer"));
  const environment = { ...bench.env, BUN_INSPECT_PRELOAD: "/dev/null" };
  const { wire, notes, exit } = await driveAt(bench, "server")({ wire: "full", environment });
  expect({ wire, exit }).toEqual({ wire: null, exit: { kind: "served" } });
  expect(notes).toEqual([
    expect.stringMatching(/^What opencode sent to the model was not recorded: BUN_INSPECT_PRELOAD/),
  ]);
});
