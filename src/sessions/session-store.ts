import { createHash } from "node:crypto";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readOwnText } from "../files/own-files.js";
import { ensurePrivateFolder, hasCode, writeWhole } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder, refuseUntrustedStore } from "../files/trusted-store.js";
import { childSessionIds, isSessionId, readExport, type SessionExport } from "../opencode/session.js";
import { type RunEvidence, runEvidence } from "../trace/evidence.js";
import { abandonedRuns } from "./run-owner.js";

/**
 * The sessions that looptrace has seen, kept as they were read, so that views work offline and after a session is gone:
 * `<id>.json` is opencode's export, `<id>.children.json` the ids of the sessions below it, `<id>.log` the log that opencode
 * itself had of it, `<id>.run-….json` and `.log` how a run ended and what it logged, `<id>.mcp-….json` which MCP servers
 * opencode had. Each run, and each set of servers, has a file of its own, so that several may write at once.
 */
export interface KeptSession {
  /** The session and those of its subagents, as far as they are kept. */
  readonly sessions: readonly SessionExport[];
  readonly logText: string;
  readonly runs: readonly RunEvidence[];
  /** The names of the MCP servers that opencode had in any sighting; undefined where none told. */
  readonly mcpServers: readonly string[] | undefined;
  /** When the export was read from opencode, ms since the epoch. */
  readonly keptAt: number;
}

/** One more look at a session. */
export interface Sighting {
  readonly rootId: string;
  /** opencode's exports by session id, the subagents' among them. */
  readonly raw: ReadonlyMap<string, string>;
  /** What opencode logged since the last sighting. */
  readonly logText?: string;
  readonly run?: RunEvidence;
  /** The names of the MCP servers that opencode had. */
  readonly mcpServers?: readonly string[] | undefined;
}

/**
 * Keeps what was read; the logs and runs of earlier sightings stay.
 *
 * @throws the file system's error, for instance ENOSPC or EROFS
 */
export async function keepSession(paths: StorePaths, sighting: Sighting): Promise<void> {
  // Anything else could name a file somewhere else.
  for (const id of [sighting.rootId, ...sighting.raw.keys()])
    if (!isSessionId(id)) throw new Error(`${JSON.stringify(id.slice(0, 100))} is no session's id`);
  await ensurePrivateFolder(paths.root, paths.sessions);
  for (const [id, text] of sighting.raw) await writeWhole(fileOf(paths, id, "json"), text);
  await keepChildren(paths, sighting);
  const { rootId, logText = "", run } = sighting;
  // In a name's order: the runs as they began.
  const name = run ? `run-${run.startedAt}-${run.id ?? "0"}-${run.attempt ?? 0}.` : "";
  if (logText !== "") await writeWhole(fileOf(paths, rootId, `${name}log`), logText);
  if (run) await writeWhole(fileOf(paths, rootId, `${name}json`), JSON.stringify(run, undefined, 2));
  if (sighting.mcpServers) {
    const text = JSON.stringify({ mcpServers: [...new Set(sighting.mcpServers)].sort() });
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
    await writeWhole(fileOf(paths, rootId, `mcp-${digest}.json`), text);
  }
}

/**
 * Reads a kept session with its subagents.
 *
 * @returns undefined when it was never kept
 * @throws {InvalidExportError} when the kept export cannot be read any more
 */
export async function keptSession(paths: StorePaths, id: string): Promise<KeptSession | undefined> {
  refuseUntrustedFolder(paths.root, paths.sessions);
  const root = await keptExport(paths, id);
  if (!root) return undefined;
  const sessions = [root];
  const seen = new Set([id]);
  // Grows while it is walked: children have children.
  for (const session of sessions) {
    const known = await readChildren(paths, session.info.id);
    for (const childId of new Set([...childSessionIds(session), ...known])) {
      if (seen.has(childId)) continue;
      seen.add(childId);
      const child = await keptExport(paths, childId);
      if (child) sessions.push(child);
    }
  }
  const runs = await readRuns(paths, id);
  return {
    sessions,
    keptAt: (await lstat(fileOf(paths, id, "json"))).mtimeMs,
    logText: await readLogs(paths, id),
    mcpServers: await readServers(paths, id),
    runs: [...runs, ...(await abandonedRuns(paths, root, runs))],
  };
}

/**
 * Keeps which sessions are below which: a plugin's are named by no tool of the session that they belong to. Those that were
 * known before stay.
 */
async function keepChildren(paths: StorePaths, { rootId, raw }: Sighting): Promise<void> {
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
    if (all.length > known.length) await writeWhole(fileOf(paths, parent, CHILDREN), JSON.stringify(all));
  }
}

const CHILDREN = "children.json";

const parented = z.object({ info: z.object({ parentID: z.string().optional() }) });

function parentIn(text: string): string | undefined {
  return parented.safeParse(JSON.parse(text)).data?.info.parentID;
}

/** What cannot be read is not known: the sessions themselves are whole. */
async function readChildren(paths: StorePaths, id: string): Promise<readonly string[]> {
  if (!isSessionId(id)) return [];
  try {
    const text = await readIfThere(fileOf(paths, id, CHILDREN));
    return text === "" ? [] : z.array(z.string()).parse(JSON.parse(text)).filter(isSessionId);
  } catch {
    return [];
  }
}

