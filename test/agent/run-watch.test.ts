import { expect, test } from "vitest";
import { type RunLimits, runWatch } from "../../src/agent/run-watch.js";
import type { Halt } from "../../src/opencode/evidence.js";
import { initialProgress } from "../../src/opencode/request/progress.js";
import { type RunEvent, readRunEvent } from "../../src/opencode/schema/run-event.js";
import { mint, stepFinish, stepStart, T0, text, tool } from "../trace/make-session.js";

function event(type: string, part: object): RunEvent {
  const whole = { sessionID: "ses_1", messageID: "msg_1", ...part };
  const read = readRunEvent(JSON.stringify({ type, timestamp: T0, sessionID: "ses_1", part: whole }));
  if (!read) throw new Error(`no event: ${type}`);
  return read;
}

const read = (path: string, output = "same") =>
  event(
    "tool_use",
    tool(0, 1, 2, {
      tool: "read",
      state: { status: "completed", input: { filePath: path }, output, time: { start: T0, end: T0 + 1 } },
    }),
  );

/** What halted the run, in order: it is to be one thing at most. */
function halts(limits: RunLimits, events: readonly RunEvent[]): readonly Halt[] {
  const found: Halt[] = [];
  const watch = runWatch(limits, (reason) => found.push(reason));
  for (const one of events) watch.onEvent(one);
  return found;
}

test("the third equal call in a row halts, once", () => {
  const calls = [read("a"), read("a"), read("a"), read("a")];
  expect(halts({ haltOnDoomLoop: true }, calls)).toMatchObject([
    { by: "doom-loop", tool: "read", arguments: { filePath: "a" }, count: 3 },
  ]);
  expect(halts({ haltOnDoomLoop: 5 }, calls)).toEqual([]);
  expect(halts({ haltOnDoomLoop: false }, calls)).toEqual([]);
  expect(halts({}, calls)).toEqual([]);
});

test("what the model's provider runs again and again does not halt it", () => {
  const search = event("tool_use", tool(0, 1, 2, { tool: "web_search", metadata: { providerExecuted: true } }));
  expect(halts({ haltOnDoomLoop: true }, [search, search, search, search])).toEqual([]);
});

test("another call, or another result, begins anew", () => {
  expect(halts({ haltOnDoomLoop: true }, [read("a"), read("a"), read("b"), read("a")])).toEqual([]);
  expect(halts({ haltOnDoomLoop: true }, [read("a"), read("a"), read("a", "other"), read("a")])).toEqual([]);
});

test("one step more than allowed halts, already when a step asks for it", () => {
  const start = event("step_start", { ...stepStart(0), id: mint("prt", 1) });
  const asks = event("step_finish", { ...stepFinish(0), reason: "tool-calls" });
  const ends = event("step_finish", stepFinish(0));
  expect(halts({ maxSteps: 2 }, [start, asks, start, ends])).toEqual([]);
  expect(halts({ maxSteps: 2 }, [start, asks, start, asks])).toEqual([
    { by: "limit", of: "steps", allowed: 2, reached: 2 },
  ]);
});

test("tokens and cost are checked with every progress", () => {
  const found: Halt[] = [];
  const tokens = { input: 50, output: 20, reasoning: 10, cacheRead: 15, cacheWrite: 5 };
  const watch = runWatch({ maxTokens: 100 }, (reason) => found.push(reason));
  watch.onProgress({ ...initialProgress, tokens });
  expect(found).toEqual([]);
  watch.onProgress({ ...initialProgress, tokens: { ...tokens, cacheRead: 16 } });
  watch.onProgress({ ...initialProgress, tokens: { ...tokens, cacheRead: 17 } });
  expect(found).toEqual([{ by: "limit", of: "tokens", allowed: 100, reached: 101 }]);

  const spent: Halt[] = [];
  const purse = runWatch({ maxCost: 0.5 }, (reason) => spent.push(reason));
  purse.onProgress({ ...initialProgress, cost: 0.5 });
  purse.onProgress({ ...initialProgress, cost: 0.51 });
  expect(spent).toEqual([{ by: "limit", of: "cost", allowed: 0.5, reached: 0.51 }]);
});

test("requests that fail again and again end a run that goes on after the last attempt it may make", () => {
  const found: Halt[] = [];
  const watch = runWatch({ maxAttempts: 3 }, (reason) => found.push(reason));
  const failed = (since: number) =>
    watch.onProgress({ ...initialProgress, phase: { kind: "retrying", since, reason: "Overloaded" } });
  const asks = (since: number) => watch.onProgress({ ...initialProgress, phase: { kind: "waiting-for-model", since } });
  failed(10);
  // The same failure, told once more.
  failed(10);
  asks(20);
  failed(30);
  watch.onEvent(event("text", text(0, 1, "An answer.")));
  for (const at of [40, 50]) {
    failed(at);
    asks(at + 5);
  }
  failed(60);
  expect(found).toEqual([]);
  asks(65);
  failed(70);
  expect(found).toEqual([{ by: "retries", attempts: 3 }]);
});

test("steps whose requests all fail leave no event: the log's count of iterations ends them too", () => {
  const found: Halt[] = [];
  const watch = runWatch({ maxSteps: 2 }, (reason) => found.push(reason));
  for (const step of [null, 0, 1, 2]) watch.onProgress({ ...initialProgress, step });
  // One more iteration begins, and ends at once, when a turn is over.
  expect(found).toEqual([]);
  watch.onProgress({ ...initialProgress, step: 3 });
  expect(found).toEqual([{ by: "limit", of: "steps", allowed: 2, reached: 3 }]);
});

