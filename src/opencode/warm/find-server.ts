import { authorization } from "../server/connection.js";
import { isOk, send, textOf } from "../server/patient-fetch.js";
import { takeLease } from "./leases.js";
import { type NotedServer, notedServers } from "./noted-servers.js";
import { isOwnPort } from "./own-port.js";
import { isOwnProcess } from "./process-start.js";
import { readRecord, type ServerRecord } from "./server-record.js";
import { type WarmServer, warmServer, worn } from "./warm-server.js";
import { withdraw } from "./withdraw.js";

/** A server that works answers in a few ms; one that is busy starting something for another run takes longer. */
const ANSWER_MS = 2_500;
const MOST_ANSWER_BYTES = 1024 * 1024;

/**
 * Gets hold of a server that an earlier run has left. One that misbehaves, or has become too large, is withdrawn.
 *
 * @param idleMs how long it may be without use afterwards
 * @returns undefined where there is none
 */
export async function findServer(servers: string, key: string, idleMs: number): Promise<WarmServer | undefined> {
  for (const noted of await notedServers(servers)) {
    if (noted.record.key !== key || !isAlive(noted.record)) continue;
    const found = await use(noted, idleMs).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

/** Whether a server and who ends it are there, and are this user's. */
export function isAlive({ server, keeper, connection }: ServerRecord): boolean {
  return isOwnProcess(server) && isOwnProcess(keeper) && isOwnPort(connection.url);
}

async function use({ folder, record }: NotedServer, idleMs: number): Promise<WarmServer | undefined> {
  const lease = await takeLease(folder, idleMs);
  try {
    // Its keeper takes the record away before it looks for leases: what is still noted now will not be ended.
    const now = await readRecord(folder);
    const problem =
      now?.runId !== record.runId
        ? null
        : ((await worn(folder, record)) ?? ((await answers(record)) ? undefined : "it gave no answer"));
    if (problem === undefined)
      return warmServer({ folder, lease, record, version: Promise.resolve(record.version), isFound: true });
    await lease.end();
    if (problem !== null) await withdraw(folder, record.keeper, problem);
  } catch (error) {
    await lease.end();
    throw error;
  }
  return undefined;
}

async function answers({ connection, generation, version }: ServerRecord): Promise<boolean> {
  // The second is that of the previews of opencode 2.
  const paths = generation === 2 ? ["/api/info", "/api/health"] : ["/global/health"];
  const signal = AbortSignal.timeout(ANSWER_MS);
  for (const path of paths) {
    try {
      const headers = authorization(connection);
      const answer = await send(`${connection.url}${path}`, { headers, signal });
      const text = await textOf(answer, MOST_ANSWER_BYTES);
      if (isOk(answer) && (version === null || text.includes(JSON.stringify(version)))) return true;
    } catch {
      return false;
    }
  }
  return false;
}
