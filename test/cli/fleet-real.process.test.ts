import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fleetScenario, MODULES, promptOf } from "../../examples/fleet/scenario.js";
import { cliEnvironment, startLooptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { recordedResults, temporaryFolder } from "../support/fleet.js";
import { startReceiver } from "../support/receiver.js";
import { hasRedis, startRedis } from "../support/redis.js";
import { until } from "../support/until.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

/** Two for each worker, and one that waits. */
const TASKS = MODULES.slice(0, 5);

test.skipIf(!hasRedis)("the real opencode in two workers, one of which is killed", async () => {
  const [redis, receiver, bench] = [
    await startRedis(),
    await startReceiver(),
    await warmOpenCode(fleetScenario({ delayMs: 20, firstChunkMs: 100, chunkMs: 20 })),
  ];
  onTestFinished(async () => {
    await bench.remove();
    await receiver.close();
  });
  const cwd = await temporaryFolder();
  const tasks = TASKS.map(({ name }) => JSON.stringify({ id: name, prompt: promptOf(name) }));
  await writeFile(join(cwd, "tasks.jsonl"), tasks.join("\n"));
  const around = { cwd, env: cliEnvironment(bench, receiver) };
  const startWorker = () => {
    const worker = ["worker", "--redis", redis.url, "-n", "2", "--lock", "1s", "--dir", bench.workdir];
    const program = startLooptrace(worker, around);
    const { child, ended } = program;
    let said = "";
    child.stderr?.on("data", (text: string) => {
      said += text;
    });
    onTestFinished(async () => {
      child.kill("SIGTERM");
      await ended;
    });
    return { ...program, said: () => said };
  };
  const first = startWorker();
  const batch = startLooptrace(["batch", "tasks.jsonl", "--redis", redis.url, "--json"], around);
  await until(() => first.said().includes("began"), first);
  const second = startWorker();
  // The model has been asked: it is in the middle of a turn.
  await until(() => bench.provider.requests.length > 0, batch);
  first.child.kill("SIGKILL");
  const { code, stdout, stderr } = await batch.ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining("[5/5]")]);
  expect(JSON.parse(stdout)).toMatchObject({ done: TASKS.length, failed: {}, undelivered: 0 });
  const results = await recordedResults(join(cwd, "tasks.results.jsonl"));
  expect(results.map(({ id }) => id).toSorted()).toEqual(TASKS.map(({ name }) => name).toSorted());
  // On a machine that is very busy the first one is late itself, and notices that it is.
  expect(first.said() + second.said()).toContain("its worker went away");
  const sent = new Set(receiver.spans().map(({ traceId }) => traceId));
  for (const { traceIds } of results) expect(traceIds.every((id) => sent.has(id))).toBe(true);
  expect(violationsOf(receiver)).toEqual([]);
});
