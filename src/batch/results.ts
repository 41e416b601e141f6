import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { describeDiskFailure } from "../files/disk-failure.js";
import { lockFile } from "../files/file-lock.js";
import { makeFolder } from "../files/make-folder.js";
import { openRegularFile, UnfitFileError } from "../files/own-files.js";
import { syncFolder } from "../files/private-files.js";
import { isSettled, type Recorded, readResults } from "./read-results.js";
import { resultWriter } from "./result-writer.js";
import type { Spending } from "./schedule.js";
import type { Task } from "./task.js";
import type { TaskResult } from "./task-result.js";

/** A file of results, open for more of them. */
export interface Results {
  readonly path: string;
  /** What was recorded earlier of these tasks, by their ids. */
  readonly earlier: ReadonlyMap<string, Recorded>;
  /** What all that is recorded has come to. */
  readonly spent: Spending;
  /** Tasks that ask for something else than they did when their result was recorded. */
  readonly changed: number;
  /** Lines that a crash of the machine has left unreadable. */
  readonly damaged: number;
  /**
   * Records one result: when this resolves, it outlives a kill and a crash of the machine.
   *
   * @throws {ConfigurationError} when the disk does not take it, for instance because it is full; nothing of
   *   the result is in the file then
   */
  append(result: TaskResult): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the results of some tasks, those that are there from before included. Half a line at the end, as a
 * kill while it was written leaves it, is taken away.
 *
 * @param path of a file that need not exist; it is made readable by its owner alone
 * @throws {ConfigurationError} when it cannot be written, when another process is at it, when it is no file
 *   of results, or when none of the results in it belongs to any of the tasks; it is as it was then
 */
export async function openResults(path: string, tasks: readonly Task[]): Promise<Results> {
  const problem = (text: string): ConfigurationError => new ConfigurationError("results", `${path}: ${text}`);
  const unusable = (error: unknown): ConfigurationError =>
    problem(`the results cannot be written there: ${whyNot(error)}`);
  await makeFolder(dirname(path)).catch((error: unknown) => {
    throw unusable(error);
  });
  const lock = await lockFile(path).catch((error: unknown) => {
    throw unusable(error);
  });
  if (!lock)
    throw problem(
      "another looptrace batch is writing to it now. Wait for its end, or name another file for the results (-o).",
    );
  try {
    const bytes = await readIfThere(path).catch((error: unknown) => {
      throw unusable(error);
    });
    const read = readResults(bytes);
    if (read.kind === "foreign")
      throw problem(`line ${read.line} is no result of a batch. Name another file for the results (-o).`);
    const known = new Map(tasks.map((task) => [task.id, task]));
    const fitting = [...read.byId].filter(([id]) => known.has(id));
    const changed = fitting.filter(([id, { digest }]) => known.get(id)?.digest !== digest).length;
    if (read.byId.size > 0 && changed === fitting.length) {
      throw problem(
        `it holds results, but none of them is of one of these tasks as they are now. Name another file for the results (-o), or remove it.`,
      );
    }
    const file = await open(path, "a", 0o600)
      .then(async (made) => {
        await made.close();
        return open(path, "r+");
      })
      .catch((error: unknown) => {
        throw unusable(error);
      });
    try {
      const writer = await resultWriter(file, read.wholeBytes, read.needsLineFeed);
      await syncFolder(dirname(path));
      return {
        path,
        earlier: new Map(fitting),
        spent: read.spent,
        changed,
        damaged: read.damaged,
        append: (result) =>
          writer.append(result).catch((error: unknown) => {
            throw problem(
              `a result could not be recorded: ${whyNot(error)}. The same command goes on with what is not recorded.`,
            );
          }),
        close: async () => {
          try {
            await writer.close();
          } finally {
            await lock.release();
          }
        },
      };
    } catch (error) {
      await file.close();
      throw unusable(error);
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * The results that a file has, by their ids: the last of each, but one that is done, and passed what verified it, stays so.
 *
 * @param path of a file that need not exist
 * @throws {ConfigurationError} when it cannot be read, or is no file of results
 */
export async function recordedResults(path: string): Promise<ReadonlyMap<string, TaskResult>> {
  const results = new Map<string, TaskResult>();
  const bytes = await readIfThere(path).catch((error: unknown) => {
    throw new ConfigurationError("results", `${path}: the results cannot be read: ${whyNot(error)}`);
  });
  const read = readResults(bytes, (result) => {
    const known = results.get(result.id);
    if (known === undefined || !isSettled({ status: known.status, passed: known.verify?.passed ?? null }))
      results.set(result.id, result);
  });
  if (read.kind === "results") return results;
  throw new ConfigurationError(
    "results",
    `${path}: line ${read.line} is no result of a batch. Name another file for the results (-o).`,
  );
}

/** Why the disk does not do what is wanted of it; the path is told already. */
function whyNot(error: unknown): string {
  return error instanceof UnfitFileError ? `it ${error.problem}` : describeDiskFailure(error);
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    const file = await openRegularFile(path);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
