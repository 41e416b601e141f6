import { expect, test } from "vitest";
import type { TaskRunner } from "../../src/batch/run-task.js";
import type { TaskResult } from "../../src/batch/task-result.js";
import { JOB_VERSION, type JobData, NO_RUNS } from "../../src/fleet/job-data.js";
import { outcomeOf } from "../../src/fleet/job-outcome.js";
import type { ProviderPause } from "../../src/fleet/provider-pauses.js";
import { resultSpool } from "../../src/fleet/result-spool.js";
import { MOST_LOST, type TakenJob, workOnJob } from "../../src/fleet/work-on-job.js";
import { fakeClock } from "../support/fake-clock.js";
import { scriptedRunner, temporaryPaths } from "../support/fleet.js";
import { resultOf, someTasks } from "../support/task-results.js";

const [task = expect.unreachable()] = someTasks(1);
const DATA: JobData = {
  version: JOB_VERSION,
  batch: "b",
  task: { ...task, request: { ...task.request, model: "a/m" } },
  policy: { patienceMs: 1_000, requeues: 1, keepGoing: false },
  state: NO_RUNS,
  result: null,
};

async function setUp(run: TaskRunner, held?: ProviderPause) {
  const spool = resultSpool(await temporaryPaths(), "tests");
  const saved: JobData[] = [];
  const asked: string[] = [];
  const controller = new AbortController();
  const context = {
    run,
    spool,
    pauses: {
      pause: async () => undefined,
      of: async (provider: string) => {
        asked.push(provider);
        return held;
      },
    },
    attempts: 3,
    defaultModel: undefined,
    signal: controller.signal,
    clock: fakeClock(),
    onPause: () => undefined,
  };
  const job = (more: Partial<TakenJob> = {}): TakenJob => ({
    id: "b-1",
    data: JSON.parse(JSON.stringify(DATA)),
    timesLost: 0,
    save: async (data) => {
      saved.push(data);
      return true;
    },
    onProgress: () => undefined,
    ...more,
  });
  return { context, spool, saved, asked, job, abort: () => controller.abort() };
}

test("a result is kept on the disk until the queue has it", async () => {
  const { context, spool, job } = await setUp(scriptedRunner());
  let there: TaskResult | undefined;
  const save = async (): Promise<boolean> => {
    there = await spool.get("b-1");
    return true;
  };
  const end = await workOnJob(job({ save }), context);
  expect(end).toEqual({ kind: "finished", result: there });
  expect(there).toMatchObject({ id: "t1", status: "done" });
  expect(await spool.all()).toEqual([]);
});

test("a result of which the queue knows, or this machine, is not worked for again", async () => {
  const run = scriptedRunner();
  const { context, spool, saved, job } = await setUp(run);
  const result = resultOf(task, { text: "From before" });
  const known = { ...DATA, result };
  expect(await workOnJob(job({ data: known }), context)).toEqual({ kind: "finished", result });
  expect(saved).toEqual([]);
  await spool.put("b-1", result);
  expect(await workOnJob(job(), context)).toEqual({ kind: "finished", result });
  expect(saved).toMatchObject([{ result: { text: "From before" } }]);
  expect(run.ran).toEqual([]);
});

test("a result of a job that the queue has lost stays for when it is there again", async () => {
  const { context, spool, job } = await setUp(scriptedRunner());
  await workOnJob(job({ save: async () => false }), context);
  expect(await spool.get("b-1")).toMatchObject({ status: "done" });
});

test("a task that ends its worker again and again fails, with what it has cost", async () => {
  const run = scriptedRunner();
  const { context, job } = await setUp(run);
  expect((await workOnJob(job({ timesLost: MOST_LOST }), context)).kind).toBe("finished");
  expect(run.ran).toHaveLength(1);
  const data = { ...DATA, state: { ...NO_RUNS, earlier: resultOf(task) } };
  const end = await workOnJob(job({ data, timesLost: MOST_LOST + 1 }), context);
  expect(end).toMatchObject({
    kind: "finished",
    result: { status: "failed", error: { code: "unknown" }, totals: { cost: 1 } },
  });
  if (end.kind !== "finished") expect.unreachable();
  expect(end.result.error?.message).toContain("went away 6 times");
  expect(run.ran).toHaveLength(1);
});

