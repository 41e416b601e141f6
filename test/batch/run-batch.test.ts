import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BatchEvent } from "../../src/batch/batch-options.js";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { runBatch } from "../../src/batch/run-batch.js";
import type { TaskRunner } from "../../src/batch/run-task.js";
import type { Task } from "../../src/batch/task.js";
import type { TaskResult } from "../../src/batch/task-result.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import { fakeClock } from "../support/fake-clock.js";
import { resultOf, someTasks } from "../support/task-results.js";

const fact = { message: "It failed", retryable: false, evidence: "export" } as const;
const failed = (error: ErrorFacts): Partial<TaskResult> => ({ status: "failed", error });
const limitedUntil = (retryAt: number, providerId?: string): Partial<TaskResult> =>
  failed({
    ...fact,
    code: "rate_limit",
    retryAt,
    retryAtSource: "retry-after",
    retryAtBounded: false,
    ...(providerId === undefined ? {} : { provider: { id: providerId } }),
  });
const TIMEOUT = failed({ ...fact, code: "timeout", limit: "turn" });
const REFUSED = failed({ ...fact, code: "authentication_failed" });

/** Works on nothing: says of each task what it is told to say, the first time, the second time, … */
function scripted(
  replies: Readonly<Record<string, readonly Partial<TaskResult>[]>> = {},
): TaskRunner & { readonly ran: string[]; readonly most: () => number } {
  const ran: string[] = [];
  let [running, most] = [0, 0];
  const run: TaskRunner = async (task, { signal } = {}) => {
    const times = ran.filter((id) => id === task.id).length;
    ran.push(task.id);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    const reply = replies[task.id]?.[times] ?? {};
    const result = resultOf(task, reply);
    return { result, interrupted: result.error !== null && signal?.aborted === true };
  };
  return Object.assign(run, { ran, most: () => most });
}

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "run-batch-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "results.jsonl");
}

async function recordedIds(path: string): Promise<readonly string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line).id);
}

function tasksOf(...requests: object[]): readonly Task[] {
  return parseTasks(requests.map((one) => JSON.stringify(one)).join("\n"), "tasks.jsonl");
}

test("every task has its result, so many at once and no more", async () => {
  const run = scripted({
    t3: [TIMEOUT],
    t5: [{ totals: { ...resultOf(someTasks(1)[0] ?? expect.unreachable()).totals, cost: null } }],
  });
  const path = await temporaryFile();
  const summary = await runBatch(someTasks(9), run, { concurrency: 4, results: path, clock: fakeClock() });
  expect(summary).toMatchObject({
    total: 9,
    skipped: 0,
    done: 8,
    failed: { timeout: 1 },
    notDone: [],
    cost: 8,
    unpriced: 1,
    usage: { input: 90 },
    sessions: 9,
    results: path,
    undelivered: 0,
  });
  expect(run.most()).toBe(4);
  expect((await recordedIds(path)).toSorted()).toEqual(someTasks(9).map(({ id }) => id));
});

test("the same again does what is missing, and what failed when that is wanted", async () => {
  const path = await temporaryFile();
  const first = scripted({ t2: [TIMEOUT] });
  await runBatch(someTasks(3), first, { results: path });
  const second = scripted();
  expect(await runBatch(someTasks(5), second, { results: path })).toMatchObject({
    total: 5,
    skipped: 2,
    skippedFailed: 1,
    done: 2,
    before: { cost: 3, tokens: 30 },
  });
  expect(second.ran).toEqual(["t4", "t5"]);
  const third = scripted();
  expect(await runBatch(someTasks(5), third, { results: path, retryFailed: true })).toMatchObject({
    skipped: 4,
    skippedFailed: 0,
    done: 1,
  });
  expect(third.ran).toEqual(["t2"]);
  const fourth = scripted();
  expect(await runBatch(someTasks(5), fourth, { results: path, retryFailed: true })).toMatchObject({
    skipped: 5,
    done: 0,
  });
  expect(fourth.ran).toEqual([]);
});

