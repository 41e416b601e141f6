import stringWidth from "string-width";
import { expect, onTestFinished, test, vi } from "vitest";
import { colorsFor } from "../../src/cli/colors.js";
import { deliveryAdvice, deliveryText } from "../../src/cli/delivery-text.js";
import { progressText, runProgress } from "../../src/cli/run-progress.js";
import type { Terminal } from "../../src/cli/terminal.js";
import type { DestinationReport } from "../../src/deliver/delivery-report.js";
import { initialProgress, type Phase, type Progress } from "../../src/opencode/request/progress.js";
import { readRunEventJson } from "../../src/opencode/schema/run-event.js";
import { durationMs } from "../../src/text/duration-ms.js";

test.each([
  ["500ms", 500],
  ["90s", 90_000],
  ["90", undefined],
  [" 1.5 h ", 5_400_000],
  ["10m", 600_000],
  ["7d", 604_800_000],
  ["2w", 1_209_600_000],
  ["0", undefined],
  ["-1s", undefined],
  ["1y", undefined],
  ["", undefined],
  ["1m30s", undefined],
])("%j is a duration of %s ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

function terminal(env: Terminal["env"], isTty: boolean, written: string[] = []): Terminal {
  return {
    env,
    cwd: "/",
    out: () => undefined,
    err: (text) => written.push(text),
    readStdin: async () => "",
    outIsTty: isTty,
    errIsTty: isTty,
    width: 200,
    errWidth: 40,
    errHeight: 24,
  };
}

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ TERM: "dumb" }, true, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "0" }, false, false],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true, false],
])("colours with %j on a terminal %s: %s", (env, isTty, expected) => {
  expect(colorsFor(terminal(env, isTty), isTty).isColorSupported).toBe(expected);
});

const ABOUT = { message: "Do it.", directory: "/repo" };

function progress(step: number | null, phase: Phase, more: Partial<Progress> = {}): Progress {
  return { ...initialProgress, step, phase, ...more };
}

test("what a run is doing, in words", () => {
  const running = [
    { name: "bash", detail: "sleep 1\nrm x", since: 1000 },
    { name: "read", detail: "a\u001b[2J.txt", since: 2000 },
  ];
  const tokens = { input: 1000, output: 20, reasoning: 4, cacheRead: 500, cacheWrite: 0 };
  const done = { toolsDone: 1, toolsFailed: 1, subagents: 2, tokens, cost: 0.01234 };
  expect([
    progressText(initialProgress, 0),
    progressText(progress(0, { kind: "waiting-for-model", since: 500 }), 2000),
    progressText(progress(1, { kind: "streaming" }, done), 0),
    progressText(progress(1, { kind: "tools", running }), 4500),
    progressText(
      progress(2, { kind: "retrying", since: 0, reason: "AI_APICallError: 429\nlater" }, { failedAttempts: 3 }),
      999,
    ),
    progressText(progress(2, { kind: "retrying", since: 0, reason: "Overloaded", until: 5_000 }), 2000),
    progressText(progress(1, { kind: "streaming", tail: `${"x".repeat(80)}\u001b[2J\nand so on` }), 0),
    progressText(progress(2, { kind: "finishing" }), 0),
  ]).toEqual([
    "starting opencode",
    "step 0 · waiting for the model 1.50s",
    "step 1 · the model answers · 1 tool done (1 failed) · 2 subagents · 1,500 tokens in, 24 out · $0.0123",
    "step 1 · read a.txt 2.50s and 1 more",
    "step 2 · a request failed: 429 later (3 so far) · opencode may ask again, has waited 999ms",
    "step 2 · a request failed: Overloaded · opencode may ask again in 3.00s",
    `step 1 · the model answers: …${"x".repeat(46)} and so on`,
    "step 2 · ending",
  ]);
});

