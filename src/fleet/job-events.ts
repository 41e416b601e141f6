import type { Redis } from "ioredis";
import { QueueEvents } from "./packages.js";
import { KEY_PREFIX } from "./queue-names.js";
import { closeSoon } from "./redis-link.js";
import { connectionOf } from "./task-queue.js";

export interface JobEventHooks {
  /** A worker has taken the job. */
  readonly onTaken: (jobId: string) => void;
  /** It waits again. */
  readonly onWaiting: (jobId: string) => void;
  readonly onFinished: (jobId: string) => void;
}

/**
 * Follows what happens in a queue, on a connection of its own. Events can be missed while Redis is away: they
 * only say where to look sooner.
 *
 * @returns ends it
 */
export function followJobs(client: Redis, name: string, hooks: JobEventHooks): () => Promise<void> {
  const events = new QueueEvents(name, { connection: connectionOf(client), prefix: KEY_PREFIX });
  events.on("error", () => undefined);
  events.on("active", ({ jobId }) => hooks.onTaken(jobId));
  const waiting = ({ jobId }: { readonly jobId: string }): void => hooks.onWaiting(jobId);
  const finished = ({ jobId }: { readonly jobId: string }): void => hooks.onFinished(jobId);
  events.on("waiting", waiting).on("delayed", waiting).on("stalled", waiting);
  events.on("completed", finished).on("failed", finished);
  return () => closeSoon(events.close());
}
