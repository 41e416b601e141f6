import { messageOf } from "../errors/thrown.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import { type Masked, maskedLike } from "../masking/masked.js";
import type { ExportResult } from "../opencode/commands.js";
import {
  evidenceWithin,
  type FollowedServer,
  followServer,
  type ServerConnection,
  type WorkingSession,
} from "../opencode/server.js";
import { traceRecorded } from "../sessions/loaded-session.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import type { LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import { isUnanswered } from "../trace/unanswered.js";
import { knownServers } from "./known-servers.js";
import { type LiveSession, liveTracer } from "./live-trace.js";
import type { FollowServerOptions } from "./options.js";
import { servedRun } from "./served-run.js";
import { noTurns, withTold } from "./told-turns.js";
import { loopsOf, turnsAtRest } from "./turns-at-rest.js";

export interface AttachOptions extends Omit<FollowServerOptions, "url" | "username" | "password" | "store" | "onTurn"> {
  readonly connection: ServerConnection;
  /** Sends what is closed of turns at work. */
  readonly exporter: TraceExporter;
  readonly paths: StorePaths;
  readonly masking: Masking | undefined;
  readonly live: boolean;
  /** The sessions at work have changed; the function tells them as they are when it is called. */
  readonly onChange?: ((working: () => readonly WorkingSession[]) => void) | undefined;
  /** A turn is over, and stored; it is to be sent. The next event waits until this returns. */
  readonly onTurn: (trace: Masked<LoopTrace>, stored: boolean) => void;
}

/** A turn that was at work when looptrace went. */
export interface UnfinishedSession {
  /** The session's id. */
  readonly sessionId: string;
  /** Whether it could be stored as far as it came. */
  readonly stored: boolean;
}

/** A turn that ended so shortly before looptrace came is taken for one of those that it was to see: clocks differ. */
const SLACK_MS = 60_000;
const READ_MS = 60_000;

/**
 * Traces the turns of an opencode server that others run, those under way when it comes among them, until `signal` is
 * aborted: each is stored when it is over and handed to `onTurn`, and what is closed of it goes out while it runs.
 *
 * @returns what was at work at the end; it is stored as it was then
 */
export async function attachTo(options: AttachOptions): Promise<readonly UnfinishedSession[]> {
  const { connection, directory, session, signal, onConnected, onTrouble, onNote } = options;
  const recorder = new SessionRecorder(options);
  const since = Date.now() - SLACK_MS;
  let told = noTurns;
  const servers = knownServers(() => followed, signal);
  const serversOf = (rootId: string): Promise<readonly string[] | undefined> =>
    servers.of(followed.directoryOf(rootId));
  const live = options.live
    ? liveTracer({
        exporter: options.exporter,
        ready: async (rootId) => void (await serversOf(rootId)),
        sessionOf: async (rootId) => liveSession(followed, rootId, (await serversOf(rootId)) ?? []),
        onDelivery: options.onDelivery,
        onProblem: noteOf(options),
      })
    : undefined;

  const record = async (rootId: string): Promise<void> => {
    await live?.release(rootId);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
    const read = await followed.read(rootId, patience).catch(() => asTold(followed, rootId));
    if (!read) return;
    const evidence = followed.evidence();
    const atRest = { rootId, traces: traceSession(read.tree), evidence, family: new Set(read.raw.keys()) };
    const { turns, runs } = turnsAtRest(told, atRest, since);
    if (turns.size === 0) return;
    const directory = followed.directoryOf(rootId);
    const mcpServers = await servers.of(directory);
    servers.forget(directory);
    const recorded = await recorder.record({ ...read, runs: runs.map((run) => ({ run })), mcpServers }, null);
    for (const note of recorded.notes) options.onNote?.(note);
    // What went out while it ran was told without the wire: its times must not differ from those of the rest.
    const { tree, evidence: known } = recorded;
    const rest = options.live ? { tree, evidence: { ...known, wire: undefined } } : { tree, evidence: known };
    for (const trace of traceRecorded(maskedLike(rest, recorded))) {
      const { userMessageId, sessionId } = trace.loop;
      if (sessionId !== rootId || !turns.has(userMessageId)) continue;
      told = withTold(told, [trace.loop]);
      options.onTurn(trace, recorded.stored);
    }
  };

  const followed = followServer(connection, {
    ...{ directory, session, signal, onConnected, onTrouble, onNote },
    onIdle: async (rootId) => {
      await record(rootId).catch(noteOf(options));
      options.onChange?.(followed.working);
    },
    onChange: (rootId, isOver) => {
      if (isOver) live?.update(rootId);
      options.onChange?.(followed.working);
    },
  });
  await followed.ended;
  await live?.close();
  return await recordLeft(followed, recorder, options.onNote);
}

/** The end does not wait for sessions that a server may have made up. */
const RECORD_MS = 5_000;

/** What is at work cannot be asked for once more: the server may be gone. */
async function recordLeft(
  followed: FollowedServer,
  recorder: SessionRecorder,
  onNote: AttachOptions["onNote"],
): Promise<UnfinishedSession[]> {
  const left: UnfinishedSession[] = [];
  const until = performance.now() + RECORD_MS;
  for (const rootId of followed.roots()) {
    if (performance.now() > until) {
      onNote?.("More sessions are at work than can be kept now; `looptrace trace` has them when they are over.");
      break;
    }
    const read = asTold(followed, rootId);
    if (!read || !followed.isAtWork(rootId)) continue;
    const { stored, notes } = await recorder.record(read, null);
    for (const note of notes) onNote?.(note);
    left.push({ sessionId: rootId, stored });
  }
  return left;
}

function liveSession(followed: FollowedServer, rootId: string, mcpServers: readonly string[]): LiveSession | undefined {
  const tree = followed.tree(rootId);
  if (!tree) return undefined;
  const evidence = followed.evidence();
  const family = new Set(followed.family(rootId));
  const isTold = Object.values(evidenceWithin(evidence, family, 0, Number.POSITIVE_INFINITY)).some(
    ({ length }) => length > 0,
  );
  const loop = isTold ? loopsOf(traceSession(tree), rootId).at(-1) : undefined;
  // A message without an answer may be none that a loop runs for.
  if (!loop || isUnanswered(loop)) return { tree, evidence: { mcpServers } };
  const run = servedRun(loop, Number.POSITIVE_INFINITY, evidence, family);
  return { tree, evidence: { runs: [run], mcpServers } };
}

function asTold(followed: FollowedServer, rootId: string): Pick<ExportResult, "tree" | "raw"> | undefined {
  const tree = followed.tree(rootId);
  return tree && { tree, raw: followed.raw(rootId) };
}

function noteOf({ onNote }: AttachOptions): (error: unknown) => void {
  return (error) => onNote?.(messageOf(error));
}