test("a log gets a line for each step and each failed request, nothing else", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  const since = Date.now();
  line.show(progress(null, { kind: "loading", since: since + 2_000 }));
  line.show(progress(null, { kind: "mcp", since: since + 2_500, servers: ["tickets"] }));
  line.show(progress(0, { kind: "waiting-for-model", since: since + 6_000 }));
  line.show(progress(0, { kind: "streaming" }));
  line.show(progress(0, { kind: "finishing" }));
  const lastFailure = { since: 0, reason: "Overloaded" };
  line.show(progress(0, { kind: "streaming" }, { failedAttempts: 1, lastFailure }));
  line.show(progress(1, { kind: "streaming" }, { failedAttempts: 1, lastFailure }));
  const state = { status: "completed", input: { command: "npm test" }, output: "", title: "", metadata: { exit: 1 } };
  const tool = { type: "tool", id: "prt_1", messageID: "msg_1", callID: "call_1", tool: "bash" } as const;
  const part = { ...tool, state: { ...state, time: { start: since, end: since + 5 } } };
  line.take(readRunEventJson({ type: "tool_use", timestamp: since, sessionID: "ses_1", part }) ?? expect.fail());
  // Another attempt of looptrace's begins anew.
  line.again();
  line.show(progress(0, { kind: "streaming" }));
  line.show(progress(0, { kind: "streaming" }, { failedAttempts: 1, lastFailure }));
  line.stop();
  const failed = "step 0 · a request failed: Overloaded · opencode may ask again\n";
  expect(written.map((text) => text.replace(/[\d.]+m?s/g, "…"))).toEqual([
    "starting opencode\n",
    "started in …: starting …, loading …, mcp (tickets) …\n",
    "step 0 · waiting for the model …\n",
    failed,
    "step 1 · the model answers\n",
    "step 1 · a tool failed: bash npm test: exit 1\n",
    "started in …\n",
    "step 0 · the model answers\n",
    failed,
  ]);
});

test("a terminal is told at once, in lines that fit into it, and has them taken away at the end", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, true, written), ABOUT);
  expect(written[0]).toMatch(/^\r\u001b\[2K +\d+ms {2}starting opencode$/);
  line.show(progress(0, { kind: "waiting-for-model", since: Date.now() }));
  const running = [{ name: "bash", detail: "x".repeat(300), since: 0 }];
  line.show(progress(0, { kind: "tools", running }));
  const tree = (written.at(-1) ?? "").split("\n");
  expect(tree.length).toBeGreaterThan(4);
  for (const text of tree) expect(stringWidth(text)).toBeLessThan(40);
  line.stop();
  expect(written.at(-1)).toBe(`\u001b[${tree.length - 1}A\r\u001b[J`);
  const before = written.length;
  line.stop();
  expect(written).toHaveLength(before);
});

test("a log says that a run uses what an earlier run left, and nothing of a start", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  const since = Date.now();
  line.show(progress(null, { kind: "starting", since }));
  expect(written).toEqual([]);
  line.show(progress(null, { kind: "loading", since: since + 2_000, isWarm: true }));
  line.show(progress(0, { kind: "waiting-for-model", since: since + 6_000 }));
  line.stop();
  expect(written.map((text) => text.replace(/[\d.]+m?s/g, "…"))).toEqual([
    "using the opencode that an earlier run left\n",
    "ready in …: finding it …, loading …\n",
    "step 0 · waiting for the model …\n",
  ]);
});

test("a log says that opencode starts where it does, and not while an earlier run's is looked for", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  const since = Date.now();
  line.show(initialProgress);
  line.clear();
  expect(written).toEqual([]);
  line.show(progress(null, { kind: "starting", since, isBegun: true }));
  expect(written).toEqual(["starting opencode\n"]);
  line.show(progress(null, { kind: "loading", since, isWarm: false, why: "the first" }));
  line.stop();
  expect(written).toHaveLength(1);
});

test("a log says that a run uses what an earlier run left, however long it took to find", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  line.show(initialProgress);
  vi.advanceTimersByTime(60_000);
  line.show(progress(null, { kind: "loading", since: Date.now(), isWarm: true }));
  line.stop();
  expect(written).toEqual(["using the opencode that an earlier run left\n"]);
});

