import { resolve } from "node:path";
import { classify } from "../errors/classify.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import { type LiveDelivery, liveRun } from "../follow/live-run.js";
import type { GitFacts } from "../git/git-facts.js";
import { gitState } from "../git/git-state.js";
import type { Masking } from "../masking/mask.js";
import { maskedLike } from "../masking/masked.js";
import { type DriveHooks, type DriveRequest, type DriveResult, drive, type ServedSession } from "../opencode/drive.js";
import { type Halt, processEndOf, type RunEvidence } from "../opencode/evidence.js";
import { type UserPrice, type UserPrices, userPriceOf } from "../opencode/model.js";
import { structuredAnswersOf } from "../opencode/session.js";
import { readEvidence, traceLoaded } from "../sessions/loaded-session.js";
import { ownTurn } from "../sessions/run-owner.js";
import { SessionRecorder } from "../sessions/session-recorder.js";
import type { LoopTrace } from "../trace/model.js";
import { traceSession } from "../trace/trace-session.js";
import { answerText } from "../trace/turn-error.js";
import { isUnanswered } from "../trace/unanswered.js";
import { withUserPrices } from "../trace/user-priced.js";
import { agentNotes, extraArgumentNotes, limitNotes, subagentNotes } from "./attempt-notes.js";
import { type Practice, type Rehearsal, rehearsalOf, rehearse } from "./rehearse.js";
import { runMasking } from "./run-masking.js";
import { type RunLimits, runWatch } from "./run-watch.js";
import type { AttemptResult } from "./turn-result.js";

/** One start of opencode for a prompt. */
export interface AttemptRequest {
  readonly drive: DriveRequest;
  readonly limits: RunLimits;
  /** Where the session is stored; default the user's data folder, `null` stores nothing. */
  readonly store: StorePaths | null | undefined;
  readonly masking: Masking | undefined;
  /** Where what is closed of the turn goes while it runs. */
  readonly live: LiveDelivery | undefined;
  /** Whether the traces hold all messages of each recorded request. */
  readonly fullInput: boolean;
  /** Where a structured answer does not fit the schema that was asked for. */
  readonly checkOutput: ((value: unknown) => readonly string[]) | undefined;
  /** What all attempts at one prompt have in common, and which of them this is, from 0. */
  readonly runId: string;
  readonly attempt: number;
  /** What the directory stands on, where the caller knows it already; null where that is nothing. */
  readonly git: GitFacts | null | undefined;
  /** What models cost by the user's own word. */
  readonly prices: UserPrices | undefined;
  /** The caller's own words for the run. */
  readonly tags: readonly string[];
  /** What the caller will do with the traces. */
  readonly practise: Practice | undefined;
}

/**
 * Runs opencode once, stores the session and computes the trace of the turn, also of one that failed.
 *
 * @throws {RunRequestError} when the request makes no sense; nothing was started then
 * @throws {OpenCodeNotFoundError} when there is no opencode
 */
export async function runAttempt(request: AttemptRequest, hooks: DriveHooks): Promise<AttemptResult> {
  const paths = request.store === undefined ? storePaths(request.drive.environment) : request.store;
  const { runId: id, attempt } = request;
  const startedAt = Date.now();
  let disown: (() => Promise<void>) | undefined;
  let kept: Promise<unknown> | undefined;
  const onSession: DriveHooks["onSession"] = (sessionId, mark) => {
    hooks.onSession?.(sessionId, mark);
    if (paths) disown ??= ownTurn(paths, sessionId, { mark, id, attempt, startedAt });
  };
  try {
    return await driveAndRecord(request, paths, { ...hooks, onSession }, (keeping) => {
      kept = keeping;
    });
  } finally {
    // Also where something fails meanwhile.
    await kept;
    await disown?.();
  }
}

