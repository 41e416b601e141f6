/**
 * Batches on several machines: tasks in a queue of BullMQ, in Redis. Apart from the rest of the library,
 * which needs neither.
 *
 * @example
 * ```ts
 * import { parseTasks } from "looptrace";
 * import { openRedis, redisAddress, runFleetBatch } from "looptrace/fleet";
 *
 * const tasks = parseTasks('"Say what src/main.ts does"', "tasks");
 * const redis = await openRedis(redisAddress("redis://127.0.0.1:6379"));
 * const { done, failed } = await runFleetBatch(tasks, { redis, queue: "looptrace", results: "tasks.results.jsonl" });
 * redis.close();
 * console.log(done, failed);
 * ```
 *
 * @packageDocumentation
 */
export type { FleetBatchOptions } from "./fleet-batch-options.js";
export type { JobData, JobPolicy, JobProgress } from "./job-data.js";
export type { ProviderPause } from "./provider-pauses.js";
export { DEFAULT_QUEUE, jobIdOf, KEY_PREFIX } from "./queue-names.js";
export { type RedisAddress, redisAddress } from "./redis-address.js";
export { openRedis, type RedisLink, type RedisLinkHooks } from "./redis-link.js";
export { runFleetBatch } from "./run-fleet-batch.js";
export { type FleetWorkerOptions, runFleetWorker, type WorkerEvent } from "./run-worker.js";