describe("rate limits", () => {
  const tasks = tasksOf(
    { id: "a1", prompt: "x", model: "a/m" },
    { id: "a2", prompt: "x", model: "a/m" },
    { id: "b1", prompt: "x", model: "b/m" },
  );

  test("the task is put back until the provider's time, with those of its provider; its runs are one result", async () => {
    const clock = fakeClock();
    const until = clock.now() + 5_000;
    const run = scripted({ a1: [limitedUntil(until)] });
    const events: BatchEvent[] = [];
    const path = await temporaryFile();
    const summary = await runBatch(tasks, run, {
      concurrency: 1,
      clock,
      results: path,
      onEvent: (event) => events.push(event),
    });
    expect(run.ran).toEqual(["a1", "b1", "a1", "a2"]);
    expect(clock.slept).toEqual([5_000]);
    expect(summary).toMatchObject({ done: 3, failed: {}, sessions: 4, cost: 4 });
    expect(events.find(({ kind }) => kind === "put-back")).toMatchObject({
      task: { id: "a1" },
      providers: ["a"],
      until,
    });
    const result = events.find((event) => event.kind === "finished" && event.task.id === "a1");
    expect(result).toMatchObject({
      result: { status: "done", totals: { cost: 2 }, attempts: [{ model: "a/m" }, { model: "a/m" }] },
    });
    // One that is put back is not recorded before it has a result.
    expect(await recordedIds(path)).toEqual(["b1", "a1", "a2"]);
  });

  test("a provider that opencode has chosen is known by what it says", async () => {
    const clock = fakeClock();
    const chosen = tasksOf(
      { id: "c1", prompt: "x" },
      { id: "a1", prompt: "x", model: "a/m" },
      { id: "c2", prompt: "x" },
    );
    const run = scripted({
      c1: [
        {
          ...limitedUntil(clock.now() + 1_000, "a"),
          attempts: [{ model: null, sessionId: null, error: null }],
        },
      ],
    });
    await runBatch(chosen, run, { concurrency: 1, clock });
    expect(run.ran).toEqual(["c1", "c1", "a1", "c2"]);
    expect(clock.slept).toEqual([1_000]);
  });

  test("that of a fallback's provider does not hold back the task's own", async () => {
    const clock = fakeClock();
    const attempts = ["a/m", "b/m"].map((model) => ({ model, sessionId: null, error: null }));
    const run = scripted({ a1: [{ ...limitedUntil(clock.now() + 1_000), attempts }] });
    await runBatch(tasks, run, { concurrency: 1, clock });
    expect(run.ran).toEqual(["a1", "a2", "a1", "b1"]);
  });

  test("tasks that name no model have the default one's provider", async () => {
    const clock = fakeClock();
    const unnamed = tasksOf(
      { id: "u1", prompt: "x" },
      { id: "a1", prompt: "x", model: "a/m" },
      { id: "b1", prompt: "x", model: "b/m" },
    );
    const run = scripted({ u1: [limitedUntil(clock.now() + 1_000)] });
    await runBatch(unnamed, run, { concurrency: 1, clock, defaultModel: "a/other" });
    expect(run.ran).toEqual(["u1", "b1", "u1", "a1"]);
  });
});

