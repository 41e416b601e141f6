import { createHash } from "node:crypto";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";
import { type RunEvidence, runEvidenceIn } from "../opencode/evidence.js";
import type { SessionExport } from "../opencode/session.js";
import { fieldsOf } from "../text/json-fields.js";
import type { WireEvidence } from "../wire/model.js";
import { mergeWires, recordingsIn } from "../wire/recording/combine.js";
import { readRecording } from "../wire/recording/read-recording.js";
import { writeRecording } from "../wire/recording/write-recording.js";
import type { SessionEvidence } from "./loaded-session.js";
import type { IsMasked } from "./masked-files.js";
import { abandonedRuns } from "./run-owner.js";
import { fileOf, type NamesOf, namesOfEach, readIfThere } from "./store-files.js";

/** How a turn ended, and what opencode logged meanwhile. */
export interface RunSnapshot {
  readonly run: RunEvidence;
  readonly logText?: string | undefined;
}

/** What one look at a session told beside its exports. */
export interface EvidenceSnapshot {
  /** What opencode logged about the session, all of it. */
  readonly logText?: string | undefined;
  readonly runs?: readonly RunSnapshot[] | undefined;
  /** The names of the MCP servers that opencode had; undefined where it did not say. */
  readonly mcpServers?: readonly string[] | undefined;
  /** What was sent to models; undefined where it was not recorded. */
  readonly wire?: WireEvidence | undefined;
}

/** The files of a session's evidence: runs and logs by the ending of their names, in the names' order. */
export interface EvidenceFiles {
  readonly logs: ReadonlyMap<string, string>;
  readonly runs: ReadonlyMap<string, RunEvidence>;
  readonly mcpServers: readonly string[] | undefined;
  /** Recordings of what was sent to models, by their names. */
  readonly wires: ReadonlyMap<string, WireEvidence>;
  /** Whether logs, runs and servers were read from files that are known to be masked. */
  readonly isMasked?: boolean;
}

export const noEvidence: EvidenceFiles = { logs: new Map(), runs: new Map(), mcpServers: undefined, wires: new Map() };

/** The files that a snapshot's evidence becomes. Their names sort runs as they began. */
export function evidenceFiles({ logText, runs = [], mcpServers, wire }: EvidenceSnapshot): EvidenceFiles {
  const named = runs.map(({ run, logText: text }) => ({ name: nameOf(run), run, text }));
  const logs = [
    { name: SESSION_LOG, text: logText },
    ...named.map(({ name, text }) => ({ name: `${name}.log`, text })),
  ];
  return {
    logs: new Map(logs.flatMap(({ name, text }) => (text ? [[name, text]] : []))),
    runs: new Map(named.map(({ name, run }) => [`${name}.json`, run])),
    mcpServers,
    wires: wire ? recordingsIn(wire, named.at(-1)?.name ?? "notes") : new Map(),
  };
}

/** What the files of a session's evidence hold, by their names. */
export interface EvidenceTexts {
  /** Recordings, which say themselves what has masked them. */
  readonly wires: ReadonlyMap<string, string>;
  /** Logs, runs and servers. */
  readonly texts: ReadonlyMap<string, string>;
}

/** The texts of the files of a session's evidence; those that are there under other names stay. */
export function evidenceTexts(id: string, evidence: EvidenceFiles): EvidenceTexts {
  const texts = new Map(evidence.logs);
  for (const [name, run] of evidence.runs) texts.set(name, JSON.stringify(run, undefined, 2));
  const wires = [...evidence.wires].map(
    ([name, wire]) => [`${WIRE}${name}${RECORDING}`, writeRecording(wire)] as const,
  );
  if (evidence.mcpServers) {
    const text = JSON.stringify({ mcpServers: [...new Set(evidence.mcpServers)].sort() });
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
    texts.set(`mcp-${digest}.json`, text);
  }
  const named = (all: Iterable<readonly [string, string]>) =>
    new Map([...all].map(([name, text]) => [`${id}.${name}`, text]));
  return { wires: named(wires), texts: named(texts) };
}