/** The session that was kept last, subagents' sessions aside; undefined when there is none. */
export async function lastKeptSession(paths: StorePaths): Promise<string | undefined> {
  for (const id of await keptIds(paths)) {
    const session = await keptExport(paths, id);
    if (session && session.info.parentID === undefined) return id;
  }
  return undefined;
}

/** The files of one kept session, as far as a folder's listing tells of them. */
export interface KeptFiles {
  readonly id: string;
  /** Another one when any of the files is another one: their names, times and sizes. */
  readonly fingerprint: string;
  /** When the export was written, ms since the epoch. */
  readonly keptAt: number;
}

/**
 * What is kept, without reading it: sessions and subagents' sessions by their ids.
 *
 * @throws the file system's error when the folder is there and cannot be read
 */
export async function keptFiles(paths: StorePaths): Promise<ReadonlyMap<string, KeptFiles>> {
  refuseUntrustedStore(paths);
  const found = new Map<string, { keptAt?: number; readonly prints: string[] }>();
  const listing = await Promise.all(
    [...(await namesIn(paths))].sort().map(async (name) => {
      const id = /^([^.]+)\.(?:(?:run|mcp)-.+\.|children\.)?(?:json|log)$/.exec(name)?.[1] ?? "";
      // Another process may have removed it meanwhile.
      const facts = isSessionId(id) && (await lstat(join(paths.sessions, name)).catch(() => undefined));
      return { name, id, facts };
    }),
  );
  for (const { name, id, facts } of listing) {
    if (!facts) continue;
    const files = found.get(id) ?? { prints: [] };
    files.prints.push(`${name} ${facts.mtimeMs} ${facts.size}`);
    if (name === `${id}.json`) files.keptAt = facts.mtimeMs;
    found.set(id, files);
  }
  const kept = new Map<string, KeptFiles>();
  for (const [id, { keptAt, prints }] of found) {
    // Logs and runs alone are no session.
    if (keptAt !== undefined) kept.set(id, { id, keptAt, fingerprint: prints.join("\n") });
  }
  return kept;
}

/** All kept sessions, the one kept last first. */
async function keptIds(paths: StorePaths): Promise<readonly string[]> {
  const ids = (await namesIn(paths))
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
  const times = await Promise.all(
    ids.filter(isSessionId).map(async (id) => ({ id, at: (await lstat(fileOf(paths, id, "json"))).mtimeMs })),
  );
  return times.sort((a, b) => b.at - a.at).map(({ id }) => id);
}

async function keptExport(paths: StorePaths, id: string): Promise<SessionExport | undefined> {
  // Anything else could name a file somewhere else.
  if (!isSessionId(id)) return undefined;
  const path = fileOf(paths, id, "json");
  const text = await readIfThere(path);
  return text === "" ? undefined : readExport(text, path);
}

async function readRuns(paths: StorePaths, id: string): Promise<readonly RunEvidence[]> {
  const texts = await readAll(paths, `${id}.run-`, ".json");
  return texts.flatMap((text) => {
    try {
      return [runEvidence.parse(JSON.parse(text))];
    } catch {
      // Evidence that cannot be read is no evidence; the export itself is whole.
      return [];
    }
  });
}

const keptServers = z.object({ mcpServers: z.array(z.string()) });

async function readServers(paths: StorePaths, id: string): Promise<readonly string[] | undefined> {
  const texts = await readAll(paths, `${id}.mcp-`, ".json");
  const sets = texts.flatMap((text) => {
    try {
      return [keptServers.parse(JSON.parse(text)).mcpServers];
    } catch {
      return [];
    }
  });
  return sets.length === 0 ? undefined : [...new Set(sets.flat())];
}

async function readLogs(paths: StorePaths, id: string): Promise<string> {
  const texts = [
    await readIfThere(fileOf(paths, id, "log")),
    ...(await readAll(paths, `${id}.run-`, ".log")),
  ];
  return texts.reduce(joinLogs, "");
}

/** The texts of the files whose names begin and end so, in the names' order. */
async function readAll(paths: StorePaths, begin: string, end: string): Promise<readonly string[]> {
  const names = (await namesIn(paths)).filter((name) => name.startsWith(begin) && name.endsWith(end));
  return Promise.all(names.sort().map((name) => readIfThere(join(paths.sessions, name))));
}

async function namesIn(paths: StorePaths): Promise<readonly string[]> {
  return readdir(paths.sessions).catch((error: unknown) => {
    if (isNotThere(error)) return [];
    throw error;
  });
}

function fileOf(paths: StorePaths, id: string, ending: string): string {
  return join(paths.sessions, `${id}.${ending}`);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readOwnText(path);
  } catch (error) {
    if (isNotThere(error)) return "";
    throw error;
  }
}

/** A store whose place is taken by a file holds nothing either. */
function isNotThere(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

/**
 * Both logs in one. opencode's own log file and what it said on stderr overlap, and a line that stood there twice would
 * look like a request that was sent twice. Lines of before 1.17 are only distances, which repeat by chance: such a log
 * is taken or left as a whole.
 */
function joinLogs(before: string, more: string): string {
  if (before === "" || more.includes(before)) return more;
  if (before.includes(more)) return before;
  const known = new Set(before.split("\n"));
  const added = more.split("\n").filter((line) => !line.startsWith("timestamp=") || !known.has(line));
  return `${before}${before.endsWith("\n") ? "" : "\n"}${added.join("\n")}`;
}
