import { rm } from "node:fs/promises";
import { join } from "node:path";
import { endProcesses } from "../program/end-processes.js";
import { liveLeases } from "./leases.js";
import { isOwnProcess } from "./process-start.js";
import { readRecord } from "./server-record.js";
import { doubtAboutFolder, isOfThisPlace } from "./servers-folder.js";
import { isLeft } from "./sweep-servers.js";
import { waitForEnd, withdraw } from "./withdraw.js";

/**
 * What became of a server that was to be stopped: it is gone, or ends with the runs that use it; one on another machine
 * or in another container goes on.
 */
export type StoppedServer = "stopped" | "ending" | "elsewhere";

const LONGEST_END_MS = 8_000;

/**
 * Has a server ended. One that runs use ends with the last of them: none fails for it, and none begins on it any more.
 *
 * @param servers the folder of all of them
 */
export async function stopServer(servers: string, id: string): Promise<StoppedServer> {
  const folder = join(servers, id);
  if (doubtAboutFolder(folder) !== undefined) return "stopped";
  const record = (await readRecord(folder)) ?? (await readRecord(folder, "withdrawn"));
  if (!isOfThisPlace(id)) {
    if (!(await isLeft(id, folder))) return "elsewhere";
    await rm(folder, { recursive: true, force: true });
    return "stopped";
  }
  if (!record) return "stopped";
  if (!isOwnProcess(record.keeper)) {
    // Nothing else would.
    await endProcesses(record.runId);
    await rm(folder, { recursive: true, force: true });
    return "stopped";
  }
  await withdraw(folder, record.keeper, "it was told to end");
  if ((await liveLeases(folder)).length > 0) return "ending";
  await waitForEnd(folder, LONGEST_END_MS);
  return "stopped";
}