async function driveAndRecord(
  request: AttemptRequest,
  paths: StorePaths | null,
  hooks: DriveHooks,
  onKeeping: (kept: Promise<unknown>) => void,
): Promise<AttemptResult> {
  const halting = new AbortController();
  let haltedBy: Halt | undefined;
  /** Of the servers that were used. */
  const passwords: string[] = [];
  let rehearsal: Rehearsal | undefined;
  const watch = runWatch({ ...request.limits, price: priceOf(request) }, (reason) => {
    haltedBy = reason;
    halting.abort(new Error("a limit of the run was reached"));
  });
  // Asked before the agent changes anything, and not waited for.
  const { environment = process.env } = request.drive;
  const directory = resolve(request.drive.directory ?? ".");
  let git = request.git === undefined ? gitState(directory, environment) : request.git;
  const driven = await drive(
    { ...request.drive, checkAnswer: request.checkOutput },
    {
      onProgress: (progress) => {
        hooks.onProgress?.(progress);
        watch.onProgress(progress);
        rehearsal?.onPhase(progress.phase);
      },
      onEvent: (event) => {
        hooks.onEvent?.(event);
        watch.onEvent(event);
      },
      onServed: (served) => {
        passwords.push(...passwordOf(served));
        // A session that is gone on with is worked at in its own directory.
        if (served.directory !== directory) git = gitState(served.directory, environment);
        const told = hooks.onServed?.(served);
        const live = liveFor(request, served);
        const practising = rehearsalOf(served.generation, async (signal) => {
          const traces = await rehearse(maskingOf(request, passwords), signal, served.generation);
          await request.practise?.(traces, signal);
        });
        rehearsal = practising;
        return async () => {
          practising.end();
          await Promise.all([told?.(), live?.()]);
        };
      },
      onSession: hooks.onSession,
      signal: hooks.signal ? AbortSignal.any([hooks.signal, halting.signal]) : halting.signal,
    },
  );
  const masking = maskingOf(request, passwords);
  const recorder = new SessionRecorder({ paths, masking });
  const run = runEvidenceOf(driven, request, haltedBy, await git);
  const { tree, raw, logText, mcpServers, wire } = driven;
  const { seen: recorded, kept } = await recorder.begin(
    { tree, raw, runs: [{ run, logText }], mcpServers, wire },
    { run, notes: driven.notes, asking: driven.progress.asking },
  );
  // While the trace of a short session is computed, the disk is at work.
  onKeeping(kept);
  const { beside } = recorded;
  // What is known of this run counts more than what an abandoned one may have been.
  const { runs } = recorded.evidence;
  const known = { ...recorded.evidence, runs: [...runs, beside.run] };
  // What went out while it ran was told without the wire: its times must not differ from those of the rest.
  const evidence = readEvidence([isLive(request) ? { ...known, wire: undefined } : known]);
  const masked = recorded.tree && traceLoaded(maskedLike({ tree: recorded.tree, evidence }, recorded), request);
  const traces = withUserPrices(ofRun(masked ?? [], run), request.prices);
  const last = lastOf(traces);
  // The caller is told what the agent said, secrets and all.
  const said = tree === null || recorded.tree === tree ? last : lastOf(ofRun(traceSession(tree, evidence), run));
  const { sessionId, opencode, driver, server, exit } = driven;
  const error = last ? last.loop.error : withoutTurn(driven, beside.run, request.drive.model);
  const ofTurn = [
    ...agentNotes(request.drive.agent, last?.loop, driven.agents),
    ...subagentNotes(last?.loop, beside.asking, driven.endedAt),
    ...limitNotes(request.limits ?? {}, traces),
  ];
  if (error?.code === "start_failed") ofTurn.push(...extraArgumentNotes(request.drive.extraArguments ?? []));
  // A caller who ended it knows why.
  const isWanted = error?.code === "aborted" && error.abortedBy === "caller";
  const cameToNothing = error !== null && !isWanted && (last?.loop.steps.length ?? 0) === 0;
  const { stored, notes: ofStore } = await kept;
  const notes = [...beside.notes, ...ofStore, ...ofTurn];
  if (cameToNothing) notes.push(...(await recorder.recordStartLog(recorded)));
  const output = driven.structured?.value ?? said?.loop.output ?? null;
  const answer = { text: said ? answerText(said.loop.steps) : null, output };
  const { tree: session } = recorded;
  return { ...answer, error, sessionId, traces, session, kept: stored, opencode, driver, server, exit, notes };
}

/** What the model that is asked costs by the user's word; of the one that opencode chooses nothing is known before. */
function priceOf({ drive: { model = "" }, prices = [] }: AttemptRequest): UserPrice | undefined {
  const [providerId = "", ...rest] = model.split("/");
  return userPriceOf(prices, { providerId, modelId: rest.join("/"), variant: null });
}

