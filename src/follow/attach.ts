import type { DestinationReport } from "../deliver/delivery-report.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import type { ExportResult } from "../opencode/commands.js";
import {
  connect,
  type EventEvidence,
  evidenceWithin,
  type FollowedSessions,
  familyOf,
  followSessions,
  type Mirror,
  mcpServersOf,
  rawExports,
  readSessionFrom,
  rootOf,
  type ServerConnection,
  type StreamTrouble,
  treeOf,
} from "../opencode/server.js";
import { traceRecorded } from "../sessions/loaded-session.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import { lastMomentOfLoop } from "../trace/extent.js";
import type { Loop, LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import { isUnanswered } from "../trace/unanswered.js";
import { type LiveSession, liveTracer } from "./live-trace.js";
import { servedRun, servedRuns } from "./served-runs.js";
import { toldTurns } from "./told-turns.js";

export interface AttachOptions {
  readonly connection: ServerConnection;
  /** Only the sessions of this project's directory, or only this session. */
  readonly directory?: string | undefined;
  readonly session?: string | undefined;
  /** Sends what is closed of turns at work. */
  readonly exporter: TraceExporter;
  readonly paths: StorePaths;
  readonly masking: Masking | undefined;
  /** Whether what is closed of a turn is sent while the turn is at work. */
  readonly live: boolean;
  readonly signal: AbortSignal;
  readonly onConnected?: ((first: boolean) => void) | undefined;
  readonly onTrouble?: ((trouble: StreamTrouble) => void) | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  /** The sessions at work have changed. */
  readonly onChange?: ((mirror: Mirror) => void) | undefined;
  /** A turn is over, and stored; it is to be sent. The next event waits until this returns. */
  readonly onTurn: (trace: LoopTrace, stored: boolean) => void;
  /** What was sent of turns that are at work. */
  readonly onDelivery?: ((reports: readonly DestinationReport[]) => void) | undefined;
}

/** A turn that was at work when looptrace went. */
export interface LeftAtWork {
  readonly sessionId: string;
  readonly stored: boolean;
}

/** A turn that ended so shortly before looptrace came is taken for one of those that it was to see: clocks differ. */
const SLACK_MS = 60_000;
const READ_MS = 60_000;

/**
 * Traces the turns of an opencode server that somebody else runs, those under way when it comes among them, until `signal` is
 * aborted: each is stored when it is over and handed to `onTurn`, and what is closed of it goes out while it runs.
 *
 * @returns what was at work at the end; it is stored as it was then
 */
export async function attachTo(options: AttachOptions): Promise<readonly LeftAtWork[]> {
  const { connection, signal } = options;
  const recorder = new SessionRecorder(options);
  const since = Date.now() - SLACK_MS;
  const told = toldTurns();
  const servers = knownServers(connection, signal);
  const serversOf = (rootId: string): Promise<readonly string[] | undefined> =>
    servers.of(followed.mirror.get(rootId)?.info.directory);
  const live = options.live
    ? liveTracer({
        exporter: options.exporter,
        ready: async (rootId) => void (await serversOf(rootId)),
        sessionOf: async (rootId) => liveSession(followed, rootId, (await serversOf(rootId)) ?? []),
        onProblem: noteOf(options),
      })
    : undefined;

  const record = async (rootId: string): Promise<void> => {
    await live?.release(rootId);
    const read = await readAtRest(connection, rootId, signal).catch(() =>
      fromMirror(followed.mirror, rootId),
    );
    if (!read) return;
    const isNew = (loop: Loop, index: number, all: readonly Loop[]): boolean =>
      told.isNews(loop) && !loop.copied && (lastMomentOfLoop(loop) >= since || index === all.length - 1);
    const loops = loopsOf(traceSession(read.tree), rootId).filter(
      (loop) => !isUnanswered(loop) || hasFailed(loop, followed.evidence),
    );
    const wanted = new Set(loops.filter(isNew));
    if (wanted.size === 0) return;
    // What is stored of how a turn ended stays when the turn goes on.
    const isFirst = (loop: Loop): boolean => wanted.has(loop) && !told.has(loop.userMessageId);
    const runs = servedRuns(loops, isFirst, followed.evidence, new Set(read.raw.keys()));
    const { directory } = read.tree.session.info;
    const mcpServers = await servers.of(directory);
    // The next turn may have others.
    servers.forget(directory);
    const seen = { ...read, runs: runs.map((run) => ({ run })), mcpServers };
    const recorded = await recorder.record(seen, null);
    for (const note of recorded.notes) options.onNote?.(note);
    const ids = new Set([...wanted].map(({ userMessageId }) => userMessageId));
    for (const trace of traceRecorded(recorded)) {
      const { userMessageId, sessionId } = trace.loop;
      if (sessionId !== rootId || !ids.has(userMessageId)) continue;
      told.add(trace.loop);
      options.onTurn(trace, recorded.stored);
    }
  };

  const followed = followSessions(connection, {
    directory: options.directory,
    session: options.session,
    signal,
    onConnected: options.onConnected,
    onTrouble: options.onTrouble,
    onNote: options.onNote,
    onIdle: async (rootId) => {
      await record(rootId).catch(noteOf(options));
      options.onChange?.(followed.mirror);
    },
    onChange: (rootId) => {
      live?.update(rootId);
      options.onChange?.(followed.mirror);
    },
  });
  await followed.ended;
  await live?.close();
  return await recordLeft(followed.mirror, recorder, options.onNote);
}

/**
 * Whether the server told of a failure after a message that no model answered. Without one it may never have been to be
 * answered, and is told with the turn that reads it.
 */
function hasFailed({ sessionId, start }: Loop, evidence: EventEvidence): boolean {
  return evidence.errors.some((error) => error.sessionId === sessionId && error.at >= start);
}

/** Who ends it does not want to wait for sessions that a server may have made up. */
const RECORD_MS = 5_000;

/** What is at work cannot be asked for once more: the server may be gone. */
async function recordLeft(
  mirror: Mirror,
  recorder: SessionRecorder,
  onNote: AttachOptions["onNote"],
): Promise<LeftAtWork[]> {
  const left: LeftAtWork[] = [];
  const until = performance.now() + RECORD_MS;
  for (const rootId of new Set([...mirror.keys()].map((id) => rootOf(mirror, id)))) {
    if (performance.now() > until) {
      onNote?.(
        "More sessions are at work than can be kept now; `looptrace trace` has them when they are over.",
      );
      break;
    }
    const read = fromMirror(mirror, rootId);
    if (!read || mirror.get(rootId)?.status.type === "idle") continue;
    const { stored, notes } = await recorder.record(read, null);
    for (const note of notes) onNote?.(note);
    left.push({ sessionId: rootId, stored });
  }
  return left;
}

/** A server that does not say which MCP servers it has within this says nothing of them. */
const SERVERS_MS = 5_000;

/** The MCP servers that the opencode server has, asked for once a turn and directory. */
function knownServers(
  connection: ServerConnection,
  signal: AbortSignal,
): {
  readonly of: (directory: unknown) => Promise<readonly string[] | undefined>;
  readonly forget: (directory: string) => void;
} {
  const known = new Map<string, Promise<readonly string[] | undefined>>();
  const ask = async (directory: string): Promise<readonly string[] | undefined> => {
    const client = await connect(connection, directory === "" ? undefined : directory);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(SERVERS_MS)]);
    return await mcpServersOf(client, { added: true, signal: patience });
  };
  return {
    of: (directory) => {
      const where = typeof directory === "string" ? directory : "";
      const asked = known.get(where) ?? ask(where).catch(() => undefined);
      known.set(where, asked);
      return asked;
    },
    forget: (directory) => void known.delete(directory),
  };
}

