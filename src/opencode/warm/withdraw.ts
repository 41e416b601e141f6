import { existsSync } from "node:fs";
import { appendFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ABORTED, ENDS, REASON, RECORD, WITHDRAWN } from "./keeper-script.js";
import { isOwnProcess, type ProcessMark } from "./process-start.js";

/**
 * Takes a server away from runs to come; its keeper ends it as soon as no run uses it.
 *
 * @param why goes on with "the last one ended:"; for a person
 */
export async function withdraw(folder: string, keeper: ProcessMark, why: string): Promise<void> {
  const isOurs = await rename(join(folder, RECORD), join(folder, WITHDRAWN)).then(
    () => true,
    () => false,
  );
  if (isOurs) {
    await writeFile(join(folder, REASON), `${why}\n`, { mode: 0o600 }).catch(() => undefined);
    const line = `${basename(folder)} ${why}\n`;
    await appendFile(join(dirname(folder), ENDS), line, { mode: 0o600 }).catch(() => undefined);
  }
  wake(keeper);
}

/** Has what a turn has left ended with its server. @param since the turn's lease; clock ticks since the boot */
export async function noteAborted(folder: string, since: number): Promise<void> {
  await appendFile(join(folder, ABORTED), `${since}\n`, { mode: 0o600 }).catch(() => undefined);
}

/** Has a keeper end its server as soon as no run uses it, and look at once whether that is so. */
function wake(keeper: ProcessMark): void {
  if (!isOwnProcess(keeper)) return;
  try {
    process.kill(keeper.pid, "SIGTERM");
  } catch {
    // It has just ended.
  }
}

const POLL_MS = 20;

/** Waits until a server's folder is gone, which is the last of it. @param mostMs how long, ms */
export async function waitForEnd(folder: string, mostMs: number): Promise<void> {
  const giveUpAt = performance.now() + mostMs;
  while (existsSync(folder) && performance.now() < giveUpAt) await sleep(POLL_MS);
}