test("the first reason counts, whatever else is reached afterwards", () => {
  const found: Halt[] = [];
  const watch = runWatch({ maxCost: 1, maxTokens: 1, haltOnDoomLoop: 2 }, (reason) => found.push(reason));
  watch.onEvent(read("a"));
  watch.onEvent(read("a"));
  watch.onProgress({ ...initialProgress, cost: 9, tokens: { ...initialProgress.tokens, input: 9 } });
  watch.onEvent(read("a"));
  expect(found).toMatchObject([{ by: "doom-loop", tool: "read", count: 2 }]);
});

test("a doom loop of failing calls says what they failed with", () => {
  const failing = event(
    "tool_use",
    tool(0, 1, 2, {
      tool: "read",
      state: {
        status: "error",
        input: { filePath: "x" },
        error: "File not found",
        time: { start: T0, end: T0 },
      },
    }),
  );
  expect(halts({ haltOnDoomLoop: true }, [failing, failing, failing])).toEqual([
    { by: "doom-loop", tool: "read", arguments: { filePath: "x" }, count: 3, lastError: "File not found" },
  ]);
});

test("without limits only requests in vain end a run: the sixth, when opencode goes on after it", () => {
  const found: Halt[] = [];
  const watch = runWatch({}, (reason) => found.push(reason));
  watch.onProgress({
    ...initialProgress,
    step: 500,
    cost: 1e6,
    tokens: { ...initialProgress.tokens, input: 1e9 },
  });
  for (let since = 10; since <= 60; since += 10) {
    watch.onProgress({ ...initialProgress, phase: { kind: "retrying", since, reason: "Overloaded" } });
  }
  expect(found).toEqual([]);
  watch.onProgress({ ...initialProgress, phase: { kind: "waiting-for-model", since: 65 } });
  expect(found).toEqual([{ by: "retries", attempts: 6 }]);
});

/** A step that answers without a tool. */
const says = (said: string, finish = "unknown"): readonly RunEvent[] => [
  event("step_start", stepStart(0)),
  ...(said === "" ? [] : [event("text", text(0, 1, said))]),
  event("step_finish", { ...stepFinish(1), reason: finish }),
];
const begins = event("step_start", stepStart(9));
const overflow: RunEvent = {
  type: "error",
  timestamp: T0,
  error: { name: "ContextOverflowError", data: { message: "too long" } },
};
const goOn = event("text", { ...text(0, 1, "Continue."), synthetic: true });
const summed = [...says("So far: nothing.", "stop"), goOn];

test.each([
  ["empty answers", [...says(""), ...says(""), ...says("")], { text: "", finish: "unknown" }],
  ["empty answers, whatever their finish", [...says(""), ...says("", "tool-calls"), ...says("")], { text: "" }],
  ["the same answer", [...says("Hm."), ...says("Hm."), ...says("Hm.")], { text: "Hm.", finish: "unknown" }],
  [
    "the same answer, whatever its finish and the space around it",
    [...says("Hm."), ...says("Hm. ", "stop"), ...says("Hm.")],
    { text: "Hm." },
  ],
  [
    "empty answers between the same ones",
    [...says("Hm."), ...says(""), ...says("Hm."), ...says(""), ...says("Hm.")],
    { text: "Hm." },
  ],
  [
    "the same answer after each compaction",
    [...says("Done.", "stop"), ...summed, ...says("Done.", "stop"), ...summed, ...says("Done.", "stop")],
    { text: "Done.", finish: "stop" },
  ],
])("%s three times halt when the run goes on after them", (_, events, answer) => {
  expect(halts({ haltOnDoomLoop: true }, events)).toEqual([]);
  expect(halts({ haltOnDoomLoop: true }, [...events, begins])).toMatchObject([
    { by: "doom-loop", tool: null, answer, count: 3 },
  ]);
  expect(halts({ haltOnDoomLoop: 4 }, [...events, begins])).toEqual([]);
  expect(halts({}, [...events, begins])).toEqual([]);
});

test("other answers, and tools that get on, begin anew", () => {
  const tries = [
    [...says("One"), ...says("Two"), ...says("Three")],
    [...says(""), ...says(""), ...says("Hm."), ...says("")],
    [...says(""), ...says(""), begins, read("a"), ...says("")],
    [...says(""), begins, read("a"), ...says(""), begins, read("b"), ...says("")],
  ];
  for (const events of tries) expect(halts({ haltOnDoomLoop: true }, [...events, begins])).toEqual([]);
});

test("requests that are too large halt when the third is followed by one more compaction", () => {
  const rounds = [overflow, ...summed, overflow, ...summed, overflow];
  expect(halts({ haltOnDoomLoop: true }, rounds)).toEqual([]);
  expect(halts({ haltOnDoomLoop: true }, [...rounds, begins])).toEqual([
    { by: "doom-loop", tool: null, count: 3, lastError: "too long" },
  ]);
  const gotOn = [overflow, ...summed, ...says("Fine."), overflow, ...summed, ...says("Fine, too."), overflow];
  expect(halts({ haltOnDoomLoop: true }, [...gotOn, begins])).toEqual([]);
  const worked = [overflow, ...summed, begins, read("a"), overflow, ...summed, begins, read("b"), overflow];
  expect(halts({ haltOnDoomLoop: true }, [...worked, begins])).toEqual([]);
});
