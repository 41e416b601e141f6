import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BatchEvent } from "../../src/batch/batch-options.js";
import type { BatchProgress } from "../../src/batch/batch-summary.js";
import { batchProgress, standingText } from "../../src/cli/batch-progress.js";
import { eventText, summaryLines, taskText } from "../../src/cli/batch-text.js";
import type { Terminal } from "../../src/cli/terminal.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import { folded } from "../../src/terminal/labelled-line.js";
import { columnsOf } from "../../src/text/columns.js";
import { resultOf, someTasks } from "../support/task-results.js";

const HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202Eevil\r\nsecond line";
const [first, second] = someTasks(2);
if (!first || !second) throw new Error("there are two tasks");

const START = 1_700_000_000_000;
const standing: BatchProgress = {
  total: 40,
  skipped: 4,
  skippedFailed: 0,
  done: 8,
  failed: { timeout: 1, rate_limit: 3 },
  running: 4,
  waiting: 20,
  usage: { input: 1_000, output: 200, reasoning: 0, cacheRead: 0, cacheWrite: 34 },
  cost: 0.5,
  pauses: [],
  startedAt: START,
};

const failure: ErrorFacts = {
  code: "timeout",
  message: HOSTILE,
  retryable: true,
  evidence: "process",
  limit: "turn",
};
const finished: BatchEvent = { kind: "finished", task: first, result: resultOf(first) };
const failed: BatchEvent = {
  kind: "finished",
  task: second,
  result: resultOf(second, { status: "failed", error: failure }),
};

function terminal(isTty: boolean): Terminal & { written: string; columns: number } {
  return {
    written: "",
    columns: 80,
    env: {},
    cwd: "/",
    out: () => expect.unreachable(),
    err(text: string) {
      this.written += text;
    },
    readStdin: async () => "",
    outIsTty: isTty,
    errIsTty: isTty,
    width: 80,
    errHeight: 24,
    get errWidth() {
      return this.columns;
    },
  };
}

