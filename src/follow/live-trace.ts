import type { DestinationReport } from "../deliver/delivery-report.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { Masking } from "../masking/mask.js";
import type { Evidence } from "../opencode/evidence.js";
import type { SessionTree } from "../opencode/session.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace, Step } from "../trace/model.js";
import { runningSpanIds } from "../trace/open-spans.js";
import { traceSession } from "../trace/trace-session.js";
import {
  nextRoundAt,
  nothingLive,
  roundAt,
  withLook,
  withLookBegun,
  withoutSession,
  withSent,
  withUpdate,
} from "./live-state.js";

/** What is known of a session at a moment. */
export interface LiveSession {
  readonly tree: SessionTree;
  readonly evidence: Evidence;
}

export interface LiveTracerOptions {
  readonly exporter: TraceExporter;
  /** What the traces say; default what the exporter's all say. */
  readonly trace?: TraceOptions | undefined;
  /** What is masked in them; default what the exporter masks in all. */
  readonly masking?: Masking | undefined;
  /** Settles when what a look needs from elsewhere is there; this wait is no part of what a look costs. */
  readonly ready?: ((rootId: string) => Promise<void>) | undefined;
  /** The session as it is now; asked when there is time for it. */
  readonly sessionOf: (rootId: string) => LiveSession | undefined | Promise<LiveSession | undefined>;
  /** Told the reports of each delivery. */
  readonly onDelivery?: ((reports: readonly DestinationReport[]) => void) | undefined;
  /** Told what went wrong; the turn's end sends what is missing. */
  readonly onProblem?: ((error: unknown) => void) | undefined;
  /** The least time between two looks at a session, ms; default 1000. */
  readonly everyMs?: number | undefined;
  /** The time that passes and what this process works, for tests. @internal */
  readonly meter?: Meter | undefined;
}

/** What looks are reckoned by: neither the clock on the wall, which is set, nor what other programs take. */
export interface Meter {
  /** ms since any moment; it never goes back. */
  now(): number;
  /** Time that this process has had a processor, ms. */
  workedMs(): number;
}

const PROCESS_METER: Meter = {
  now: () => performance.now(),
  workedMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** Sends what is closed of turns that are at work. */
export interface LiveTracer {
  /** The session has changed. */
  update(rootId: string): void;
  /** Its turn is over, or it is not to be looked at any more. @returns when nothing of it is being sent any more */
  release(rootId: string): Promise<void>;
  /** Looks at all once more and sends what is closed, then ends. */
  close(): Promise<void>;
}

const EVERY_MS = 1_000;
const BUDGET_MS = 5_000;

/** Looks that are made together, and what is sent of them. */
interface Round {
  /** Sessions that are over since it began: nothing of them is sent any more. */
  readonly released: Set<string>;
  /** Sessions of which something is being sent. */
  sending: ReadonlySet<string>;
  over: Promise<void>;
}

/** What a look at a session found that is closed and has not gone out. */
interface Found {
  readonly rootId: string;
  readonly trace: LoopTrace;
  readonly fresh: readonly Step[];
}

/**
 * Traces turns while they run: of each, now and then, the steps that are closed for good and have not gone out. Each
 * span goes out once; the loop itself, and what is left, with the turn's end, by what records it.
 *
 * A look costs what computing the trace costs, and the sending only what is new, however long the session is. Sessions
 * are looked at together, and what is new of them is one delivery.
 */
export function liveTracer(options: LiveTracerOptions): LiveTracer {
  const { everyMs = EVERY_MS, exporter, meter = PROCESS_METER } = options;
  let state = nothingLive;
  let timer: NodeJS.Timeout | undefined;
  /** When that is due, by the meter. */
  let timerAt = 0;
  let round: Round | undefined;

  const look = async (rootId: string, { released }: Round): Promise<Found | undefined> => {
    await options.ready?.(rootId);
    // What has changed since is of the next turn, for the next look.
    if (released.has(rootId)) return undefined;
    state = withLookBegun(state, rootId);
    const sent = state.get(rootId)?.sent;
    const worked = meter.workedMs();
    const session = await options.sessionOf(rootId);
    const trace = session && traceSession(session.tree, session.evidence).findLast(isOf(rootId));
    const fresh = trace && closedSteps(trace).filter(({ spanId }) => !sent?.has(spanId));
    // What else is done while the session is waited for counts too: that makes looks rarer, never more frequent.
    state = withLook(state, rootId, meter.now(), meter.workedMs() - worked);
    return trace && fresh && fresh.length > 0 ? { rootId, trace, fresh } : undefined;
  };
  const send = async (found: readonly Found[]): Promise<void> => {
    const reports = await exporter.export(
      found.map(({ trace, fresh }) => ({
        ...trace,
        loop: { ...trace.loop, steps: [...fresh, ...trace.loop.steps.slice(-1)] },
      })),
      { trace: options.trace, masking: options.masking, budgetMs: BUDGET_MS, atWork: true },
    );
    for (const { rootId, fresh } of found) {
      state = withSent(
        state,
        rootId,
        fresh.map(({ spanId }) => spanId),
      );
    }
    options.onDelivery?.(reports);
  };
  const play = async (ids: readonly string[], begun: Round): Promise<void> => {
    const { released } = begun;
    const looked: Found[] = [];
    for (const id of ids) {
      if (released.has(id) || !state.has(id)) continue;
      try {
        const one = await look(id, begun);
        if (one) looked.push(one);
      } catch (error) {
        options.onProblem?.(error);
      }
    }
    // A turn that is over meanwhile is sent as a whole.
    const found = looked.filter(({ rootId }) => !released.has(rootId));
    begun.sending = new Set(found.map(({ rootId }) => rootId));
    if (found.length > 0) await send(found).catch((error: unknown) => options.onProblem?.(error));
  };

  const begin = (ids: readonly string[]): Promise<void> => {
    const begun: Round = { released: new Set(), sending: new Set(), over: Promise.resolve() };
    round = begun;
    begun.over = play(ids, begun).finally(() => {
      round = undefined;
      plan();
    });
    return begun.over;
  };
  const plan = (): void => {
    const at = nextRoundAt(state, everyMs);
    // A session that takes long to look at waits long, and keeps no other one waiting.
    if (round || at === undefined || (timer && timerAt <= at)) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(
      () => {
        timer = undefined;
        void begin(roundAt(state, everyMs, meter.now()));
      },
      Math.max(0, at - meter.now()),
    );
  };

  return {
    update: (rootId) => {
      if (exporter.destinations.length === 0) return;
      state = withUpdate(state, rootId, meter.now());
      plan();
    },
    release: async (rootId) => {
      state = withoutSession(state, rootId);
      clearTimeout(timer);
      timer = undefined;
      plan();
      round?.released.add(rootId);
      // What is on its way already has the time of a live delivery at most, and would else go out twice.
      if (round?.sending.has(rootId)) await round.over;
    },
    close: async () => {
      while (round) await round.over;
      clearTimeout(timer);
      await begin([...state.keys()]);
      state = nothingLive;
      clearTimeout(timer);
    },
  };
}

/** Subagents' sessions that can stand in no turn have traces of their own. */
function isOf(rootId: string): (trace: LoopTrace) => boolean {
  return ({ session }) => session.id === rootId;
}

function closedSteps(trace: LoopTrace): readonly Step[] {
  const open = runningSpanIds(trace);
  return trace.loop.steps.filter(({ spanId }) => !open.has(spanId));
}