test("a provider that is left alone: the task waits, and a refusal does not stop one that goes on", async () => {
  const run = scriptedRunner();
  const limited = await setUp(run, { until: 9e12, code: "rate_limit" });
  expect(await workOnJob(limited.job(), limited.context)).toEqual({ kind: "later", at: 9e12, run: null });
  expect(limited.asked).toEqual(["a"]);
  const going = { ...DATA, policy: { ...DATA.policy, keepGoing: true } };
  expect((await workOnJob(limited.job({ data: going }), limited.context)).kind).toBe("later");
  const refused = await setUp(run, { until: 9e12, code: "billing_error" });
  expect((await workOnJob(refused.job(), refused.context)).kind).toBe("later");
  expect(run.ran).toEqual([]);
  expect((await workOnJob(refused.job({ data: going }), refused.context)).kind).toBe("finished");
});

test("a task that is ended from outside is given back with what it has cost, and no attempt is counted", async () => {
  const run: TaskRunner = async (one) => ({ result: resultOf(one, { text: "half" }), interrupted: true });
  const { context, saved, job, abort } = await setUp(run);
  expect(await workOnJob(job(), context)).toEqual({ kind: "given-back" });
  expect(saved).toMatchObject([
    { result: null, state: { putBacks: 0, retries: {}, earlier: { text: null, totals: { cost: 1 } } } },
  ]);
  abort();
  expect(await workOnJob(job(), context)).toEqual({ kind: "given-back" });
});

test("a runner that throws has failed the task", async () => {
  const { context, saved, job } = await setUp(() => Promise.reject(new Error("The disk is full")));
  expect(await workOnJob(job(), context)).toMatchObject({
    kind: "later",
    run: { error: { code: "unknown" } },
  });
  expect(saved).toMatchObject([{ state: { retries: { unknown: 1 } } }]);
});

test.each([null, "x", { ...DATA, version: 2 }, { ...DATA, task: { id: "t1" } }])(
  "what is no job is none: %#",
  async (data) => {
    const { context, job } = await setUp(scriptedRunner());
    expect(await workOnJob(job({ data }), context)).toMatchObject({
      kind: "unreadable",
      error: { code: "invalid_request", retryable: false },
    });
  },
);

const FINISHED = { data: DATA, returnvalue: null, failedReason: undefined, finishedOn: 5 };

test("what became of a job: its result is this task's, whatever it says", () => {
  const result = resultOf(task, { id: "another", digest: "x", line: 99 });
  const mine = { id: task.id, digest: task.digest, line: task.line };
  expect(outcomeOf(task, { ...FINISHED, data: { ...DATA, result } })).toMatchObject({
    ...mine,
    status: "done",
  });
  expect(outcomeOf(task, { ...FINISHED, data: "?", returnvalue: result })).toMatchObject({
    ...mine,
    status: "done",
  });
});

test.each([
  [
    "the worker's word",
    '{"code":"timeout","message":"Too long","retryable":true,"evidence":"process","limit":"turn"}',
    "timeout",
    "Too long",
  ],
  [
    "the queue's own word",
    "job stalled more than allowable limit",
    "unknown",
    "The queue gave the job up: job stalled",
  ],
  ["damaged JSON", "{broken", "unknown", "The queue gave the job up: {broken"],
  ["nothing", undefined, "unknown", "without a result that can be read"],
])("a job that failed says why: %s", (_, failedReason, code, message) => {
  const data = { ...DATA, state: { ...NO_RUNS, earlier: resultOf(task) } };
  const outcome = outcomeOf(task, { ...FINISHED, data, failedReason });
  expect(outcome).toMatchObject({ status: "failed", error: { code }, totals: { cost: 1 } });
  expect(outcome.error?.message).toContain(message);
});
