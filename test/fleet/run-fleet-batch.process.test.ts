import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { openResults } from "../../src/batch/results.js";
import type { TaskRunner } from "../../src/batch/run-task.js";
import type { Task } from "../../src/batch/task.js";
import type { TaskResult } from "../../src/batch/task-result.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import { OpenCodeNotFoundError } from "../../src/errors/opencode-not-found-error.js";
import type { FleetBatchOptions } from "../../src/fleet/fleet-batch-options.js";
import { NO_RUNS } from "../../src/fleet/job-data.js";
import { jobIdOf } from "../../src/fleet/queue-names.js";
import { resultSpool } from "../../src/fleet/result-spool.js";
import { runFleetBatch } from "../../src/fleet/run-fleet-batch.js";
import { addJobs, taskQueue } from "../../src/fleet/task-queue.js";
import { recordedResults, scriptedRunner, startWorker, temporaryFolder, temporaryPaths } from "../support/fleet.js";
import { patiently } from "../support/patience.js";
import { hasRedis, startRedis, type TestRedis } from "../support/redis.js";
import { sideBySide } from "../support/side-by-side.js";
import { resultOf, someTasks } from "../support/task-results.js";
import { until } from "../support/until.js";

sideBySide();

const fact = { message: "It failed", retryable: false, evidence: "export" } as const;
const failed = (error: ErrorFacts): Partial<TaskResult> => ({ status: "failed", error });
const limitedUntil = (retryAt: number): Partial<TaskResult> =>
  failed({ ...fact, code: "rate_limit", retryAt, retryAtSource: "retry-after", retryAtBounded: false });
const CUT_OFF = failed({ ...fact, code: "max_output_tokens", reason: "output_limit" });
const INVALID = failed({ ...fact, code: "invalid_request" });
const REFUSED = failed({ ...fact, code: "authentication_failed" });

function tasksOf(...requests: object[]): readonly Task[] {
  return parseTasks(requests.map((one) => JSON.stringify(one)).join("\n"), "tasks.jsonl");
}

async function setUp(redis: TestRedis, more: Partial<FleetBatchOptions> = {}) {
  const [link, folder, paths] = [await redis.link(), await temporaryFolder(), await temporaryPaths()];
  const results = join(folder, "results.jsonl");
  const options: FleetBatchOptions = { redis: link, queue: "tests", results, ...more };
  const jobsLeft = async (): Promise<number> => {
    const queue = taskQueue(link.client, "tests");
    const counts = await queue.getJobCounts();
    await queue.close();
    return Object.values(counts).reduce((sum, one) => sum + one, 0);
  };
  return { link, results, paths, options, jobsLeft };
}

