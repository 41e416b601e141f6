import type { DestinationReport } from "../deliver/delivery-report.js";
import type { TraceExporter } from "../export/trace-exporter.js";
import type { Masking } from "../masking/mask.js";
import type { Evidence } from "../opencode/evidence.js";
import type { SessionTree } from "../opencode/session.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace, Step } from "../trace/model.js";
import { runningSpanIds } from "../trace/open-spans.js";
import { traceSession } from "../trace/trace-session.js";

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
}

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
/** Looking takes longer the longer the session is; of a processor's time it may have a tenth. */
const COST_SHARE = 10;
const BUDGET_MS = 5_000;

interface Watched {
  timer: NodeJS.Timeout | undefined;
  /** Whether it has changed since the last look began. */
  changed: boolean;
  /** What the last look took, without sending, and when it was; ms, and ms since the epoch. */
  costMs: number;
  lookedAt: number;
  /** What is under way for it. */
  work: Promise<void>;
  /** Steps of the turn at work that went out, by span id. */
  readonly sent: Set<string>;
}

/**
 * Traces turns while they run: of each, now and then, the steps that are closed for good and have not gone out. Each
 * span goes out once; the loop itself, and what is left, with the turn's end, by what records it.
 *
 * A look costs what computing the trace costs, and the sending only what is new, however long the session is.
 */
export function liveTracer(options: LiveTracerOptions): LiveTracer {
  const { everyMs = EVERY_MS, exporter } = options;
  const watched = new Map<string, Watched>();

  const look = async (rootId: string, one: Watched): Promise<void> => {
    await options.ready?.(rootId);
    one.changed = false;
    const from = performance.now();
    const session = await options.sessionOf(rootId);
    const trace = session && traceSession(session.tree, session.evidence).findLast(isOf(rootId));
    const fresh = trace && closedSteps(trace).filter(({ spanId }) => !one.sent.has(spanId));
    one.costMs = performance.now() - from;
    one.lookedAt = Date.now();
    if (!trace || !fresh || fresh.length === 0) return;
    const reports = await exporter.export(
      [{ ...trace, loop: { ...trace.loop, steps: [...fresh, ...trace.loop.steps.slice(-1)] } }],
      { trace: options.trace, masking: options.masking, budgetMs: BUDGET_MS, atWork: true },
    );
    for (const { spanId } of fresh) one.sent.add(spanId);
    options.onDelivery?.(reports);
  };

  const plan = (rootId: string, one: Watched): void => {
    if (one.timer) return;
    const pause = Math.max(everyMs, one.costMs * COST_SHARE);
    one.timer = setTimeout(() => run(rootId, one), Math.max(0, one.lookedAt + pause - Date.now()));
  };
  const run = (rootId: string, one: Watched): void => {
    one.work = one.work
      .then(() => look(rootId, one))
      .catch((error: unknown) => options.onProblem?.(error))
      .finally(() => {
        one.timer = undefined;
        if (one.changed && watched.get(rootId) === one) plan(rootId, one);
      });
  };
  const stop = async (rootId: string): Promise<void> => {
    const one = watched.get(rootId);
    watched.delete(rootId);
    if (!one) return;
    clearTimeout(one.timer);
    await one.work;
  };

  return {
    update: (rootId) => {
      if (exporter.destinations.length === 0) return;
      const one = watched.get(rootId) ?? newlyWatched();
      watched.set(rootId, one);
      one.changed = true;
      plan(rootId, one);
    },
    release: stop,
    close: async () => {
      const ids = [...watched.keys()];
      for (const [id, one] of watched) {
        clearTimeout(one.timer);
        run(id, one);
      }
      await Promise.all(ids.map(stop));
    },
  };
}

function newlyWatched(): Watched {
  const lookedAt = Date.now();
  return { timer: undefined, changed: true, costMs: 0, lookedAt, work: Promise.resolve(), sent: new Set() };
}

/** Subagents' sessions that can stand in no turn have traces of their own. */
function isOf(rootId: string): (trace: LoopTrace) => boolean {
  return ({ session }) => session.id === rootId;
}

function closedSteps(trace: LoopTrace): readonly Step[] {
  const open = runningSpanIds(trace);
  return trace.loop.steps.filter(({ spanId }) => !open.has(spanId));
}
