import { createRequire } from "node:module";
import type * as BullMQ from "bullmq";
import type * as IORedis from "ioredis";
import { ConfigurationError } from "../errors/configuration-error.js";

const load = createRequire(import.meta.url);

/**
 * BullMQ and ioredis: optional peers of the package, loaded in this file alone. They are loaded when this file runs,
 * not when it is linked, so that a missing one gets an error that says what to install.
 */
export const { DelayedError, Job, Queue, QueueEvents, UnrecoverableError, WaitingError, Worker }: typeof BullMQ =
  installed("bullmq");
export const { Redis }: typeof IORedis = installed("ioredis");

/** @throws {ConfigurationError} when a package is not installed; anything else as it is */
function installed(name: string) {
  try {
    return load(name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) throw error;
    throw new ConfigurationError(
      "looptrace/fleet",
      "A batch on several machines needs two more packages: npm install bullmq ioredis (with -g where looptrace is installed so).",
    );
  }
}

/**
 * For what will use the packages only when other work is done.
 *
 * @throws {ConfigurationError} when one is not installed
 */
export function checkPackages(): void {
  for (const name of ["bullmq", "ioredis"]) installed(name);
}