describe("what ends it early", () => {
  test("a refused key: the provider's other tasks have no result, and are done at the next start", async () => {
    const tasks = tasksOf(
      { id: "a1", prompt: "x", model: "a/m" },
      { id: "a2", prompt: "x", model: "a/m" },
      { id: "b1", prompt: "x", model: "b/m" },
    );
    const path = await temporaryFile();
    const events: BatchEvent[] = [];
    const summary = await runBatch(tasks, scripted({ a1: [REFUSED] }), {
      concurrency: 1,
      results: path,
      onEvent: (event) => events.push(event),
    });
    expect(summary).toMatchObject({
      done: 1,
      failed: { authentication_failed: 1 },
      notDone: [{ reason: "authentication_failed", provider: "a", tasks: 1 }],
    });
    expect(events).toContainEqual({ kind: "blocked", provider: "a", code: "authentication_failed" });
    const again = scripted();
    await runBatch(tasks, again, { results: path, retryFailed: true });
    expect(again.ran).toEqual(["a1", "a2"]);
  });

  test("a limit, with what earlier starts have spent", async () => {
    const path = await temporaryFile();
    const limits = { maxCost: 2 };
    expect(await runBatch(someTasks(4), scripted(), { concurrency: 1, results: path, limits })).toMatchObject({
      done: 2,
      notDone: [{ reason: "max-cost", provider: null, tasks: 2 }],
    });
    const again = scripted();
    expect(await runBatch(someTasks(4), again, { results: path, limits })).toMatchObject({
      done: 0,
      skipped: 2,
    });
    expect(again.ran).toEqual([]);
    expect(await runBatch(someTasks(4), again, { results: path, limits: { maxCost: 9 } })).toMatchObject({
      done: 2,
    });
  });

  test("a signal: what runs is ended and has no result", async () => {
    const path = await temporaryFile();
    const ending = new AbortController();
    const run = scripted({ t2: [TIMEOUT] });
    const summary = await runBatch(someTasks(4), run, {
      concurrency: 2,
      results: path,
      signal: ending.signal,
      onEvent: (event) => {
        if (event.kind === "started" && event.task.id === "t2") ending.abort();
      },
    });
    // The first one came to its result all the same.
    expect(summary).toMatchObject({
      done: 1,
      failed: {},
      notDone: [{ reason: "interrupted", provider: null, tasks: 3 }],
    });
    expect(await recordedIds(path)).toEqual(["t1"]);
    const nothing = scripted();
    await runBatch(someTasks(4), nothing, { signal: AbortSignal.abort() });
    expect(nothing.ran).toEqual([]);
  });

  test("a signal ends the wait for a rate limit too", async () => {
    const ending = new AbortController();
    const run = scripted({ t1: [limitedUntil(Date.now() + 500_000)] });
    const summary = await runBatch(someTasks(1), run, {
      signal: ending.signal,
      onEvent: ({ kind }) => {
        if (kind === "put-back") setImmediate(() => ending.abort());
      },
    });
    expect(summary.notDone).toEqual([{ reason: "interrupted", provider: null, tasks: 1 }]);
  });

  test("a runner that cannot work: what runs comes to its end, then its error is thrown", async () => {
    const path = await temporaryFile();
    const others = scripted();
    const ran: string[] = [];
    const run: TaskRunner = async (task, hooks) => {
      ran.push(task.id);
      if (task.id === "t2") throw new Error("no opencode");
      return others(task, hooks);
    };
    await expect(runBatch(someTasks(6), run, { concurrency: 3, results: path })).rejects.toThrow("no opencode");
    expect(ran).toEqual(["t1", "t2", "t3"]);
    expect((await recordedIds(path)).toSorted()).toEqual(["t1", "t3"]);
  });

  test("tasks of the same id, and no room for any", async () => {
    const [task] = someTasks(1);
    if (!task) return expect.unreachable();
    await expect(runBatch([task, task], scripted())).rejects.toThrow("same id");
    await expect(runBatch([task], scripted(), { concurrency: 0 })).rejects.toThrow("too few");
  });
});

test("how it stands is told with every event", async () => {
  const told: string[] = [];
  await runBatch(someTasks(2), scripted({ t1: [TIMEOUT] }), {
    concurrency: 1,
    onEvent: ({ kind }, { total, done, running, waiting, cost, failed: failures }) =>
      told.push(`${kind} ${done}+${failures.timeout ?? 0}/${total} ${running} ${waiting} ${cost}`),
  });
  expect(told).toEqual([
    "begun 0+0/2 0 2 null",
    "started 0+0/2 1 1 null",
    "finished 0+1/2 0 1 1",
    "started 0+1/2 1 0 1",
    "finished 1+1/2 0 0 2",
  ]);
});

test("what verify commands said is counted, of tasks that were done before too", async () => {
  const results = await temporaryFile();
  const verify = (passed: boolean): Partial<TaskResult> => ({
    verify: {
      command: "test",
      passed,
      exitCode: passed ? 0 : 1,
      signal: null,
      timedOut: false,
      durationMs: 1,
      output: "",
    },
  });
  const run = scripted({
    t1: [verify(true)],
    t2: [verify(false)],
    t3: [verify(false)],
    t4: [{ ...TIMEOUT, ...verify(true) }, {}],
  });
  const first = await runBatch(someTasks(2), run, { results });
  expect(first.verified).toEqual({ passed: 1, failed: 1 });
  expect((await runBatch(someTasks(4), run, { results })).verified).toEqual({ passed: 2, failed: 2 });
  // One that is done again counts once; of several that failed also a single one can be done again.
  expect((await runBatch(someTasks(4), run, { results, retryFailed: new Set(["t4"]) })).verified).toEqual({
    passed: 1,
    failed: 2,
  });
  expect(run.ran).toEqual(["t1", "t2", "t3", "t4", "t4"]);
  // What did not pass is done again where that is wanted, and its last result counts.
  const better = scripted({ t2: [verify(true)], t3: [verify(false)] });
  expect(await runBatch(someTasks(4), better, { results, retryFailed: true })).toMatchObject({
    ...{ skipped: 2, skippedFailed: 0, done: 2, verified: { passed: 2, failed: 1 } },
  });
  expect(better.ran).toEqual(["t2", "t3"]);
  const third = scripted({});
  await runBatch(someTasks(4), third, { results, retryFailed: true });
  expect(third.ran).toEqual(["t3"]);
});
