import { resolve } from "node:path";
import { InvalidExportError } from "../errors/invalid-export-error.js";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { readNamedFile, UnfitFileError } from "../files/own-files.js";
import { hasCode } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { type Masking, maskFor } from "../masking/mask.js";
import { type CommandOptions, exportSession, listChildren, listSessions } from "../opencode/commands.js";
import { readLogEvidence } from "../opencode/evidence.js";
import { configuredServers, findOpenCodeLog, withOpenCode } from "../opencode/program.js";
import {
  assembleSessions,
  childSessionIds,
  isSessionId,
  readExport,
  type SessionExport,
  type SessionTree,
} from "../opencode/session.js";
import { decodeText } from "../text/decode-text.js";
import type { Evidence, RunEvidence } from "../trace/evidence.js";
import { maskedExports } from "./mask-driven.js";
import { type KeptSession, keepSession, keptSession, lastKeptSession } from "./session-store.js";

/** A session with what is known beside it. */
export interface LoadedSession {
  readonly tree: SessionTree;
  readonly evidence: Evidence;
}

export interface LoadOptions {
  /** Path of the opencode to ask; else it is looked for. */
  readonly opencode?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start, and which project's sessions are meant. */
  readonly directory: string;
  readonly paths: StorePaths;
  /** `kept`: what looptrace has kept is as good as opencode's own; `opencode`: it is asked first. */
  readonly prefer: "kept" | "opencode";
  /** What is masked in all that is loaded, and in what is kept of it. */
  readonly masking?: Masking | undefined;
  /** Reads standard input to its end, for the source `-`. */
  readonly readStdin: () => Promise<string>;
  readonly onNote?: ((note: string) => void) | undefined;
  /** Told of a file or session that cannot be had, which is then left out; without it the first one ends it all. */
  readonly onUnreadable?: ((error: unknown, source: string) => void) | undefined;
}

/** Which of opencode's sessions are meant where none is named. */
export type Selection =
  | { readonly kind: "last" }
  | { readonly kind: "all" }
  /** Updated since then, ms since the epoch. */
  | { readonly kind: "since"; readonly at: number };

/**
 * Loads sessions from wherever they are: export files, standard input (`-`), ids of sessions that opencode or looptrace
 * knows. Files and ids can be mixed; a subagent's session among them is put below its parent instead of standing alone.
 *
 * Files are read first, all of them; sessions that are asked for by id are loaded and handed over one after the other,
 * so that many need no more memory than the largest.
 *
 * @param use called with each session; waited for before the next one is loaded
 * @throws {InvalidExportError} when a file is not an export; nothing was handed over then
 * @throws {SessionNotFoundError} when nobody knows a session
 * @throws {OpenCodeNotFoundError} when opencode has to be asked and is not there
 */
export async function loadSessions(
  sources: readonly string[],
  options: LoadOptions,
  use: (session: LoadedSession) => void | Promise<void>,
): Promise<void> {
  // What may belong to another session is held back until all are known.
  const held: Found[] = [];
  const wanted: string[] = [];
  for (const source of sources) {
    try {
      const text = await readSource(source, options);
      if (text === undefined) wanted.push(source);
      else
        held.push(
          await masked(
            await withServers({ sessions: [readExport(text, source)], logText: "", runs: [] }, options),
            maskingOf(options),
          ),
        );
    } catch (error) {
      if (!options.onUnreadable) throw error;
      options.onUnreadable(error, source);
    }
  }
  if (wanted.length > 0) refuseUntrustedStore(options.paths);
  const used = new Set<string>();
  const handOver = async (found: readonly Found[]): Promise<void> => {
    for (const session of assemble(found)) {
      if (used.has(session.tree.session.info.id)) continue;
      for (const { info } of flatten(session.tree)) used.add(info.id);
      await use(session);
    }
  };
  let listed: ReturnType<typeof listChildren> | undefined;
  const children: Children = (command) => {
    listed ??= listChildren(command);
    return listed;
  };
  for (const id of new Set(wanted)) {
    const found = await findById(id, options, children).catch((error: unknown) => {
      if (!options.onUnreadable) throw error;
      options.onUnreadable(error, id);
    });
    if (!found) continue;
    if (found.sessions[0]?.info.parentID === undefined) await handOver([found]);
    else held.push(found);
  }
  await handOver(held);
}