test("a log says that opencode starts after all, where what an earlier run left was of no use", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  const since = Date.now();
  line.show(progress(null, { kind: "starting", since }));
  line.show(progress(null, { kind: "loading", since: since + 100, isWarm: true }));
  line.show(progress(null, { kind: "starting", since }));
  line.show(progress(null, { kind: "starting", since, isBegun: true }));
  line.show(progress(null, { kind: "loading", since: since + 2_000, isWarm: false, why: "it could not be used" }));
  line.show(progress(0, { kind: "waiting-for-model", since: since + 6_000 }));
  line.stop();
  expect(written.map((text) => text.replace(/[\d.]+m?s/g, "…"))).toEqual([
    "using the opencode that an earlier run left\n",
    "starting opencode: the one that an earlier run left could not be used\n",
    expect.stringMatching(/^started in …: /),
    "step 0 · waiting for the model …\n",
  ]);
});

test("a log says why opencode starts after all, where that is known", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  const since = Date.now();
  line.show(progress(null, { kind: "loading", since, isWarm: true }));
  line.show(progress(null, { kind: "starting", since, isBegun: true, why: "the one that was there is too old" }));
  line.stop();
  expect(written).toEqual([
    "using the opencode that an earlier run left\n",
    "starting opencode: the one that was there is too old\n",
  ]);
});

test("a log says nothing of a second look for what an earlier run left", () => {
  const written: string[] = [];
  const line = runProgress(terminal({}, false, written), ABOUT);
  const since = Date.now();
  for (const _ of [1, 2]) {
    line.show(progress(null, { kind: "starting", since }));
    line.show(progress(null, { kind: "loading", since: since + 100, isWarm: true }));
  }
  line.show(progress(0, { kind: "waiting-for-model", since: since + 6_000 }));
  line.stop();
  expect(written.map((text) => text.replace(/[\d.]+m?s/g, "…"))).toEqual([
    "using the opencode that an earlier run left\n",
    expect.stringMatching(/^ready in …: /),
    "step 0 · waiting for the model …\n",
  ]);
});

test("a terminal that cannot move its cursor gets the lines of a log", () => {
  const written: string[] = [];
  const line = runProgress(terminal({ TERM: "dumb" }, true, written), ABOUT);
  // What is refused before it begins has said nothing.
  expect(written).toEqual([]);
  line.show(progress(null, { kind: "starting", isBegun: true }));
  line.stop();
  expect(written).toEqual(["starting opencode\n"]);
});

test("what became of a trace, and what to do about it", () => {
  const report: DestinationReport = {
    destination: { id: "a", kind: "langfuse", label: "host (pk…)", url: "http://127.0.0.1/" },
    acknowledged: 0,
    alreadyAcknowledged: 0,
    outdated: { settings: 0, content: 0 },
    pending: { spans: 0, requests: 0, unsavedSpans: 0 },
    rejected: 0,
    beside: {},
    lastError: "it was down",
    problems: [],
  };
  const pending = { spans: 1200, requests: 2, unsavedSpans: 1 };
  const bad = {
    ...report,
    acknowledged: 1,
    alreadyAcknowledged: 2,
    pending,
    rejected: 3,
    problems: ["disk full"],
  };
  const none = { acknowledged: 0, alreadyAcknowledged: 0, pending: 0, unsaved: 0, rejected: 0 };
  const withScores = {
    ...report,
    beside: { scores: { ...none, acknowledged: 2, pending: 1 }, media: { ...none, rejected: 1 } },
  };
  expect(deliveryText(withScores)).toBe(
    "host (pk…): 2 scores sent, 1 score not delivered, 1 file rejected: it was down",
  );
  expect(deliveryAdvice([withScores])).toHaveLength(2);
  expect(deliveryText(report)).toBe("host (pk…): nothing to send");
  expect(deliveryText(bad)).toBe(
    "host (pk…): 1 span sent, 2 spans were there already, 1,200 spans not delivered, 3 spans rejected: it was down",
  );
  expect(deliveryText({ ...report, acknowledged: 6, alreadyAcknowledged: 9 }, true)).toBe(
    "host (pk…): 15 spans sent, 9 of them while the session ran",
  );
  expect(deliveryAdvice([report])).toEqual([]);
  expect(deliveryAdvice([bad])).toEqual([
    "disk full",
    "What was not delivered is kept in the outbox; `looptrace push` sends it.",
    "1 span is kept nowhere; run `looptrace trace` on the session again.",
    "What was rejected is kept below `rejected/` in looptrace's data folder, each with the reason.",
  ]);
});
