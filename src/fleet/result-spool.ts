import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { type TaskResult, taskResultSchema } from "../batch/task-result.js";
import { readOwnText } from "../files/own-files.js";
import { ensurePrivateFolder, namesIn, removeIfThere, writeWhole } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";

const spooledSchema = z.object({ jobId: z.string(), result: taskResultSchema, at: z.number() }).readonly();

export type Spooled = z.output<typeof spooledSchema>;

/**
 * Results that Redis does not have yet, on this machine's disk: a worker that ends meanwhile has not worked
 * in vain.
 */
export interface ResultSpool {
  /** When this resolves, the result outlives a kill. */
  put(jobId: string, result: TaskResult): Promise<void>;
  get(jobId: string): Promise<TaskResult | undefined>;
  remove(jobId: string): Promise<void>;
  /** All of them but those of more than a week ago, which are removed. */
  all(): Promise<readonly Spooled[]>;
}

const WEEK_MS = 7 * 24 * 3_600_000;

/** @param queue a valid name of a queue: workers of several may share a machine */
export function resultSpool(paths: StorePaths, queue: string, now: () => number = Date.now): ResultSpool {
  const folder = join(paths.root, "fleet", queue);
  // An id comes out of the queue, and is no path.
  const pathOf = (jobId: string): string =>
    join(folder, `${createHash("sha256").update(jobId).digest("hex").slice(0, 32)}.json`);
  const read = async (path: string): Promise<Spooled | undefined> => {
    try {
      return spooledSchema.safeParse(JSON.parse(await readOwnText(path))).data;
    } catch {
      return undefined;
    }
  };
  return {
    put: async (jobId, result) => {
      await ensurePrivateFolder(paths.root, folder);
      await writeWhole(pathOf(jobId), JSON.stringify({ jobId, result, at: now() }));
    },
    get: async (jobId) => {
      const spooled = await read(pathOf(jobId));
      return spooled?.jobId === jobId ? spooled.result : undefined;
    },
    remove: (jobId) => removeIfThere(pathOf(jobId)),
    all: async () => {
      refuseUntrustedFolder(paths.root, folder);
      const found: Spooled[] = [];
      for (const name of await namesIn(folder)) {
        if (!name.endsWith(".json")) continue;
        const path = join(folder, name);
        const spooled = await read(path);
        if (spooled && now() - spooled.at < WEEK_MS) found.push(spooled);
        else await removeIfThere(path);
      }
      return found;
    },
  };
}