/**
 * Reads the files of a session's evidence, and not the session itself. What cannot be read is left out.
 *
 * @param isFileMasked tells of each whether it was masked when it was kept
 */
export async function readEvidenceFiles(
  paths: StorePaths,
  id: string,
  namesOf: NamesOf = namesOfEach(paths),
  isFileMasked: IsMasked = () => false,
): Promise<EvidenceFiles> {
  refuseUntrustedFolder(paths.root, paths.sessions);
  const endings = (await namesOf(id)).map((name) => name.slice(id.length + 1)).sort();
  const read = async (begin: string, end: string): Promise<readonly (readonly [name: string, text: string])[]> =>
    Promise.all(
      endings
        .filter((name) => name.startsWith(begin) && name.endsWith(end))
        .map(async (name) => [name, await readIfThere(fileOf(paths, id, name))] as const),
    );
  const runFiles = await read("run-", ".json");
  const serverFiles = await read("mcp-", ".json");
  const logs = [...(await read(SESSION_LOG, SESSION_LOG)), ...(await read("run-", ".log"))];
  const runs = runFiles.flatMap(([name, text]) => parsed(text, runEvidenceIn).map((run) => [name, run] as const));
  const sets = serverFiles.flatMap(([, text]) => parsed(text, storedServers));
  const wires = (await read(WIRE, RECORDING)).map(([file, text]) => {
    const name = file.slice(WIRE.length, -RECORDING.length);
    return [name, readRecording(text, name, { isKept: true })] as const;
  });
  return {
    wires: new Map(wires),
    logs: new Map(logs),
    runs: new Map(runs),
    mcpServers: sets.length === 0 ? undefined : [...new Set(sets.flatMap(({ mcpServers }) => mcpServers))],
    isMasked: [...logs, ...runFiles, ...serverFiles].every(([name, text]) => isFileMasked(`${id}.${name}`, text)),
  };
}

/**
 * What several looks at a session told, as if it were read from the store.
 *
 * @param session tells which runs of killed processes have begun a turn
 */
export async function mergeEvidence(
  paths: StorePaths | null,
  session: SessionExport | undefined,
  looks: readonly EvidenceFiles[],
  namesOf: NamesOf | undefined = paths ? namesOfEach(paths) : undefined,
): Promise<SessionEvidence> {
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
  const logs = [...new Map(looks.flatMap((look) => [...look.logs]))].sort(byName);
  const runs = [...new Map(looks.flatMap((look) => [...look.runs]))].sort(byName).map(([, run]) => run);
  const told = looks.flatMap(({ mcpServers }) => (mcpServers ? [mcpServers] : []));
  const wire = mergeWires([...new Map(looks.flatMap((look) => [...look.wires])).values()]);
  return {
    ...(wire ? { wire } : {}),
    // "log" comes before "run-…".
    logText: logs.map(([, text]) => text).reduce(joinLogs, ""),
    runs: paths && session ? [...runs, ...(await abandonedRuns(paths, session, runs, namesOf))] : runs,
    mcpServers: told.length === 0 ? undefined : [...new Set(told.flat())],
  };
}

const SESSION_LOG = "log";
const WIRE = "wire-";
const RECORDING = ".jsonl";

function nameOf({ startedAt, id = "0", attempt = 0 }: RunEvidence): string {
  return `run-${startedAt}-${id}-${attempt}`;
}

/** @throws when it names none */
function storedServers(value: unknown): { readonly mcpServers: readonly string[] } {
  const { mcpServers } = fieldsOf(value);
  if (!Array.isArray(mcpServers) || !mcpServers.every((name) => typeof name === "string"))
    throw new Error("it names no servers");
  return { mcpServers };
}

/** Evidence that cannot be read is no evidence; the export itself is whole. */
function parsed<T>(text: string, read: (value: unknown) => T): readonly T[] {
  try {
    return [read(JSON.parse(text))];
  } catch {
    return [];
  }
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