function liveSession(
  { mirror, evidence }: FollowedSessions,
  rootId: string,
  mcpServers: readonly string[],
): LiveSession | undefined {
  const tree = treeOf(mirror, rootId);
  if (!tree) return undefined;
  const family = new Set(familyOf(mirror, rootId));
  const isTold = Object.values(evidenceWithin(evidence, family, 0, Number.POSITIVE_INFINITY)).some(
    ({ length }) => length > 0,
  );
  const loop = isTold ? loopsOf(traceSession(tree), rootId).at(-1) : undefined;
  // A message without an answer may be none that a loop runs for.
  if (!loop || isUnanswered(loop)) return { tree, evidence: { mcpServers } };
  const run = servedRun(loop, Number.POSITIVE_INFINITY, evidence, family);
  return { tree, evidence: { runs: [run], mcpServers } };
}

async function readAtRest(
  connection: ServerConnection,
  rootId: string,
  signal: AbortSignal,
): Promise<ExportResult> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
  return await readSessionFrom(await connect(connection), rootId, patience);
}

function fromMirror(mirror: Mirror, rootId: string): Pick<ExportResult, "tree" | "raw"> | undefined {
  const tree = treeOf(mirror, rootId);
  return tree && { tree, raw: rawExports(mirror, rootId) };
}

function loopsOf(traces: readonly LoopTrace[], sessionId: string): readonly Loop[] {
  return traces.map(({ loop }) => loop).filter((loop) => loop.sessionId === sessionId);
}

function noteOf({ onNote }: AttachOptions): (error: unknown) => void {
  return (error) => onNote?.(error instanceof Error ? error.message : String(error));
}
