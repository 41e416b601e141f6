import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { directoryOf, type FollowInput, type FollowState } from "./follow-state.js";
import { busySessions, listServerSessions, looksUnfinished } from "./list-sessions.js";
import { rootOf } from "./session-mirror.js";

/** How far back, and among how many sessions, one at work is looked for. */
const LOOK_BACK_MS = 24 * 3_600_000;
const MOST_SESSIONS = 50;
/** The server's clock and the order of its writes are not to the millisecond. */
const SLACK_MS = 5_000;
/**
 * opencode's stream of all projects says that it is connected before it listens (1.18: `Stream.make(connected)`, and
 * only behind it the subscription; on a busy machine 160 ms later). A client that asks only then what is at work misses
 * nothing.
 */
const NOT_YET_LISTENING_MS = 500;
/** A server that has just come back may not be quite there: waits before it is asked once more what was missed. */
const ASK_AGAIN_MS = [500, 2_000];

/** Which sessions are followed, and who is told of them. */
export interface CatchUpOptions {
  /** Only the sessions of this project's directory. */
  readonly directory?: string | undefined;
  /** Only this session. */
  readonly session?: string | undefined;
  readonly signal: AbortSignal;
  /**
   * A session at work has changed, or one of its subagents'.
   *
   * @param isOver whether something in it may be over now: not where a text grows, or a tool has begun
   */
  readonly onChange?: ((rootId: string, isOver: boolean) => void) | undefined;
  /** What could not be read, or is not there to be followed, a sentence for a person. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What catching up works on. */
export interface CatchUpContext {
  readonly options: CatchUpOptions;
  readonly connect: () => Promise<OpencodeClient>;
  /** A signal for one request. */
  readonly patience: () => AbortSignal;
  readonly state: () => FollowState;
  readonly apply: (input: FollowInput) => void;
  /** Reads a session into the state; false when it is not one to be followed. */
  readonly read: (id: string) => Promise<boolean>;
  /** Tells that a session has come to rest. */
  readonly rest: (rootId: string) => Promise<void>;
  readonly mostSessions: number;
}

/**
 * Reads what was missed before a connection, and tells of sessions that came to rest meanwhile. To be called before the
 * first event of the connection is taken.
 *
 * @param first whether there was no connection before
 * @throws what the server answers when it is asked for the third time
 */
export async function catchUp(first: boolean, context: CatchUpContext): Promise<void> {
  const { signal, directory } = context.options;
  if (directory === undefined) await sleep(NOT_YET_LISTENING_MS, undefined, { signal });
  for (const waitMs of ASK_AGAIN_MS) {
    try {
      return await catchUpOnce(first, context);
    } catch {
      await sleep(waitMs, undefined, { signal });
    }
  }
  await catchUpOnce(first, context);
}

async function catchUpOnce(first: boolean, context: CatchUpContext): Promise<void> {
  const { options, patience, state, apply, read, rest, mostSessions } = context;
  const { directory, onChange } = options;
  const mirror = () => state().mirror;
  apply({ type: "connected" });
  const client = await context.connect();
  const mirrored = new Set([...mirror().keys()].map((id) => rootOf(mirror(), id)));
  const { lastEventAt } = state();
  const since = lastEventAt === undefined ? Date.now() - LOOK_BACK_MS : lastEventAt - SLACK_MS;
  const listed = { directory, since, limit: MOST_SESSIONS, signal: patience() };
  const sessions = await listServerSessions(client, listed);
  const directories = new Set<string>();
  for (const session of sessions) {
    // What was updated a moment ago is loaded there anyway.
    if (!first || (await looksUnfinished(client, session.id, patience()))) directories.add(session.directory);
  }
  // A tool that takes long, or a person who is asked, keeps a session at work without any update.
  for (const id of mirrored) {
    const own = directoryOf(mirror(), id);
    if (own !== undefined) directories.add(own);
  }
  const askBusy = async (): Promise<ReadonlySet<string>> => {
    const all = new Set<string>();
    for (const one of directories) for (const id of await busySessions(client, one, patience())) all.add(id);
    return all;
  };
  const busy = await askBusy();
  for (const id of [...new Set([...mirrored, ...busy])].slice(0, mostSessions)) {
    if (!mirror().has(id) || mirrored.has(id)) await read(id);
  }
  apply({ type: "busy", ids: busy });
  const busyRoots = new Set([...busy].map((id) => rootOf(mirror(), id)));
  const isWanted = (id: string): boolean => options.session === undefined || options.session === id;
  const missed = first ? [] : sessions.map(({ id }) => id).filter(isWanted);
  for (const id of new Set([...mirrored, ...missed])) {
    if (busyRoots.has(id) || !(mirror().has(id) || (await read(id)))) continue;
    // It may have begun since the server was asked; its own events tell of the end then.
    if ([...(await askBusy())].some((one) => rootOf(mirror(), one) === id)) busyRoots.add(id);
    // Or have been read in its midst, and have ended since.
    else if (await read(id)) await rest(id);
  }
  for (const id of busyRoots) onChange?.(id, true);
}

/**
 * Tells why nothing may ever come of the only session that is followed.
 *
 * @returns whether the server could be asked
 */
export async function noteAboutWanted(
  client: OpencodeClient,
  { session, directory, onNote }: CatchUpOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (session === undefined) return true;
  const { data, response } = await client.session.get({ sessionID: session }, { signal });
  const isUnknown = response?.status === 404;
  if (data || isUnknown) noteAboutFound(session, data, { directory, onNote });
  return data !== undefined || isUnknown;
}

/** @param found what the server says of the wanted session; undefined where it has none */
export function noteAboutFound(
  session: string,
  found: { readonly parentID?: string | undefined; readonly directory: string | undefined } | undefined,
  { directory, onNote }: Pick<CatchUpOptions, "directory" | "onNote">,
): void {
  if (!found) onNote?.(`The server has no session ${session} (yet); waiting for it.`);
  else if (found.parentID)
    onNote?.(
      `The session ${session} is a subagent's and is traced with the one that it belongs to: follow ${found.parentID}.`,
    );
  else if (directory !== undefined && found.directory !== directory)
    onNote?.(
      `The session ${session} belongs to ${found.directory}, and only what happens in ${directory} is followed.`,
    );
}