/** A kept session with its subagents, and which sessions of subagents it names. */
export interface KeptLoad {
  readonly loaded: readonly LoadedSession[];
  readonly parentId: string | undefined;
  /** Also those that are not kept. */
  readonly subagentIds: readonly string[];
}

/**
 * Loads a session that looptrace has kept, and asks nobody else.
 *
 * @returns undefined when it is not kept
 * @throws {InvalidExportError} when the kept export cannot be read
 */
export async function loadKept(
  id: string,
  { paths, masking }: { readonly paths: StorePaths; readonly masking: Masking },
): Promise<KeptLoad | undefined> {
  const kept = await keptSession(paths, id);
  return (
    kept && {
      loaded: assemble([await masked(kept, masking)]),
      parentId: kept.sessions[0]?.info.parentID,
      subagentIds: [
        ...new Set([
          ...kept.sessions.slice(1).map(({ info }) => info.id),
          ...kept.sessions.flatMap(childSessionIds),
        ]),
      ],
    }
  );
}

/**
 * The sessions that a selection means: opencode's own, and for `last` with `prefer: "kept"` the one kept last.
 *
 * @returns session ids, the last updated first
 */
export async function selectSessions(selection: Selection, options: LoadOptions): Promise<readonly string[]> {
  refuseUntrustedStore(options.paths);
  if (selection.kind === "last" && options.prefer === "kept") {
    const kept = await lastKeptSession(options.paths);
    if (kept !== undefined) return [kept];
  }
  return withOpenCode(options, async ({ opencode, folder }) => {
    const { environment, directory } = options;
    const limit = selection.kind === "last" ? 1 : undefined;
    const entries = await listSessions({ path: opencode.path, folder, environment, directory }, limit);
    return entries
      .filter((entry) => selection.kind !== "since" || entry.updated >= selection.at)
      .map(({ id }) => id);
  });
}

/** A copy that is older may lack a turn that was added without looptrace; whoever has just run it need not be told. */
const STALE_MS = 60_000;

/** What is known of one root session, before subagents are put in their places. */
interface Found {
  readonly sessions: readonly SessionExport[];
  readonly logText: string;
  readonly runs: readonly RunEvidence[];
  /** The names of the MCP servers that opencode had; undefined where nothing is kept of them. */
  readonly mcpServers?: readonly string[] | undefined;
}

async function readSource(source: string, options: LoadOptions): Promise<string | undefined> {
  if (source === "-") return options.readStdin();
  try {
    return decodeText(await readNamedFile(resolve(options.directory, source)));
  } catch (error) {
    if (hasCode(error, "ENOENT") && isSessionId(source)) return undefined;
    throw new InvalidExportError(source, whyUnreadable(error), { cause: error });
  }
}