/** What a terminal shows after all that was written to it, its lines. */
function screen(written: string): readonly string[] {
  const rows = [""];
  for (const [token] of written.matchAll(/\x1b\[(\d*)([A-Z])|[^\x1b]/gs)) {
    const row = rows.length - 1;
    if (token === "\n") rows.push("");
    else if (token.endsWith("A") && token.length > 1) rows.splice(rows.length - Number(token.slice(2, -1)));
    else if (token === "\x1b[2K" || token === "\x1b[J") rows[row] = "";
    else if (token !== "\r") rows[row] += token;
  }
  return rows;
}

beforeEach(() => {
  vi.useFakeTimers({ now: START + 60_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("on a terminal", () => {
  test("one line that fits, painted ten times a second at most, gone in the end", () => {
    const shown = terminal(true);
    const progress = batchProgress(shown);
    let paints = 0;
    for (let ms = 0; ms < 1_000; ms += 5) {
      const before = shown.written.length;
      progress.tell(finished, { ...standing, done: ms % 20 });
      if (shown.written.length > before) paints += 1;
      vi.advanceTimersByTime(5);
    }
    expect(paints).toBeGreaterThan(3);
    expect(paints).toBeLessThanOrEqual(10);
    const [line = "", ...others] = screen(shown.written);
    expect(others).toEqual([]);
    expect(columnsOf(line)).toBeLessThan(80);
    progress.stop();
    expect(screen(shown.written)).toEqual([""]);
    const after = shown.written;
    vi.advanceTimersByTime(5_000);
    expect(shown.written).toBe(after);
  });

  test("a failed task stays, above the line; its clock goes on by itself", () => {
    const shown = terminal(true);
    const progress = batchProgress(shown);
    progress.tell({ kind: "begun" }, standing);
    progress.tell(failed, standing);
    vi.advanceTimersByTime(10_000);
    const rows = screen(shown.written);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^\[16\/40\] failed t2: timeout: /);
    expect(rows[1]).toContain("1m10s");
    progress.stop();
  });

  test("a terminal that becomes narrower is cleared of all rows that the line has become", () => {
    const shown = terminal(true);
    const progress = batchProgress(shown);
    progress.tell({ kind: "begun" }, standing);
    shown.written = "";
    shown.columns = 30;
    vi.advanceTimersByTime(300);
    expect(shown.written.startsWith("\x1b[2A\r\x1b[J")).toBe(true);
    expect(columnsOf(screen(shown.written).at(-1) ?? "")).toBeLessThan(30);
    progress.stop();
  });
});

test("elsewhere a line for each finished task, and one for each wait", () => {
  const shown = terminal(false);
  const progress = batchProgress(shown);
  const wait: BatchEvent = { kind: "put-back", task: first, providers: ["a"], until: Date.now() + 30_000 };
  progress.tell({ kind: "begun" }, standing);
  progress.tell({ kind: "started", task: first }, standing);
  progress.tell(finished, standing);
  progress.tell(wait, standing);
  progress.tell({ ...wait, task: second }, standing);
  vi.advanceTimersByTime(10_000);
  progress.stop();
  expect(shown.written.split("\n")).toEqual([
    "[16/40] completed t1 (1.00s, 10 tokens, $1.0000): Done.",
    "t1: rate_limit: a is left alone for 30.0s; then it is tried again",
    "",
  ]);
});

describe("what the line says", () => {
  test("how it stands, what it took, and how long it will go on", () => {
    expect(standingText(standing, START + 60_000, 120)).toBe(
      "████████░░░░░░░░░░░░ 16/40 · 4 running · 4 failed (rate_limit 3, timeout 1) · 1m00s · about 2m00s left · 1,234 tokens · $0.5000",
    );
    const waiting = {
      ...standing,
      failed: {},
      pauses: [
        { provider: "a", until: START + 90_000 },
        { provider: "", until: START },
      ],
    };
    expect(standingText(waiting, START + 60_000, 50)).toBe(
      "12/40 · 4 running · a waits 30s · 1m00s · about 3m30s left · 1,234 tokens · $0.5000",
    );
    const begun = {
      ...standing,
      done: 0,
      failed: {},
      skipped: 0,
      cost: null,
      usage: { ...standing.usage, input: 0, output: 0, cacheWrite: 0 },
    };
    expect(standingText(begun, START, 0)).toBe("0/40 · 4 running · 0s");
  });

  test("no task can steer the terminal or take more than its line", () => {
    const result = resultOf({ ...first, id: HOSTILE.repeat(50) }, { text: HOSTILE.repeat(1_000) });
    const task = { ...first, id: HOSTILE.repeat(50) };
    const texts = [
      taskText(result),
      taskText({ ...result, status: "failed", error: { ...failure, message: HOSTILE.repeat(100) } }),
      eventText({ kind: "put-back", task, providers: [HOSTILE], until: START }, START) ?? "",
      eventText({ kind: "blocked", provider: HOSTILE, code: "billing_error" }, START) ?? "",
      standingText({ ...standing, pauses: [{ provider: HOSTILE, until: START + 1 }] }, START, 120),
    ];
    for (const text of texts) {
      expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
      expect(columnsOf(text)).toBeLessThan(400);
    }
  });
});

test("the summary fits, whatever its width, and says what to do", () => {
  const summary = {
    ...standing,
    skippedFailed: 2,
    notDone: [
      { reason: "interrupted", provider: null, tasks: 3 },
      { reason: "billing_error", provider: HOSTILE, tasks: 2 },
      { reason: "max-duration", provider: null, tasks: 1 },
    ] as const,
    changed: 1,
    damaged: 0,
    verified: { passed: 7, failed: 1 },
    unpriced: 2,
    before: { cost: 3, tokens: 5_000 },
    sessions: 13,
    sessionsPerMinute: 12.34,
    endedAt: START + 61_000,
    results: "/home/dev/tasks.results.jsonl",
    undelivered: 1,
    delivery: [{ destination: "Langfuse", acknowledged: 30, pending: 3, unsaved: 0, rejected: 0, lastError: HOSTILE }],
  };
  const lines = summaryLines(summary);
  expect(lines.flatMap((line) => folded(line, 100))).toEqual([
    "done     12 of 40 tasks (4 of them before)",
    "failed   4 (rate_limit 3, timeout 1)",
    "failed   2 before; --retry-failed does them again",
    "verified 7 of 8",
    "left     3 tasks not done: interrupted, or not started yet",
    "left     2 tasks not done: evil second line refused: billing_error",
    "left     1 task not done: --max-duration is over",
    "note     1 task asked for something else when the results were recorded; another file (-o) does them",
    "         anew",
    "tokens   1,234 = in 1,034 (cached 0) + out 200 + think 0",
    "cost     $0.5000 without 2 runs of unknown price ($3.0000 and 5,000 tokens at earlier starts)",
    "time     1m01s, 13 sessions, 12.3 a minute",
    "results  /home/dev/tasks.results.jsonl",
    "traces   Langfuse: 30 spans delivered, 3 not yet: evil second line",
  ]);
  for (const width of [20, 40, 80])
    for (const text of lines.flatMap((line) => folded(line, width))) expect(columnsOf(text)).toBeLessThanOrEqual(width);
});
