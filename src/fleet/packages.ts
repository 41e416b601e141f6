import { ConfigurationError } from "../errors/configuration-error.js";

/**
 * BullMQ and ioredis: optional peers of the package, loaded in this file alone. They are imported when this
 * file runs, not when it is linked, so that a missing one gets an error that says what to install.
 */
export const { DelayedError, Job, Queue, QueueEvents, UnrecoverableError, WaitingError, Worker } = await import(
  "bullmq"
).catch(explain);
export const { Redis } = await import("ioredis").catch(explain);

/** @throws {ConfigurationError} when a package is not installed; anything else as it is */
function explain(error: unknown): never {
  if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
  throw new ConfigurationError(
    "looptrace/fleet",
    "A batch on several machines needs two more packages: npm install bullmq ioredis (with -g where looptrace is installed so).",
  );
}
