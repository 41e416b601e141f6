import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { claimToken, isOwnerAlive } from "../files/claim-token.js";
import { readOwnText } from "../files/own-files.js";
import { ensurePrivateFolder, removeIfThere } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import type { RunEvidence } from "../opencode/evidence.js";
import { findProcesses } from "../opencode/program.js";
import { isSessionId, promptTimesOf, type SessionExport } from "../opencode/session.js";
import { once } from "../text/lazy.js";
import { type NamesOf, namesOfEach } from "./store-files.js";

/**
 * Which process drives a session's turn; kept as `<session>.owner-<run>-<attempt>.json` beside the session while it
 * does.
 */
const owner = once(() =>
  z.object({
    /** The process, see `claimToken`. */
    token: z.string(),
    /** What marks opencode and its commands, see `findProcesses`. */
    mark: z.string(),
    id: z.string(),
    attempt: z.number(),
    /** Before the turn's prompt was handed over, ms since the epoch. */
    startedAt: z.number(),
  }),
);
type Owner = z.infer<ReturnType<typeof owner>>;

/** A process on another machine is told by how lately its file was touched. */
const TOUCH_EVERY_MS = 5 * 60_000;
const MOST_BYTES = 10_000;

/**
 * Notes that this process drives a turn of a session. Should it be killed, that tells that the turn is over, however
 * unfinished it looks. Never throws: without the note the turn is one that may be at work still.
 *
 * @returns to be called when the turn is over
 */
export function ownTurn(paths: StorePaths, sessionId: string, turn: Omit<Owner, "token">): () => Promise<void> {
  if (!isSessionId(sessionId)) return async () => undefined;
  const path = join(paths.sessions, ownerName(sessionId, turn.id, turn.attempt));
  const writing = (async () => {
    await ensurePrivateFolder(paths.root, paths.sessions);
    // Not synced: a crash of the machine ends the turn as well, and is told by the boot that a token names.
    await writeFile(path, JSON.stringify({ token: claimToken(), ...turn }), { mode: 0o600, flag: "wx" });
  })().catch(() => undefined);
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  touching.unref();
  return async () => {
    clearInterval(touching);
    await writing;
    await removeIfThere(path).catch(() => undefined);
  };
}

/**
 * The runs of a session whose process was killed before it could tell how they ended: each tells that the turn that it
 * began is over. Of one whose opencode is still being ended nothing is told yet, and nothing of another machine's that
 * was at work lately.
 *
 * @param known how other runs ended; what they tell is not told again
 */
export async function abandonedRuns(
  paths: StorePaths,
  session: SessionExport,
  known: readonly RunEvidence[] = [],
  namesOf: NamesOf = namesOfEach(paths),
): Promise<readonly RunEvidence[]> {
  const names = await ownerNames(paths, session.info.id, namesOf);
  const runs = await Promise.all(
    names.map(async (name) => {
      const path = join(paths.sessions, name);
      // What a run itself tells of needs no look at its note.
      if (known.some((run) => name === ownerName(session.info.id, run.id, run.attempt))) return [];
      const noted = await readOwner(path);
      if (!noted || known.some((run) => run.id === noted.id && run.attempt === noted.attempt)) return [];
      if (await isAtWork(noted, path)) return [];
      const promptedAt = promptTimesOf(session).find((at) => at >= noted.startedAt);
      return promptedAt === undefined ? [] : [abandoned(noted, promptedAt)];
    }),
  );
  return runs.flat();
}

/** Whether a turn of a session was noted as a looptrace's, alive or dead, and has not ended in order. */
export async function hasOwner(paths: StorePaths, sessionId: string, namesOf?: NamesOf): Promise<boolean> {
  return (await ownerNames(paths, sessionId, namesOf)).length > 0;
}

/** Whether the turn that a note is about may be at work still. @param name of the note's file */
export async function isTurnAtWork(paths: StorePaths, name: string): Promise<boolean> {
  const path = join(paths.sessions, name);
  const noted = await readOwner(path);
  return noted !== undefined && (await isAtWork(noted, path));
}

async function isAtWork({ token, mark }: Owner, path: string): Promise<boolean> {
  return (await isOwnerAlive(token, path)) || findProcesses(mark).length > 0;
}

function ownerName(sessionId: string, id: string | undefined, attempt: number | undefined): string {
  return `${sessionId}.owner-${id}-${attempt}.json`;
}

async function ownerNames(
  paths: StorePaths,
  sessionId: string,
  namesOf: NamesOf = namesOfEach(paths),
): Promise<readonly string[]> {
  const names = await namesOf(sessionId).catch(() => []);
  return names.filter((name) => name.startsWith(`${sessionId}.owner-`));
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return owner().parse(JSON.parse(await readOwnText(path, MOST_BYTES)));
  } catch {
    // Gone meanwhile, or half written when its process was killed.
    return undefined;
  }
}

/** @param promptedAt belongs to the run for certain; when it ended exactly is not known */
function abandoned({ id, attempt, startedAt }: Owner, promptedAt: number): RunEvidence {
  return {
    id,
    attempt,
    exit: { kind: "abandoned" },
    streamErrors: [],
    startedAt,
    endedAt: promptedAt,
    stderr: "",
  };
}
