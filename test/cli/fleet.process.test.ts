import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { taskResultSchema } from "../../src/batch/task-result.js";
import { type CliProcess, type CliSurroundings, langfuseVariables, looptrace, startLooptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { recordedResults } from "../support/fleet.js";
import { batchJson } from "../support/json-shapes.js";
import { patiently } from "../support/patience.js";
import { startReceiver } from "../support/receiver.js";
import { hasRedis, startRedis } from "../support/redis.js";
import { onTestFinished, sideBySide } from "../support/side-by-side.js";
import { apiError, type Directions, type TalkingOpenCode, talkingOpenCode } from "../support/talking-opencode.js";
import { until } from "../support/until.js";

allowColdStarts();
sideBySide();

function prompt(directions: Directions): string {
  return JSON.stringify(directions);
}

async function writeTasks({ cwd }: TalkingOpenCode, ...tasks: readonly unknown[]): Promise<void> {
  await writeFile(join(cwd, "tasks.jsonl"), tasks.map((task) => JSON.stringify(task)).join("\n"));
}

interface RunningWorker extends CliProcess {
  /** What it has said so far. */
  said(): string;
}

/** A worker of its own process that waits for tasks; ended with the test. */
async function startWorker(
  redis: string,
  around: CliSurroundings,
  ...flags: readonly string[]
): Promise<RunningWorker> {
  const started = startLooptrace(["worker", "--redis", redis, "--driver", "cli", ...flags], around);
  let text = "";
  started.child.stderr?.on("data", (chunk: string) => {
    text += chunk;
  });
  onTestFinished(async () => {
    started.child.kill("SIGKILL");
    await started.ended;
  });
  if (!flags.includes("--quiet"))
    await until(() => text.includes("waiting for tasks") || started.child.exitCode !== null);
  return { ...started, said: () => text };
}

function resultsOf({ cwd }: TalkingOpenCode) {
  return recordedResults(join(cwd, "tasks.results.jsonl"));
}

describe.skipIf(!hasRedis)("looptrace worker and batch --redis", { concurrent: true }, () => {
  test("the runs of an experiment are done by a worker, each in a worktree of its own there", async () => {
    const [redis, opencode] = [await startRedis(), await talkingOpenCode()];
    const git = (...args: readonly string[]) =>
      execa("git", ["-c", "user.name=E", "-c", "user.email=e@example.com", ...args], { cwd: opencode.cwd });
    await git("init", "--quiet");
    await git("commit", "--quiet", "--allow-empty", "--message=Begin");
    await writeFile(join(opencode.cwd, "cases.jsonl"), '{"id":"c","prompt":"Hello"}');
    await startWorker(redis.url, opencode, "--dir", opencode.cwd);
    const arms = ["--arm", "base:model=scripted/m1", "--arm", "new:model=scripted/m2", "--runs", "1"];
    const flags = [...arms, "--verify", "pwd -P", "--redis", redis.url, "--json"];
    const { code, stdout, stderr } = await looptrace(["experiment", "cases.jsonl", ...flags], opencode);
    expect(JSON.parse(stdout), stderr).toMatchObject({
      batch: { done: 2, verified: { passed: 2 } },
      arms: [{ counted: 1 }, { counted: 1 }],
    });
    expect(code).toBe(0);
    const results = await recordedResults(join(opencode.cwd, "cases.experiment.jsonl"));
    for (const { verify } of results) expect(verify?.output).toContain("worktrees");
  });

  test("tasks are done elsewhere, with what the batch says for all, and their traces sent from there", async () => {
    const [redis, opencode, receiver] = [await startRedis(), await talkingOpenCode(), await startReceiver()];
    onTestFinished(() => receiver.close());
    const elsewhere = join(opencode.cwd, "elsewhere");
    await mkdir(join(elsewhere, "below"), { recursive: true });
    const around = { cwd: elsewhere, env: { ...opencode.env, ...langfuseVariables(receiver.url) } };
    const worker = await startWorker(redis.url, around, "--json", "--model", "w/m");
    await writeTasks(
      opencode,
      { id: "one", prompt: "1", directory: "below", tags: ["t"] },
      { id: "two", prompt: "2", model: "p/m" },
      { id: "three", prompt: prompt({ error: apiError(400, "No such parameter") }) },
    );
    const batch = ["batch", "tasks.jsonl", "--redis", redis.url, "--tag", "fleet", "--batch-id", "night-1"];
    const { code, stdout, stderr } = await looptrace([...batch, "--json"], opencode);
    expect(code).toBe(1);
    const summary = batchJson.parse(JSON.parse(stdout));
    expect(summary).toMatchObject({ total: 3, done: 2, failed: { invalid_request: 1 }, undelivered: 0 });
    expect(summary.delivery).toMatchObject([{ pending: 0, rejected: 0 }]);
    expect(stderr).toMatch(/^\[1\/3\] .*\n\[2\/3\] .*\n\[3\/3\] .*\n$/);
    const results = await resultsOf(opencode);
    expect(results.find(({ id }) => id === "one")?.attempts[0]?.model).toBe("w/m");
    expect(results.find(({ id }) => id === "two")?.attempts[0]?.model).toBe("p/m");
    expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(3);
    const sent = JSON.stringify(receiver.spans());
    for (const said of ["night-1", "fleet", "elsewhere/below"]) expect(sent).toContain(said);

    worker.child.kill("SIGTERM");
    const ended = await worker.ended;
    expect([ended.code, ended.signal]).toEqual([0, null]);
    const lines = ended.stdout.split("\n").filter(Boolean);
    const shape = z.strictObject({ job: z.string(), ...taskResultSchema.unwrap().shape });
    expect(lines.map((line) => shape.parse(JSON.parse(line)).id).toSorted()).toEqual(["one", "three", "two"]);
    expect(ended.stderr).toContain("looptrace: stopping; what runs is given back to the queue.");
  });

  test("SIGTERM gives what runs back, and another worker does it; Ctrl-C at the batch loses nothing", async () => {
    const [redis, opencode] = [await startRedis(), await talkingOpenCode()];
    await writeTasks(opencode, { id: "slow", prompt: prompt({ name: "slow", until: "told" }) }, "quick");
    const first = await startWorker(redis.url, opencode, "-n", "1", "--attempts", "1");
    const batch = startLooptrace(["batch", "tasks.jsonl", "--redis", redis.url], opencode);
    await until(async () => (await opencode.runs()).length >= 1);
    first.child.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
    expect(first.said()).toMatch(/gave \S+ back to the queue/);
    batch.child.kill("SIGINT");
    const interrupted = await batch.ended;
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toContain("the tasks stay in the queue, and the same command fetches their results");
    expect(interrupted.stdout).toContain("left     2 tasks not done: interrupted");

    await writeFile(join(opencode.cwd, "told"), "");
    await startWorker(redis.url, opencode, "--attempts", "1");
    const again = await looptrace(["batch", "tasks.jsonl", "--redis", redis.url], opencode);
    expect(again.code).toBe(0);
    const results = await resultsOf(opencode);
    expect(results.map(({ status }) => status)).toEqual(["done", "done"]);
    // The run that was ended has its place in the result, too.
    expect(results.find(({ id }) => id === "slow")?.attempts.map(({ error }) => error?.code ?? null)).toEqual([
      "aborted",
      null,
    ]);
    expect(await opencode.runs()).toHaveLength(3);
  });

  test("a worker that is asked to end while Redis is away ends all the same, and its task is done", async () => {
    const [redis, opencode] = [await startRedis(), await talkingOpenCode()];
    // It must not be over before Redis goes away, however long all else takes to start.
    await writeTasks(opencode, { id: "slow", prompt: prompt({ name: "slow", until: "told" }) });
    const worker = await startWorker(redis.url, opencode, "--lock", "1s");
    const batch = looptrace(["batch", "tasks.jsonl", "--redis", redis.url], opencode);
    await until(async () => (await opencode.runs()).length >= 1);
    const other = ["batch", "tasks.jsonl", "--redis", redis.url, "--queue", "other", "-o", "other.jsonl"];
    const idle = await startWorker(redis.url, opencode, "--queue", "other-one");
    const waiting = startLooptrace(other, opencode);
    const link = await redis.link();
    await until(async () => (await link.client.llen("looptrace:other:wait")) === 1);
    // On a busy machine a lock of a second may be lost before that, which is told of the queue.
    const before = new Map([worker, idle].map((one) => [one, one.said().length]));
    await redis.kill();
    await until(() => worker.said().includes("is away") && idle.said().includes("is away"));
    for (const { child } of [worker, idle]) child.kill("SIGTERM");
    waiting.child.kill("SIGINT");
    for (const one of [worker, idle]) {
      const { code, signal } = await one.ended;
      expect([code, signal]).toEqual([0, null]);
      // Once, and nothing of what each part of the queue says to it.
      const since = one.said().slice(before.get(one));
      expect(since.match(/the Redis at .* is away|the queue:/g)).toHaveLength(1);
    }
    expect((await waiting.ended).code).toBe(130);
    await redis.start();
    await writeFile(join(opencode.cwd, "told"), "");
    await startWorker(redis.url, opencode, "--lock", "1s");
    const { code, stderr } = await batch;
    expect(code).toBe(0);
    expect(stderr.match(/is away/g)).toHaveLength(1);
    expect(stderr.match(/is back/g)).toHaveLength(1);
    expect(await resultsOf(opencode)).toHaveLength(1);
  });

  test("workers and Redis are killed at any moment: each task ends once in the results", async () => {
    const [redis, opencode] = [await startRedis(), await talkingOpenCode()];
    const names = Array.from({ length: 14 }, (_, index) => `t${index}`);
    await writeTasks(opencode, ...names.map((name) => ({ id: name, prompt: prompt({ name, waitMs: 400 }) })));
    const spawnWorker = () => startWorker(redis.url, opencode, "-n", "2", "--lock", "1s", "--attempts", "9");
    const workers = [await spawnWorker(), await spawnWorker()];
    // A batch that finds no Redis when it starts says so and ends: it has to have got that far.
    const startBatch = async () => {
      const started = startLooptrace(["batch", "tasks.jsonl", "--redis", redis.url], opencode);
      const { stderr } = started.child;
      await Promise.race([...(stderr ? [once(stderr, "data")] : []), started.ended]);
      return started;
    };
    let batch = await startBatch();
    // ms; the same in every run, and none like another.
    const moments = [700, 250, 1_200, 900, 400, 1_350, 550];
    const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, moments.shift() ?? 200));
    for (const what of ["worker", "redis", "batch", "worker", "redis"]) {
      await moment();
      if (what === "worker") {
        const victim = workers.shift();
        victim?.child.kill("SIGKILL");
        workers.push(await spawnWorker());
      } else if (what === "redis") {
        await redis.kill();
        await moment();
        await redis.start();
      } else {
        batch.child.kill("SIGKILL");
        await batch.ended;
        batch = await startBatch();
      }
    }
    const { code, stderr } = await batch.ended;
    expect([code, stderr.includes("should not happen")]).toEqual([0, false]);
    const results = await resultsOf(opencode);
    expect(results.map(({ id }) => id).toSorted()).toEqual(names.toSorted());
    expect(results.every(({ status }) => status === "done")).toBe(true);
    const link = await redis.link();
    const keys = await link.client.keys("*");
    expect(keys.filter((key) => /:[0-9a-f]{24}-/.test(key))).toEqual([]);
  });

  test("a task that kills its worker each time fails in the end, with an error that says so", async () => {
    const [redis, opencode] = [await startRedis(), await talkingOpenCode()];
    await writeTasks(
      opencode,
      { id: "deadly", prompt: prompt({ name: "deadly", waitMs: patiently(60_000) }) },
      "harmless",
    );
    const batch = looptrace(["batch", "tasks.jsonl", "--redis", redis.url], opencode);
    // One that is only slow must not lose its task: two would have it then.
    const lock = `${patiently(3)}s`;
    const standBy = Array.from({ length: 7 }, () => startWorker(redis.url, opencode, "--lock", lock, "-n", "1"));
    let workers = await Promise.all(standBy);
    const runs = () => opencode.runs().then((all) => all.filter((one) => one.includes("deadly")).length);
    for (let deaths = 1; deaths <= 6; deaths += 1) {
      await until(async () => (await runs()) >= deaths);
      const hasIt = (worker: RunningWorker): boolean => worker.said().includes("began deadly");
      await until(() => workers.some(hasIt));
      const victims = workers.filter(hasIt);
      expect(victims).toHaveLength(1);
      workers = workers.filter((worker) => !hasIt(worker));
      victims[0]?.child.kill("SIGKILL");
      await victims[0]?.ended;
    }
    const { code, stdout } = await batch;
    expect(code).toBe(1);
    expect(stdout).toContain("failed   1 (unknown 1)");
    const deadly = (await resultsOf(opencode)).find(({ id }) => id === "deadly");
    expect(deadly?.error).toMatchObject({
      code: "unknown",
      message: expect.stringContaining("went away 6 times"),
    });
  });

  test("a second signal quits at once", async () => {
    const [redis, opencode] = [await startRedis(), await talkingOpenCode()];
    await writeTasks(opencode, { id: "slow", prompt: prompt({ name: "slow", waitMs: 30_000 }) });
    const worker = await startWorker(redis.url, opencode);
    const batch = startLooptrace(["batch", "tasks.jsonl", "--redis", redis.url], opencode);
    onTestFinished(() => void batch.child.kill("SIGKILL"));
    await until(async () => (await opencode.runs()).length >= 1);
    await redis.kill();
    worker.child.kill("SIGTERM");
    await until(() => worker.said().includes("stopping"));
    worker.child.kill("SIGTERM");
    expect((await worker.ended).signal).toBe("SIGTERM");
  });

  test("a wrong password, and what only workers can follow, are said before anything starts", async () => {
    const [redis, opencode] = [await startRedis("--requirepass", "open-sesame"), await talkingOpenCode()];
    await writeTasks(opencode, "x");
    const wrong = `redis://:guessed@127.0.0.1:${redis.port}`;
    for (const command of [["worker"], ["batch", "tasks.jsonl"]]) {
      const { code, stdout, stderr } = await looptrace([...command, "--redis", wrong], opencode);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toBe(`looptrace: The Redis at redis://127.0.0.1:${redis.port} does not accept this password.\n`);
    }
    const env = { ...opencode.env, LOOPTRACE_REDIS_PASSWORD: "open-sesame" };
    const worker = await startWorker(redis.url, { ...opencode, env });
    const done = await looptrace(["batch", "tasks.jsonl", "--redis", redis.url], { ...opencode, env });
    expect([done.code, worker.said()]).toEqual([0, expect.not.stringContaining("open-sesame")]);
  });
});

