import { statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { authorization } from "../server/connection.js";
import { isOk, send, textOf } from "../server/patient-fetch.js";
import { takeLease } from "./leases.js";
import { type NotedServer, notedServers } from "./noted-servers.js";
import { isOwnPort } from "./own-port.js";
import { cpuMsOf, isOwnProcess } from "./process-start.js";
import { readRecord, type ServerRecord } from "./server-record.js";
import { type WarmServer, warmServer, worn } from "./warm-server.js";
import { withdraw } from "./withdraw.js";

/** For how long a server's answer is waited for. */
export interface AnswerPatience {
  /** One that works answers in a few ms; one that is busy starting something for another run takes longer. */
  readonly answerMs: number;
  /** One that takes CPU time meanwhile, on a machine with much to do, is waited for so long. */
  readonly busyMs: number;
}

const PATIENCE: AnswerPatience = { answerMs: 2_500, busyMs: 10_000 };
/** So much of a processor is work: timers alone take half of it. */
const BUSY_SHARE = 0.05;
const MOST_ANSWER_BYTES = 1024 * 1024;

/**
 * Gets hold of a server that an earlier run has left. One that misbehaves, or has become too large, is withdrawn.
 *
 * @param idleMs how long it may be without use afterwards
 * @param patience for tests
 * @returns `busy` where one is there that has too much to do to answer, undefined where there is none
 */
export async function findServer(
  servers: string,
  key: string,
  idleMs: number,
  patience: AnswerPatience = PATIENCE,
): Promise<WarmServer | "busy" | undefined> {
  for (const noted of await notedServers(servers)) {
    if (noted.record.key !== key || !hasProcesses(noted.record)) continue;
    const found = await use(noted, idleMs, patience).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

/** Whether a server and who ends it are there, and are this user's. */
export async function isAlive(record: ServerRecord): Promise<boolean> {
  return hasProcesses(record) && (await isOwnPort(record.connection.url));
}

function hasProcesses({ server, keeper }: ServerRecord): boolean {
  return isOwnProcess(server) && isOwnProcess(keeper);
}

async function use(
  { folder, record }: NotedServer,
  idleMs: number,
  patience: AnswerPatience,
): Promise<WarmServer | "busy" | undefined> {
  const listens = isOwnPort(record.connection.url);
  const lease = await takeLease(folder, idleMs);
  try {
    // Its keeper takes the record away before it looks for leases: what is still noted now will not be ended.
    const now = await readRecord(folder);
    const problem =
      now?.runId !== record.runId
        ? null
        : ((await worn(folder, record)) ??
          // Nobody else who listens there now is told its password. In another network it may listen all the same.
          ((await listens) ? whyNot(folder, await answerOf(record, patience)) : null));
    if (problem === undefined)
      return warmServer({ folder, lease, record, version: Promise.resolve(record.version), isFound: true });
    await lease.end();
    if (problem === BUSY) return "busy";
    if (problem !== null) await withdraw(folder, record.keeper, problem);
  } catch (error) {
    await lease.end();
    throw error;
  }
  return undefined;
}

const BUSY = "it was busy";

/** In a server's folder: since when it has been busy whenever a run wanted it. */
export const BUSY_SINCE = "busy-since";
/** What works for so long without an answer goes round in a loop: each run would wait for it, and none would have it. */
const LONGEST_BUSY_MS = 60_000;

type Answer = "answered" | "busy" | "silent";

/** Why a server is of no use now; undefined where it is. */
function whyNot(folder: string, answer: Answer): string | undefined {
  const path = join(folder, BUSY_SINCE);
  if (answer !== "busy") {
    attempt(() => unlinkSync(path));
    return answer === "answered" ? undefined : "it gave no answer";
  }
  attempt(() => writeFileSync(path, "", { mode: 0o600, flag: "wx" }));
  const since = attempt(() => statSync(path).mtimeMs) ?? Date.now();
  return Date.now() - since > LONGEST_BUSY_MS ? "it was busy for too long" : BUSY;
}

/** Whether a server answers; one that does not, but works, may have more to do than this machine can. */
async function answerOf(record: ServerRecord, { answerMs, busyMs }: AnswerPatience): Promise<Answer> {
  const givingUp = new AbortController();
  const giveUpAt = performance.now() + busyMs;
  const taken = (): number => cpuMsOf(record.server.pid) ?? 0;
  let before = taken();
  let isBusy = false;
  const watch = setInterval(() => {
    const now = taken();
    isBusy = now - before >= answerMs * BUSY_SHARE;
    before = now;
    if (!isBusy || performance.now() >= giveUpAt) givingUp.abort();
  }, answerMs);
  try {
    if (await answers(record, givingUp.signal)) return "answered";
    return isBusy && givingUp.signal.aborted ? "busy" : "silent";
  } finally {
    clearInterval(watch);
  }
}

const PATHS = ["/api/info", "/api/health"];
/** The previews of opencode 2 have the second alone: the other one would cost a warm run a question in vain. */
const PREVIEW_PATHS = PATHS.toReversed();

function isPreview(version: string | null): boolean {
  return version?.startsWith("2.0.0-") === true;
}

async function answers({ connection, generation, version }: ServerRecord, signal: AbortSignal): Promise<boolean> {
  const paths = generation === 1 ? ["/global/health"] : isPreview(version) ? PREVIEW_PATHS : PATHS;
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