describe.skipIf(!hasRedis)("a batch whose tasks are done by workers", { concurrent: true }, () => {
  test.each([
    ["no JSON", "{broken"],
    ["nested without an end", "[".repeat(50_000) + "]".repeat(50_000)],
    [
      "deep where anything may be",
      `{"version":1,"task":{"request":{"metadata":${"[".repeat(9_000)}${"]".repeat(9_000)}}}}`,
    ],
    ["another version's", '{"version":99}'],
  ])("a job whose data are %s fails, and leaves nothing that is at work", async (_, data) => {
    const redis = await startRedis();
    const { link, results, paths, options, jobsLeft } = await setUp(redis);
    const tasks = someTasks(2);
    const queue = taskQueue(link.client, "tests");
    const batch = runFleetBatch(tasks, { ...options, batchId: "b" });
    // Before anybody works on it.
    await until(async () => (await queue.getWaitingCount()) === 2);
    const ids = tasks.map((task) => jobIdOf("b", task));
    const [key = ""] = (await link.client.keys("*")).filter((name) => name.endsWith(`:${ids[0]}`));
    await link.client.hset(key, "data", data);
    startWorker({ redis: await redis.link(), paths, run: scriptedRunner() });
    expect(await batch).toMatchObject({ done: 1, failed: { invalid_request: 1 } });
    const [one] = (await recordedResults(results)).filter(({ status }) => status === "failed");
    expect(one?.error?.message).toContain("The job is none of looptrace's");
    expect(await queue.getActiveCount()).toBe(0);
    await queue.close();
    expect(await jobsLeft()).toBe(0);
  });

  test("each task has one result, and Redis holds nothing of it in the end", async () => {
    const redis = await startRedis();
    const { link, results, paths, options, jobsLeft } = await setUp(redis);
    const run = scriptedRunner({ t3: [INVALID] });
    startWorker({ redis: link, paths, run, concurrency: 3 });
    startWorker({ redis: await redis.link(), paths, run, concurrency: 3 });
    const summary = await runFleetBatch(someTasks(20), options);
    expect(summary).toMatchObject({
      total: 20,
      done: 19,
      failed: { invalid_request: 1 },
      notDone: [],
      cost: 20,
    });
    const recorded = await recordedResults(results);
    expect(recorded.map(({ id }) => id).toSorted()).toEqual(
      someTasks(20)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(recorded.find(({ id }) => id === "t3")?.error).toEqual(INVALID.error);
    expect(run.ran).toHaveLength(20);
    expect(await jobsLeft()).toBe(0);
    // The same again has nothing to do; what failed is done again when that is wanted.
    expect(await runFleetBatch(someTasks(20), options)).toMatchObject({
      skipped: 19,
      skippedFailed: 1,
      done: 0,
    });
    expect(await runFleetBatch(someTasks(20), { ...options, retryFailed: true })).toMatchObject({ done: 1 });
    expect(run.ran).toHaveLength(21);
  });

  test("a batch that ends leaves its jobs, and the next one follows them without doing any twice", async () => {
    const redis = await startRedis();
    const { link, paths, options, results, jobsLeft } = await setUp(redis);
    const controller = new AbortController();
    const first = runFleetBatch(someTasks(5), { ...options, signal: controller.signal });
    await until(async () => (await jobsLeft()) === 5);
    controller.abort();
    expect(await first).toMatchObject({ done: 0, notDone: [{ reason: "interrupted", tasks: 5 }] });
    const run = scriptedRunner();
    const worker = startWorker({ redis: link, paths, run });
    await until(() => worker.events.filter(({ kind }) => kind === "finished").length === 5);
    expect(await runFleetBatch(someTasks(5), options)).toMatchObject({ done: 5 });
    expect(run.ran).toHaveLength(5);
    expect(await recordedResults(results)).toHaveLength(5);
    expect(await jobsLeft()).toBe(0);
  });

  test("a batch that is cancelled takes what nobody has begun out of the queue", async () => {
    const redis = await startRedis();
    const { link, paths, options, jobsLeft } = await setUp(redis);
    const run = scriptedRunner({}, 60_000);
    const worker = startWorker({ redis: link, paths, run, concurrency: 1 });
    const controller = new AbortController();
    const batch = runFleetBatch(someTasks(5), { ...options, signal: controller.signal, cancel: true });
    await until(() => run.ran.length === 1);
    controller.abort();
    await batch;
    expect(await jobsLeft()).toBe(1);
    await worker.stop();
  });

  test("a rate limit holds back the provider for all workers, and the task holds no place", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis);
    // From its first turn on: how long all else takes to start is not counted.
    let retryAt = 0;
    let scripted: TaskRunner | undefined;
    const times = new Map<string, number>();
    const run: TaskRunner = async (task, hooks) => {
      if (!scripted) {
        retryAt = Date.now() + patiently(3_000);
        scripted = scriptedRunner({ a1: [limitedUntil(retryAt)] });
      }
      const done = await scripted(task, hooks);
      times.set(task.id, Date.now());
      return done;
    };
    const tasks = tasksOf(
      { id: "a1", model: "a/m", prompt: "x" },
      { id: "a2", model: "a/m", prompt: "x" },
      { id: "a3", model: "a/m", prompt: "x" },
      { id: "b1", model: "b/m", prompt: "x" },
    );
    const first = startWorker({ redis: link, paths, run, concurrency: 1 });
    const pauses = new Set<string>();
    const batch = runFleetBatch(tasks, {
      ...options,
      onEvent: (_, standing) => {
        for (const { provider } of standing.pauses) pauses.add(provider);
      },
    });
    await until(() => first.events.some(({ kind }) => kind === "paused"));
    startWorker({ redis: await redis.link(), paths, run, concurrency: 1 });
    expect(await batch).toMatchObject({ done: 4, failed: {} });
    expect(times.get("b1")).toBeLessThan(retryAt);
    for (const id of ["a1", "a2", "a3"]) expect(times.get(id)).toBeGreaterThanOrEqual(retryAt);
    expect([...pauses]).toEqual(["a"]);
    const [a1] = (await recordedResults(options.results)).filter(({ id }) => id === "a1");
    expect(a1?.attempts).toHaveLength(2);
    expect(a1?.totals.cost).toBe(2);
  });

  test("a failure that may pass is tried again, but not more often than it may", async () => {
    const redis = await startRedis();
    const { link, paths, options, results } = await setUp(redis);
    const run = scriptedRunner({ t1: [CUT_OFF], t2: [CUT_OFF, CUT_OFF, CUT_OFF] });
    startWorker({ redis: link, paths, run });
    expect(await runFleetBatch(someTasks(2), options)).toMatchObject({
      done: 1,
      failed: { max_output_tokens: 1 },
    });
    expect(run.ran.toSorted()).toEqual(["t1", "t1", "t2", "t2"]);
    expect((await recordedResults(results)).map(({ attempts }) => attempts.length)).toEqual([2, 2]);
  });

  test("after a refused key no more tasks of the provider are begun, unless that is wanted", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis);
    const tasks = tasksOf(
      { id: "a1", model: "a/m", prompt: "x" },
      { id: "a2", model: "a/m", prompt: "x" },
      { id: "b1", model: "b/m", prompt: "x" },
    );
    const run = scriptedRunner({ a1: [REFUSED, REFUSED] });
    startWorker({ redis: link, paths, run, concurrency: 1 });
    expect(await runFleetBatch(tasks, options)).toMatchObject({
      done: 1,
      failed: { authentication_failed: 1 },
      notDone: [{ reason: "authentication_failed", provider: "a", tasks: 1 }],
    });
    expect(run.ran).toEqual(["a1", "b1"]);
    const going = { ...options, keepGoing: true, retryFailed: true };
    expect(await runFleetBatch(tasks, going)).toMatchObject({
      done: 1,
      failed: { authentication_failed: 1 },
    });
    expect(run.ran.slice(2).toSorted()).toEqual(["a1", "a2"]);
  });

  test("at a limit what waits leaves the queue, and what runs comes to its end", async () => {
    const redis = await startRedis();
    const { link, paths, options, jobsLeft } = await setUp(redis, { limits: { maxCost: 2 } });
    const run = scriptedRunner({}, 300);
    startWorker({ redis: link, paths, run, concurrency: 1 });
    const summary = await runFleetBatch(someTasks(8), options);
    expect(summary.done).toBeGreaterThanOrEqual(2);
    expect(summary.notDone).toEqual([{ reason: "max-cost", provider: null, tasks: 8 - summary.done }]);
    expect(run.ran).toHaveLength(summary.done);
    expect(await jobsLeft()).toBe(0);
    expect(await runFleetBatch(someTasks(8), options)).toMatchObject({ done: 0, skipped: summary.done });
  });

  test("a worker that is asked to end gives its tasks back, and another one does them", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis);
    const slow = scriptedRunner({}, 60_000);
    const first = startWorker({ redis: link, paths, run: slow, concurrency: 2 });
    const batch = runFleetBatch(someTasks(3), options);
    await until(() => slow.ran.length === 2);
    await first.stop();
    expect(first.events.filter(({ kind }) => kind === "given-back")).toHaveLength(2);
    const run = scriptedRunner();
    startWorker({ redis: await redis.link(), paths, run, attempts: 1 });
    expect(await batch).toMatchObject({ done: 3, failed: {} });
    expect(run.ran).toHaveLength(3);
  });

  test("a lock that is lost is told once, however often it is tried to renew it", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis);
    const slow = scriptedRunner({}, 60_000);
    // A second one would take the job that is given up, and renew its lock.
    const worker = startWorker({ redis: await redis.link(), paths, run: slow, concurrency: 1, lockMs: 400 });
    const batch = runFleetBatch(someTasks(1), options);
    await until(() => slow.ran.length === 1);
    const [lock = ""] = await link.client.keys("*:lock");
    await link.client.del(lock);
    const told = () => worker.events.filter(({ kind }) => kind === "problem");
    await until(() => told().length > 0);
    const scripts = async (): Promise<number> =>
      Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(await link.client.info("commandstats"))?.[1] ?? 0);
    const before = await scripts();
    // At least every other one is a try to renew it, the others look for stalled jobs.
    await until(async () => (await scripts()) - before >= 12);
    expect(told()).toMatchObject([{ why: expect.stringMatching(/^could not renew lock for job /) }]);
    await worker.stop();
    startWorker({ redis: await redis.link(), paths, run: scriptedRunner(), lockMs: 400 });
    expect(await batch).toMatchObject({ done: 1 });
  });

  test("a worker without opencode ends, and fails no task", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis);
    const none: TaskRunner = () => Promise.reject(new OpenCodeNotFoundError("There is none", []));
    const broken = startWorker({ redis: link, paths, run: none });
    const batch = runFleetBatch(someTasks(3), options);
    await expect(broken.ended).rejects.toThrow(OpenCodeNotFoundError);
    startWorker({ redis: await redis.link(), paths, run: scriptedRunner() });
    expect(await batch).toMatchObject({ done: 3, failed: {} });
  });

  test("a result that is ready while Redis is away arrives when it is back", async () => {
    const redis = await startRedis();
    const { link, paths, options, results } = await setUp(redis);
    const told: string[] = [];
    const workers = await redis.link({ onLost: () => told.push("lost"), onBack: () => told.push("back") });
    let ready = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const ran: string[] = [];
    const run: TaskRunner = async (task) => {
      ran.push(task.id);
      await wait;
      return { result: resultOf(task), interrupted: false };
    };
    startWorker({ redis: workers, paths, run });
    const batch = runFleetBatch(someTasks(2), options);
    await until(() => ran.length === 2);
    await redis.kill();
    await until(() => told.length > 0);
    ready();
    const spool = resultSpool(paths, "tests");
    await until(async () => (await spool.all()).length === 2);
    await redis.start();
    expect(await batch).toMatchObject({ done: 2 });
    expect([ran.length, told]).toEqual([2, ["lost", "back"]]);
    expect(await recordedResults(results)).toHaveLength(2);
    expect(link.client.status).toBe("ready");
  });

  test("a result that is on the disk is not taken again from a job that a killed batch has left", async () => {
    const redis = await startRedis();
    const { link, paths, options, results, jobsLeft } = await setUp(redis, { batchId: "b" });
    const tasks = someTasks(3);
    const [first = expect.unreachable(), second = expect.unreachable()] = tasks;
    const file = await openResults(results, tasks);
    await file.append(resultOf(first));
    await file.append(resultOf(second, INVALID));
    await file.close();
    const queue = taskQueue(link.client, "tests");
    const policy = { patienceMs: 0, requeues: 0, keepGoing: false };
    const job = (task: Task, more: Partial<TaskResult>) => ({
      id: jobIdOf("b", task),
      data: { version: 1 as const, batch: "b", task, policy, state: NO_RUNS, result: resultOf(task, more) },
    });
    await addJobs(queue, [job(first, {}), job(second, INVALID)]);
    const run = scriptedRunner();
    const worker = startWorker({ redis: await redis.link(), paths, run });
    await until(async () => ((await queue.getJobCounts("wait", "active")).wait ?? 0) === 0);
    await until(() => worker.events.filter(({ kind }) => kind === "finished").length === 2);
    expect(run.ran).toEqual([]);
    expect(await runFleetBatch(tasks, { ...options, retryFailed: true })).toMatchObject({
      skipped: 1,
      done: 2,
    });
    expect(run.ran.toSorted()).toEqual(["t2", "t3"]);
    expect((await recordedResults(results)).map(({ id }) => id).toSorted()).toEqual(["t1", "t2", "t2", "t3"]);
    expect(await jobsLeft()).toBe(0);
    await queue.close();
  });

  test("what an ended worker could not hand over, the next one of its machine does", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis, { batchId: "b" });
    const [task = expect.unreachable()] = someTasks(1);
    const spool = resultSpool(paths, "tests");
    await spool.put(jobIdOf("b", task), resultOf(task, { text: "From before" }));
    await spool.put("b-gone", resultOf(task));
    const batch = runFleetBatch([task], options);
    await until(async () => (await link.client.llen("looptrace:tests:wait")) === 1);
    const run = scriptedRunner();
    const worker = startWorker({ redis: await redis.link(), paths, run });
    expect(await batch).toMatchObject({ done: 1 });
    expect(await recordedResults(options.results)).toMatchObject([{ text: "From before" }]);
    expect(run.ran).toEqual([]);
    // That of a job which Redis does not have waits for it.
    expect((await spool.all()).map(({ jobId }) => jobId)).toEqual(["b-gone"]);
    await worker.stop();
  });

  test("a result that Redis has no room for is kept until there is some", async () => {
    const redis = await startRedis();
    const { link, paths, options } = await setUp(redis);
    let full = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      full = resolve;
    });
    const run: TaskRunner = async (task) => {
      await wait;
      return { result: resultOf(task), interrupted: false };
    };
    const worker = startWorker({ redis: await redis.link(), paths, run });
    const batch = runFleetBatch(someTasks(1), options);
    await until(async () => (await link.client.llen("looptrace:tests:active")) === 1);
    // With less than it holds already, Redis refuses what writes.
    await link.client.config("SET", "maxmemory", "1kb");
    full();
    await until(() => worker.events.some(({ kind }) => kind === "problem"));
    await link.client.config("SET", "maxmemory", "0");
    expect(await batch).toMatchObject({ done: 1 });
    // How often it tries until there is room again is a matter of time.
    for (const event of worker.events.filter(({ kind }) => kind === "problem"))
      expect(event).toMatchObject({ why: expect.stringContaining("OOM") });
  });

  test("that nobody is there to do the tasks is told, once", async () => {
    const redis = await startRedis();
    const { paths, options } = await setUp(redis);
    const told: string[] = [];
    const batch = runFleetBatch(someTasks(2), { ...options, onEvent: ({ kind }) => void told.push(kind) });
    await until(() => told.includes("no-workers"));
    startWorker({ redis: await redis.link(), paths, run: scriptedRunner() });
    expect(await batch).toMatchObject({ done: 2 });
    expect(told.filter((kind) => kind === "no-workers")).toHaveLength(1);
  });

  test("jobs that Redis has lost are put there again", async () => {
    const redis = await startRedis();
    const { link, paths, options, jobsLeft } = await setUp(redis);
    const batch = runFleetBatch(someTasks(4), options);
    await until(async () => (await jobsLeft()) === 4);
    await link.client.flushall();
    startWorker({ redis: await redis.link(), paths, run: scriptedRunner() });
    expect(await batch).toMatchObject({ done: 4 });
  });

  test("a job that is none of looptrace's fails with an error that says so", async () => {
    const redis = await startRedis();
    const { link, paths } = await setUp(redis);
    const queue = taskQueue(link.client, "tests");
    const { client } = link;
    const run = scriptedRunner();
    const worker = startWorker({ redis: await redis.link(), paths, run });
    const added = await queue.add("task", JSON.parse('{"version":99}'), { jobId: "foreign-1" });
    await until(() => worker.events.some(({ kind }) => kind === "unreadable"));
    await until(async () => (await added.getState()) === "failed");
    const reason = await client.hget(queue.toKey("foreign-1"), "failedReason");
    expect(JSON.parse(reason ?? "")).toMatchObject({ code: "invalid_request", retryable: false });
    expect(run.ran).toEqual([]);
    await queue.close();
  });
});
