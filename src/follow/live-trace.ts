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
  nextLookAt,
  nothingLive,
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
const BUDGET_MS = 5_000;

/** What is under way for a session. */
interface Work {
  /** Set from when a look is planned until it is over. */
  readonly timer: NodeJS.Timeout | undefined;
  readonly looks: Promise<void>;
}

/**
 * Traces turns while they run: of each, now and then, the steps that are closed for good and have not gone out. Each
 * span goes out once; the loop itself, and what is left, with the turn's end, by what records it.
 *
 * A look costs what computing the trace costs, and the sending only what is new, however long the session is.
 */
export function liveTracer(options: LiveTracerOptions): LiveTracer {
  const { everyMs = EVERY_MS, exporter } = options;
  const under = new Map<string, Work>();
  let state = nothingLive;

  const look = async (rootId: string): Promise<void> => {
    await options.ready?.(rootId);
    state = withLookBegun(state, rootId);
    const sent = state.get(rootId)?.sent;
    const from = performance.now();
    const session = await options.sessionOf(rootId);
    const trace = session && traceSession(session.tree, session.evidence).findLast(isOf(rootId));
    const fresh = trace && closedSteps(trace).filter(({ spanId }) => !sent?.has(spanId));
    state = withLook(state, rootId, Date.now(), performance.now() - from);
    if (!trace || !fresh || fresh.length === 0) return;
    const reports = await exporter.export(
      [{ ...trace, loop: { ...trace.loop, steps: [...fresh, ...trace.loop.steps.slice(-1)] } }],
      { trace: options.trace, masking: options.masking, budgetMs: BUDGET_MS, atWork: true },
    );
    state = withSent(
      state,
      rootId,
      fresh.map(({ spanId }) => spanId),
    );
    options.onDelivery?.(reports);
  };

  const plan = (rootId: string): void => {
    const { timer, looks = Promise.resolve() } = under.get(rootId) ?? {};
    const at = nextLookAt(state, rootId, everyMs);
    if (timer || at === undefined) return;
    const planned = setTimeout(() => begin(rootId), Math.max(0, at - Date.now()));
    under.set(rootId, { timer: planned, looks });
  };
  const begin = (rootId: string): void => {
    const { timer, looks = Promise.resolve() } = under.get(rootId) ?? {};
    clearTimeout(timer);
    const next = looks
      .then(() => look(rootId))
      .catch((error: unknown) => options.onProblem?.(error))
      .finally(() => {
        // Released meanwhile, and perhaps begun anew.
        if (under.get(rootId) !== work) return;
        under.set(rootId, { timer: undefined, looks: next });
        plan(rootId);
      });
    const work: Work = { timer, looks: next };
    under.set(rootId, work);
  };
  const release = async (rootId: string): Promise<void> => {
    const work = under.get(rootId);
    under.delete(rootId);
    state = withoutSession(state, rootId);
    clearTimeout(work?.timer);
    await work?.looks;
  };

  return {
    update: (rootId) => {
      if (exporter.destinations.length === 0) return;
      state = withUpdate(state, rootId, Date.now());
      plan(rootId);
    },
    release,
    close: async () => {
      const ids = [...under.keys()];
      for (const id of ids) begin(id);
      await Promise.all(ids.map(release));
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
