import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import { isOfEarlierBoot } from "../../files/claim-token.js";
import { sweepLocks } from "../../files/file-lock.js";
import { readOwnText } from "../../files/own-files.js";
import { endProcesses } from "../program/end-processes.js";
import { RUN_ID_FILE } from "../program/run-folder-owner.js";
import { FOREIGN_MAX_AGE_MS, RUN_ID, RUN_ID_BYTES } from "../program/sweep-run-folders.js";
import { liveLeases } from "./leases.js";
import { isOwnProcess } from "./process-start.js";
import { newerRecord, readRecord } from "./server-record.js";
import { CLAIM, doubtAboutFolder, isOfThisPlace, serverIds } from "./servers-folder.js";

/** A server's folder is made a moment before it is leased. */
const YOUNG_MS = 60_000;
/** Where earlier versions noted why the last server had ended. */
const OLD_NOTE = "last-end";

/**
 * Removes what servers have left that no process keeps any more, as after the end of the machine, and ends what still
 * runs of them. Never throws.
 */
export async function sweepServers(servers: string): Promise<void> {
  await sweepLocks(servers);
  await rm(join(servers, OLD_NOTE), { force: true }).catch(() => undefined);
  const ids = await serverIds(servers);
  await Promise.all(ids.map((id) => sweepOne(id, join(servers, id)).catch(() => undefined)));
}

async function sweepOne(id: string, folder: string): Promise<void> {
  if (doubtAboutFolder(folder) !== undefined || !(await isLeft(id, folder))) return;
  const runId = await readOwnText(join(folder, RUN_ID_FILE), RUN_ID_BYTES).catch(() => "");
  if (isOfThisPlace(id) && RUN_ID.test(runId)) await endProcesses(runId);
  await rm(folder, { recursive: true, force: true });
}

/** Whether nothing sees to the end of a server that is in a folder, or was. */
export async function isLeft(id: string, folder: string): Promise<boolean> {
  const { mtimeMs } = await lstat(folder);
  const age = Math.abs(Date.now() - mtimeMs);
  if (!isOfThisPlace(id)) {
    const claim = await readOwnText(join(folder, CLAIM), RUN_ID_BYTES).catch(() => "");
    return isOfEarlierBoot(claim) || age > FOREIGN_MAX_AGE_MS;
  }
  if (age < YOUNG_MS || (await liveLeases(folder)).length > 0) return false;
  const record = (await readRecord(folder)) ?? (await readRecord(folder, "withdrawn"));
  if (record) return !isOwnProcess(record.keeper);
  const newer = await newerRecord(folder);
  if (!newer) return true;
  return age > FOREIGN_MAX_AGE_MS && !(newer.keeper && isOwnProcess(newer.keeper));
}
