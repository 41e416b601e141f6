import { lstat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { InvalidExportError } from "../errors/invalid-export-error.js";
import { ensurePrivateFolder, type WriteFile, writeUnsynced, writeWhole } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";
import { writeTogether } from "../files/write-together.js";
import type { Masked } from "../masking/masked.js";
import {
  childSessionIds,
  exportFromJson,
  exportJson,
  isSessionId,
  type SessionExport,
  type SessionTree,
} from "../opencode/session.js";
import { fieldsOf } from "../text/json-fields.js";
import { largeExport } from "./large-export.js";
import { type FoundSession, flattenTree } from "./loaded-session.js";
import { maskedFiles, maskedNote } from "./masked-files.js";
import {
  type EvidenceSnapshot,
  evidenceFiles,
  evidenceTexts,
  mergeEvidence,
  readEvidenceFiles,
} from "./session-evidence.js";
import { fileOf, ifThere, type NamesOf, namesOfEach, readIfThere } from "./store-files.js";

/**
 * The sessions that looptrace has seen, stored as they were read, so that views work offline and after a session is
 * gone: `<id>.json` is opencode's export, `<id>.children.json` the ids of the sessions below it, `<id>.log` the log
 * that opencode itself had of it, `<id>.run-….json` and `.log` how a run ended and what it logged, `<id>.mcp-….json`
 * which MCP servers opencode had, `<id>.wire-….jsonl` what it sent to models, `<id>.masked.json` which of these need no
 * masking any more. Each run, each set of servers and each
 * recording has a file of its own, so that several may write at once.
 */
export interface StoredSession extends FoundSession {
  /** The session and those of its subagents, as far as they are stored. */
  readonly sessions: readonly SessionExport[];
  /** When the export was read from opencode, ms since the epoch. */
  readonly storedAt: number;
}

/** One look at a session. */
export interface SessionSnapshot extends EvidenceSnapshot {
  readonly rootId: string;
  /** opencode's exports by session id, the subagents' among them. */
  readonly raw: ReadonlyMap<string, string>;
  /** Whether all of it was masked by all rules. */
  readonly isByRules?: boolean;
}

/**
 * Stores what was read; the logs and runs of earlier snapshots stay.
 *
 * @param lasting whether all of it outlives a crash of the machine at once; default true. Else the exports may be gone
 *   then, though never a part of one, and so may what stands beside them: for what opencode has as well
 * @throws the file system's error, for instance ENOSPC or EROFS
 */
export async function saveSession(
  paths: StorePaths,
  snapshot: Masked<SessionSnapshot>,
  { lasting = true }: { readonly lasting?: boolean } = {},
): Promise<void> {
  const { rootId, raw, isByRules = false } = snapshot;
  // Anything else could name a file somewhere else.
  for (const id of [rootId, ...raw.keys()])
    if (!isSessionId(id)) throw new Error(`${JSON.stringify(id.slice(0, 100))} is no session's id`);
  await ensurePrivateFolder(paths.root, paths.sessions);
  const exports = new Map([...raw].map(([id, text]) => [`${id}.json`, text]));
  const { wires, texts } = evidenceTexts(rootId, evidenceFiles(snapshot));
  const note = isByRules ? [await maskedNote(paths, rootId, new Map([...texts, ...exports]))] : [];
  const file = ([name, text]: readonly [string, string]) => ({ path: join(paths.sessions, name), text });
  const beside = [...[...wires, ...texts].map(file), ...note].map((one) => ({ ...one, isSynced: lasting }));
  // The exports first: what stands beside one that is not there is no session.
  await writeTogether([...[...exports].map(file).map((one) => ({ ...one, isSynced: true })), ...beside], lasting);
  await saveChildren(paths, snapshot, lasting ? writeWhole : writeUnsynced);
}

/**
 * Reads a stored session with its subagents.
 *
 * @param namesOf where the store has been listed already
 * @returns undefined when it was never stored
 * @throws {InvalidExportError} when the stored export cannot be read any more
 */
export async function storedSession(
  paths: StorePaths,
  id: string,
  namesOf: NamesOf = namesOfEach(paths),
): Promise<StoredSession | undefined> {
  refuseUntrustedFolder(paths.root, paths.sessions);
  const isMasked = await maskedFiles(paths, id);
  const sessions: SessionExport[] = [];
  const maskedByRules: unknown[] = [];
  const read = async (one: string): Promise<SessionExport | undefined> => {
    const { session, text } = (await readStored(paths, one)) ?? {};
    if (!session) return undefined;
    sessions.push(session);
    if (text !== undefined && isMasked(`${one}.json`, text)) maskedByRules.push(session);
    return session;
  };
  const root = await read(id);
  if (!root) return undefined;
  const seen = new Set([id]);
  // Grows while it is walked: children have children.
  for (const session of sessions) {
    const known = await readChildren(paths, session.info.id);
    for (const childId of new Set([...childSessionIds(session), ...known])) {
      if (seen.has(childId)) continue;
      seen.add(childId);
      await read(childId);
    }
  }
  const files = await readEvidenceFiles(paths, id, namesOf, isMasked);
  const evidence = await mergeEvidence(paths, root, [files], namesOf);
  if (files.isMasked) maskedByRules.push(evidence.logText, ...files.runs.values(), evidence.mcpServers);
  const { mtimeMs: storedAt } = await lstat(fileOf(paths, id, "json"));
  return { ...evidence, sessions, ...(maskedByRules.length > 0 ? { maskedByRules } : {}), storedAt };
}

/**
 * Remembers when a session was kept, for a look at it that finds what is kept already: what was only looked at is not
 * the last one that looptrace has seen.
 *
 * @param now the session as it is kept next
 * @returns to be called when it is
 */
export async function holdPlace(paths: StorePaths, now: SessionExport): Promise<() => Promise<void>> {
  const path = fileOf(paths, now.info.id, "json");
  const facts = await ifThere(lstat(path));
  const before = facts && (await storedExport(paths, now.info.id).catch(() => undefined));
  if (!before || stateOf(before) !== stateOf(now)) return async () => undefined;
  // A file that is another one has another time, by which the index knows it.
  const kept = new Date(Math.floor(facts.mtimeMs) + 1);
  // The order is no reason not to show it.
  return () => utimes(path, kept, kept).catch(() => undefined);
}

/** Another one when opencode has gone on with a session. */
function stateOf(session: SessionExport): string {
  const { info, messages } = session;
  const last = session.generation === 1 ? session.messages.at(-1)?.info.time : undefined;
  return JSON.stringify([info.time.updated ?? null, messages.length, last ?? null]);
}

/**
 * A stored export alone; undefined when it was never stored.
 *
 * @throws {InvalidExportError} when it cannot be read any more
 */
export async function storedExport(paths: StorePaths, id: string): Promise<SessionExport | undefined> {
  return (await readStored(paths, id))?.session;
}

/** An export with its text; without it where it is so large that it is read in parts. */
async function readStored(
  paths: StorePaths,
  id: string,
): Promise<{ readonly session: SessionExport; readonly text?: string } | undefined> {
  // Anything else could name a file somewhere else.
  if (!isSessionId(id)) return undefined;
  const path = fileOf(paths, id, "json");
  const large = await ifThere(largeExport(path, path, "own"));
  if (large) return { session: large };
  const text = await readIfThere(path);
  return text === "" ? undefined : { session: exportFromJson(keptJson(text, path, id), path), text };
}

/** A shell that lost the end of an export had no part in a file of looptrace's own. */
function keptJson(text: string, path: string, id: string): unknown {
  try {
    return exportJson(text, path);
  } catch (cause) {
    throw new InvalidExportError(
      path,
      `this is no JSON any more, so what looptrace has kept of the session is damaged. \`looptrace show --fresh ${id}\` reads it anew from opencode, where that still has it.`,
      { cause },
    );
  }
}

/**
 * Stores which sessions are below which: a plugin's are named by no tool of the session that they belong to. Those that
 * were known before stay.
 */
async function saveChildren(paths: StorePaths, { rootId, raw }: SessionSnapshot, write: WriteFile): Promise<void> {
  const byParent = new Map<string, string[]>();
  for (const [id, text] of raw) {
    if (id === rootId) continue;
    const parent = parentIn(text) ?? rootId;
    byParent.set(parent, [...(byParent.get(parent) ?? []), id]);
  }
  for (const [parent, ids] of byParent) {
    if (!isSessionId(parent)) continue;
    const known = await readChildren(paths, parent);
    const all = [...new Set([...known, ...ids])];
    if (all.length > known.length) await write(fileOf(paths, parent, CHILDREN), JSON.stringify(all));
  }
}

/** The ids of a session and of all that are below it, also of those that are not stored. */
export async function namedBelow(paths: StorePaths, tree: SessionTree): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const session of flattenTree(tree)) {
    const known = await readChildren(paths, session.info.id);
    for (const id of [session.info.id, ...childSessionIds(session), ...known]) ids.add(id);
  }
  return [...ids];
}

const CHILDREN = "children.json";

function parentIn(text: string): string | undefined {
  const { parentID } = fieldsOf(fieldsOf(JSON.parse(text)).info);
  return typeof parentID === "string" ? parentID : undefined;
}

/** What cannot be read is not known: the sessions themselves are whole. */
async function readChildren(paths: StorePaths, id: string): Promise<readonly string[]> {
  if (!isSessionId(id)) return [];
  try {
    const text = await readIfThere(fileOf(paths, id, CHILDREN));
    const ids: unknown = text === "" ? [] : JSON.parse(text);
    return Array.isArray(ids) && ids.every((id) => typeof id === "string") ? ids.filter(isSessionId) : [];
  } catch {
    return [];
  }
}