test.each([
  [["worker"], "--redis is missing.\nSay --redis <url>"],
  [["worker", "--redis", "localhost"], "--redis takes the address of a Redis"],
  [["worker", "--redis", "redis://127.0.0.1:1"], "cannot be used: the connection was refused"],
  [["worker", "--redis", "redis://h", "--queue", "a:b"], "--queue takes a name of up to 100 letters"],
  [["worker", "--redis", "redis://h", "--opencode", "not-there"], "cannot be started"],
  [["batch", "tasks.jsonl", "--redis", "redis://127.0.0.1:1"], "cannot be used: the connection was refused"],
  [["batch", "tasks.jsonl", "--redis", "redis://h", "-n", "4"], "--concurrency is for the workers to know"],
  [["batch", "tasks.jsonl", "--redis", "redis://h", "--no-mask"], "--no-mask is for the workers to know"],
  [["batch", "tasks.jsonl", "--redis", "redis://h", "--batch-id", "a b"], "--batch-id takes a name"],
  [["batch", "tasks.jsonl", "--queue", "q"], "--queue is for --redis"],
  [["batch", "tasks.jsonl", "--cancel"], "--cancel is for --redis"],
])("wrong from the start: %j", async (argv, message) => {
  const opencode = await talkingOpenCode();
  await writeTasks(opencode, "x");
  const { code, stdout, stderr } = await looptrace(argv, opencode);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  await expect(readFile(join(opencode.cwd, "tasks.results.jsonl"))).rejects.toThrow("ENOENT");
});
