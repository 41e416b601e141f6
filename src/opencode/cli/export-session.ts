import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import { assembleSessions, childSessionIds } from "../read/assemble-sessions.js";
import { exportJson, readExport } from "../read/read-export.js";
import type { SessionExport, SessionTree } from "../schema/exported-session.js";
import { isSessionId } from "../schema/ids.js";
import { listChildren } from "./list-children.js";
import { type CommandOptions, readCommand } from "./read-command.js";

export interface ExportResult {
  readonly tree: SessionTree;
  /** The exports as opencode wrote them, by session id; the root first. */
  readonly raw: ReadonlyMap<string, string>;
  /** What could not be had, each a sentence for a person. */
  readonly notes: readonly string[];
}

/**
 * Exports a session and, below it, the sessions of its subagents. It may be running still or half finished.
 *
 * A subagent's session that cannot be exported is a note, not a failure.
 *
 * @throws {SessionNotFoundError} when opencode does not know the session
 * @throws {OpenCodeCommandError} when the export itself fails or takes too long
 * @throws {InvalidExportError} when what opencode wrote cannot be read
 */
export async function exportSession(sessionId: string, options: ExportOptions): Promise<ExportResult> {
  const list = options.children ?? (() => listChildren(options));
  let listed: ReturnType<typeof listChildren> | undefined;
  return await collectSessions(sessionId, {
    read: (id) => exportOne(id, options),
    childrenOf: async (id) => {
      listed ??= list();
      return (await listed).get(id) ?? [];
    },
    signal: options.signal,
  });
}

export interface ExportOptions extends CommandOptions {
  /** What `listChildren` says, where it is asked for more than one session; by default it is asked for this one. */
  readonly children?: (() => ReturnType<typeof listChildren>) | undefined;
}

const MOST_SESSIONS = 1_000;

/** One session as it was read: the text, and what it says. */
export interface ReadSession {
  readonly text: string;
  readonly session: SessionExport;
}

/** How sessions are read, wherever they are. */
export interface SessionReader {
  /** @throws {SessionNotFoundError} when there is no such session */
  readonly read: (sessionId: string) => Promise<ReadSession>;
  /** Sessions of subagents that no tool call names, a plugin's say; opencode's store and its servers know them. */
  readonly childrenOf?: (sessionId: string) => Promise<readonly string[]>;
  readonly signal?: AbortSignal | undefined;
  /** How many sessions are read at most: a server that makes them up would never come to an end. */
  readonly mostSessions?: number;
}

/**
 * A session with those of its subagents. One of theirs that cannot be read is a note, not a failure.
 *
 * @throws what `read` throws for the session itself
 */
export async function collectSessions(sessionId: string, reader: SessionReader): Promise<ExportResult> {
  const { mostSessions = MOST_SESSIONS } = reader;
  const raw = new Map<string, string>();
  const notes: string[] = [];
  const read = async (id: string) => {
    const listing = reader.childrenOf?.(id).catch((error: unknown) => messageOf(error));
    return { ...(await reader.read(id)), listed: (await listing) ?? [] };
  };
  const root = await read(sessionId);
  raw.set(sessionId, root.text);
  const sessions = [root];
  const seen = new Set([sessionId]);
  // A reader that asks once for all of them fails once.
  const unlisted = new Set<string>();
  // Grows while it is walked: children have children.
  walk: for (const { session: parent, listed } of sessions) {
    const unnamed = typeof listed === "string" ? [] : listed;
    if (typeof listed === "string" && !unlisted.has(listed) && reader.signal?.aborted !== true) {
      unlisted.add(listed);
      notes.push(
        `opencode could not say which sessions were started by ${parent.info.id}, so those that no tool names, a plugin's say, are missing in the trace: ${listed}`,
      );
    }
    for (const childId of [...childSessionIds(parent), ...unnamed]) {
      if (seen.has(childId)) continue;
      if (seen.size >= mostSessions) {
        notes.push(
          `The session ${sessionId} has more than ${mostSessions - 1} subagents' sessions; the others are left out.`,
        );
        break walk;
      }
      seen.add(childId);
      try {
        const child = await read(childId);
        raw.set(childId, child.text);
        sessions.push({ ...child, session: withParent(child.session, parent.info.id) });
      } catch (error) {
        reader.signal?.throwIfAborted();
        notes.push(
          `The session ${childId} of a subagent of ${parent.info.id} is missing in the trace: ${messageOf(error)}`,
        );
      }
    }
  }
  const trees = assembleSessions(sessions.map(({ session }) => session));
  const tree = trees.find(({ session }) => session.info.id === root.session.info.id);
  return { tree: tree ?? { session: root.session, children: [] }, raw, notes };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function exportOne(sessionId: string, options: CommandOptions): Promise<ReadSession> {
  // Anything else could be taken for an option.
  if (!isSessionId(sessionId)) throw new SessionNotFoundError(sessionId);
  let text: string;
  try {
    text = await readCommand(["export", sessionId], options);
  } catch (cause) {
    if (cause instanceof OpenCodeCommandError && cause.stderr.includes("Session not found")) {
      throw new SessionNotFoundError(sessionId, { cause });
    }
    throw cause;
  }
  return { text: jsonText(text, sessionId), session: readExport(text, sessionId) };
}

/** The export alone, without what else opencode has printed. */
function jsonText(text: string, source: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return `${JSON.stringify(exportJson(text, source), null, 2)}\n`;
  }
}

/** The task call knows whose child it is, should the child itself not say so, or name a session that is not here. */
function withParent(session: SessionExport, parentId: string): SessionExport {
  if (session.info.parentID === parentId) return session;
  // Each generation by itself: its information is its own.
  return session.generation === 1
    ? { ...session, info: { ...session.info, parentID: parentId } }
    : { ...session, info: { ...session.info, parentID: parentId } };
}
