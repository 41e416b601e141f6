import { join } from "node:path";
import { OPENCODE_ENDED } from "./keeper-script.js";
import { lastUseOf, liveLeases } from "./leases.js";
import { isOwnProcess } from "./process-start.js";
import { readRecord, type ServerRecord } from "./server-record.js";
import { isOfThisPlace, serverIds } from "./servers-folder.js";
import { withdraw } from "./withdraw.js";

/** A server that is noted, and its folder. */
export interface NotedServer {
  readonly folder: string;
  readonly record: ServerRecord;
}

/** The servers that runs may use. What another user could have put there is passed over. */
export async function notedServers(servers: string): Promise<readonly NotedServer[]> {
  const ids = await serverIds(servers);
  const found = await Promise.all(
    ids.map(async (id) => {
      const folder = join(servers, id);
      const record = await readRecord(folder);
      return record === undefined || record.id !== id ? [] : [{ folder, record }];
    }),
  );
  return found.flat();
}

/** Withdraws those whose opencode is gone: their keepers may see that only seconds later. Never throws. */
export async function withdrawEnded(servers: string): Promise<void> {
  const noted = await notedServers(servers).catch(() => []);
  for (const { folder, record } of noted) {
    const hasEnded = isOfThisPlace(record.id) && isOwnProcess(record.keeper) && !isOwnProcess(record.server);
    if (hasEnded) await withdraw(folder, record.keeper, OPENCODE_ENDED);
  }
}

/** As many servers stay without use: each takes some 600 MB, and a new one comes with each change of the environment. */
const MOST_IDLE = 4;

/** Withdraws all that no run uses but for those that were used last. Never throws. */
export async function withdrawOldest(servers: string): Promise<void> {
  const noted = await notedServers(servers).catch(() => []);
  const uses = await Promise.all(
    noted.map(async (one) => {
      const isKept = isOfThisPlace(one.record.id) && isOwnProcess(one.record.keeper);
      if (!isKept || (await liveLeases(one.folder)).length > 0) return [];
      return [{ ...one, lastUse: (await lastUseOf(one.folder)) ?? 0 }];
    }),
  );
  const idle = uses.flat().sort((a, b) => b.lastUse - a.lastUse);
  for (const { folder, record } of idle.slice(MOST_IDLE))
    await withdraw(folder, record.keeper, "others were used since");
}