/** Whether what is closed of the turn goes out while it runs. */
function isLive({ live }: AttemptRequest): boolean {
  return live !== undefined && live.exporter.destinations.length > 0;
}

/** Follows the turn, where what is closed of it is to go out while it runs. */
function liveFor(request: AttemptRequest, served: ServedSession): (() => Promise<void>) | undefined {
  const { live, runId, attempt } = request;
  if (!live || !isLive(request)) return undefined;
  const run = { id: runId, attempt, startedAt: served.startedAt };
  return liveRun(served, run, { ...live, masking: maskingOf(request, passwordOf(served)) });
}

/** What is wrong with the structured answer of a run, if it has one. */
function problemsOf(
  { tree, startedAt, structured }: DriveResult,
  check: AttemptRequest["checkOutput"],
): readonly string[] {
  if (structured) return structured.problems;
  const answers = tree ? structuredAnswersOf(tree.session, startedAt) : [];
  return answers.length === 0 ? [] : (check?.(answers.at(-1)) ?? []);
}

/** What a server lets its clients in by: the agent's commands inherit it, and with it could answer for the caller. */
function passwordOf({ connection: { password } }: ServedSession): readonly string[] {
  return password === undefined ? [] : [password];
}

function maskingOf({ masking, drive: { environment, mcp } }: AttemptRequest, passwords: readonly string[]): Masking {
  return runMasking({ masking, environment, mcp }, passwords);
}

/** The traces of the turns that a run has made; a session that is continued has more. */
function ofRun<Trace extends LoopTrace>(traces: readonly Trace[], run: RunEvidence): readonly Trace[] {
  return traces.filter(({ loop }) => loop.start >= run.startedAt && loop.start <= run.endedAt);
}

/** The turn that was asked for: behind it may be a message that a plugin has put there, for the next prompt. */
function lastOf(traces: readonly LoopTrace[]): LoopTrace | undefined {
  return traces.findLast(({ loop }) => !isUnanswered(loop)) ?? traces.at(-1);
}

function runEvidenceOf(
  driven: DriveResult,
  request: AttemptRequest,
  halted: Halt | undefined,
  git: GitFacts | null,
): RunEvidence {
  const schemaProblems = problemsOf(driven, request.checkOutput);
  return {
    id: request.runId,
    attempt: request.attempt,
    ...(git === null ? {} : { git }),
    ...(request.tags.length === 0 ? {} : { tags: [...request.tags] }),
    ...(driven.opencode.version === null ? {} : { opencode: driven.opencode.version }),
    ...(halted === undefined ? {} : { halted }),
    streamErrors: driven.streamErrors.map(({ error, at }) => ({
      error: { name: error.name, data: error.data },
      at,
    })),
    exit: driven.exit,
    ...(driven.permissions.length === 0 ? {} : { permissions: [...driven.permissions] }),
    ...(driven.retries.length === 0 ? {} : { retries: [...driven.retries] }),
    startedAt: driven.startedAt,
    endedAt: driven.endedAt,
    ...(driven.readyAt === undefined ? {} : { readyAt: driven.readyAt }),
    ...(driven.lock === undefined ? {} : { lock: { ...driven.lock } }),
    stderr: driven.stderrTail,
    ...(schemaProblems.length === 0 ? {} : { schemaProblems: [...schemaProblems] }),
  };
}

/** There is no turn, or none that could be read: only the run's stream, who ended it and the way it ended tell why. */
function withoutTurn({ tree, sessionId }: DriveResult, run: RunEvidence, model: string | undefined): ErrorFacts | null {
  const { streamErrors, halted, stderr } = run;
  return classify({
    // A session that was only mentioned, such as one that was asked for and does not exist, is none; one that was ended
    // was at work.
    sessionId: tree === null && halted === undefined ? undefined : (sessionId ?? undefined),
    exportErrors: [],
    streamErrors: streamErrors.map(({ error, at }) => ({ error, at, recovered: false })),
    lastAssistant: null,
    model,
    doomLoop: halted?.by === "doom-loop" ? halted : undefined,
    limit: halted?.by === "limit" ? halted : undefined,
    gaveUpAfter: halted?.by === "retries" ? halted.attempts : undefined,
    process: processEndOf(run),
    stderr,
  });
}