function whyUnreadable(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "there is no such file, and it is not a session's id (ses_…) either.";
  if (hasCode(error, "EISDIR")) return "this is a folder. Name the export files in it.";
  if (hasCode(error, "EACCES")) return "the file may not be read by you.";
  if (error instanceof UnfitFileError) return `it ${error.problem}.`;
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** Also what was kept by somebody who masked less. */
async function masked({ sessions, logText, runs, mcpServers }: Found, masking: Masking): Promise<Found> {
  const mask = await maskFor([sessions, logText, runs, mcpServers], masking);
  return {
    sessions: mask(sessions),
    logText: mask(logText),
    runs: mask(runs),
    mcpServers: mcpServers && mask(mcpServers),
  };
}

/** Where nothing is kept of the MCP servers, those count that the session's directory is configured with now. */
async function withServers(found: Found, { environment }: LoadOptions): Promise<Found> {
  const [root] = found.sessions;
  if (found.mcpServers || !root) return found;
  return {
    ...found,
    mcpServers: await configuredServers({ directory: root.info.directory, environment, projectConfig: true }),
  };
}

function maskingOf({ masking, environment }: LoadOptions): Masking {
  return masking === false ? false : { environment, ...masking };
}

async function keptMasked(id: string, options: LoadOptions): Promise<KeptSession | undefined> {
  const kept = await keptSession(options.paths, id);
  if (!kept) return undefined;
  const { sessions, logText, runs, mcpServers } = await masked(
    await withServers(kept, options),
    maskingOf(options),
  );
  return { ...kept, sessions, logText, runs, mcpServers };
}

/** Asks for them once, however many sessions are loaded. */
type Children = (command: CommandOptions) => ReturnType<typeof listChildren>;

async function findById(id: string, options: LoadOptions, children: Children): Promise<Found> {
  const kept = options.prefer === "kept" ? await keptMasked(id, options) : undefined;
  if (kept) {
    if (Date.now() - kept.keptAt > STALE_MS) {
      const at = new Date(kept.keptAt).toISOString().replace(/\.\d+/, "");
      options.onNote?.(`This is ${id} as it was kept at ${at}; --fresh reads it anew from opencode.`);
    }
    return kept;
  }
  try {
    return await withOpenCode(options, ({ opencode, folder, warnings }) => {
      for (const warning of warnings) options.onNote?.(warning);
      const command = { ...options, path: opencode.path, folder };
      return exportAndKeep(id, { ...command, children: () => children(command) });
    });
  } catch (error) {
    // Without opencode there is still what was kept.
    const instead = error instanceof OpenCodeNotFoundError ? await keptMasked(id, options) : undefined;
    if (!instead) throw error;
    return instead;
  }
}

async function exportAndKeep(
  id: string,
  options: LoadOptions & Parameters<typeof exportSession>[1],
): Promise<Found> {
  try {
    const { tree, raw, notes } = await exportSession(id, options);
    for (const note of notes) options.onNote?.(note);
    const logText = await findOpenCodeLog(
      [...raw.keys()],
      tree.session.info.time.created,
      options.environment,
    );
    const exports = [...raw.values()].map((text): unknown => JSON.parse(text));
    const { directory } = tree.session.info;
    const { environment } = options;
    const mcpServers = await configuredServers({ directory, environment, projectConfig: true });
    const mask = await maskFor([exports, logText, mcpServers], maskingOf(options));
    const sighting = {
      rootId: id,
      raw: maskedExports(raw, mask),
      logText: mask(logText),
      mcpServers: mask(mcpServers),
    };
    await keepSession(options.paths, sighting).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      options.onNote?.(`The session could not be kept below ${options.paths.sessions}: ${why}`);
    });
    const kept = await keptMasked(id, options).catch(() => undefined);
    const beside = {
      logText: kept?.logText || sighting.logText,
      runs: kept?.runs ?? [],
      mcpServers: kept?.mcpServers ?? sighting.mcpServers,
    };
    return { sessions: mask(flatten(tree)), ...beside };
  } catch (error) {
    const kept = error instanceof SessionNotFoundError ? await keptMasked(id, options) : undefined;
    if (!kept) throw error;
    options.onNote?.(`opencode does not know ${id} any more; this is what looptrace has kept of it.`);
    return kept;
  }
}

function flatten(tree: SessionTree): SessionExport[] {
  return [tree.session, ...tree.children.flatMap(flatten)];
}

function assemble(found: readonly Found[]): LoadedSession[] {
  const trees = assembleSessions(found.flatMap(({ sessions }) => sessions));
  return trees.map((tree) => {
    const ids = new Set(flatten(tree).map(({ info }) => info.id));
    const mine = found.filter(({ sessions }) => sessions.some(({ info }) => ids.has(info.id)));
    return {
      tree,
      evidence: {
        log: readLogEvidence(mine.map(({ logText }) => logText).join("\n")),
        runs: mine.flatMap(({ runs }) => runs),
        mcpServers: mine.flatMap(({ mcpServers = [] }) => mcpServers),
      },
    };
  });
}
