import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Task } from "../batch/task.js";
import { ConfigurationError } from "../errors/configuration-error.js";

/** The queue's name where none is given. */
export const DEFAULT_QUEUE = "looptrace";
/** All keys of looptrace's queues in Redis begin with it. */
export const KEY_PREFIX = "looptrace";

/** Letters that need no escaping in a key of Redis, in a shell or in a path. */
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** @throws {ConfigurationError} when it cannot be the name of a queue */
export function queueName(name: string): string {
  if (NAME.test(name)) return name;
  throw new ConfigurationError(
    "--queue",
    `--queue takes a name of up to 100 letters, digits, ".", "_" and "-", not ${JSON.stringify(name)}.`,
  );
}

/** @throws {ConfigurationError} when it cannot be the name of a batch */
export function batchName(name: string): string {
  if (NAME.test(name)) return name;
  throw new ConfigurationError(
    "--batch-id",
    `--batch-id takes a name of up to 100 letters, digits, ".", "_" and "-", not ${JSON.stringify(name)}.`,
  );
}

/**
 * What a batch is known by again: the file of its results on this machine. A file that moves, or a host with another
 * name each time, needs a name for the batch instead.
 */
export function batchIdOf(results: string): string {
  return shortHash([hostname(), resolve(results)]);
}

/**
 * The id of a task's job: the same for the same task of the same batch, so that putting it into the queue a
 * second time does nothing. A task that asks for something else under the same id is another job.
 */
export function jobIdOf(batch: string, { id, digest }: Task): string {
  return `${batch}-${shortHash([id, digest])}`;
}

function shortHash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}
