import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace, Outcome } from "../trace/model.js";
import { type Divergence, firstDivergence } from "./first-divergence.js";
import { gapsOf, gapTexts } from "./gaps.js";
import { modelName } from "./row-texts.js";
import { type Figure, figuresOf, type ToolTotals, toolFiguresOf } from "./turn-figures.js";

/** One of two sessions that are compared: its traces as `traceSession` makes them. */
export interface DiffInput {
  /** What the session is called. */
  readonly session: { readonly id: string; readonly title: string; readonly opencodeVersion: string };
  /** Its traces, as `traceSession` makes them. */
  readonly traces: readonly LoopTrace[];
}

/** Two sessions side by side; plain data, as `--json` prints it. */
export interface SessionDiff {
  /** The first session. */
  readonly a: SessionSummary;
  /** The second one. */
  readonly b: SessionSummary;
  /** Turn by turn, in order; the session with fewer turns has none at the end. */
  readonly turns: readonly TurnDiff[];
  /** Over all turns. The context is that of the last turn. */
  readonly sums: FiguresDiff;
}

/** What a session of a comparison is. */
export interface SessionSummary {
  /** Its id. */
  readonly sessionId: string;
  /** Its title. */
  readonly title: string;
  /** The opencode that made it. */
  readonly opencodeVersion: string;
  /** How many turns it has. */
  readonly turns: number;
  /** What the tokens and the cost over its turns lack. */
  readonly notes: readonly string[];
}

/** Figures and tools of two sides. */
export interface FiguresDiff {
  /** Steps, calls, tokens, cost and times. */
  readonly figures: readonly Figure[];
  /** What took the most time first. Of a tool that starts subagents the time holds their tools' too. */
  readonly tools: readonly ToolTotals[];
}

/** A turn of two sessions, side by side. */
export interface TurnDiff extends FiguresDiff {
  /** From 0. */
  readonly turn: number;
  /** null where that side has no such turn. */
  readonly a: TurnSummary | null;
  /** The same of the other side. */
  readonly b: TurnSummary | null;
  /** Where the turns part; null where they do not, or only one is there. */
  readonly parting: Divergence | null;
}

/** What a turn of a comparison is. */
export interface TurnSummary {
  /** The trace of the turn. */
  readonly traceId: string;
  /** The session that it is in. */
  readonly sessionId: string;
  /** How it ended. */
  readonly outcome: Outcome;
  /** Why it failed; null where it did not. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** `provider/model`, with the variant where there is one. */
  readonly model: string | null;
  /** opencode's agent; null where it is not known. */
  readonly agent: string | null;
  /** What the figures lack, or hold only as far as it is known. */
  readonly notes: readonly string[];
}

/**
 * Compares two sessions turn by turn, in order, and their sums.
 *
 * A turn that a fork copied is compared as what it was, so that a fork and its original differ in what came after.
 * Traces of subagents' sessions that can stand in no turn come behind the turns, as `traceSession` has them.
 */
export function diffSessions(a: DiffInput, b: DiffInput): SessionDiff {
  const [own, others] = [aligned(a, b, true), aligned(a, b, false)];
  const pairs = [...own, ...others];
  const turns = pairs.map(
    ([left, right], turn): TurnDiff => ({
      turn,
      a: left ? turnFacts(left, a) : null,
      b: right ? turnFacts(right, b) : null,
      ...figuresDiff(left ? [left] : [], right ? [right] : []),
      parting: left && right ? firstDivergence(left, right) : null,
    }),
  );
  return { a: headOf(a), b: headOf(b), turns, sums: figuresDiff(a.traces, b.traces) };
}

/** @param own the session's own turns; else what stands behind them */
function aligned(
  a: DiffInput,
  b: DiffInput,
  own: boolean,
): (readonly [LoopTrace | undefined, LoopTrace | undefined])[] {
  const [left, right] = [a, b].map(({ session, traces }) =>
    traces.filter((trace) => (trace.session.id === session.id) === own),
  );
  const many = Math.max(left?.length ?? 0, right?.length ?? 0);
  return Array.from({ length: many }, (_, index) => [left?.[index], right?.[index]]);
}

function figuresDiff(a: readonly LoopTrace[], b: readonly LoopTrace[]): FiguresDiff {
  return { figures: figuresOf(a, b), tools: toolFiguresOf(a, b) };
}

function headOf({ session: { id, title, opencodeVersion }, traces }: DiffInput): SessionSummary {
  const gaps = gapsOf(traces);
  const { missingSubagents, withoutUsage, withoutPrice } = gapTexts;
  const notes = [missingSubagents, withoutUsage, withoutPrice].flatMap((textsOf) => textsOf(gaps));
  return { sessionId: id, title, opencodeVersion, turns: traces.length, notes };
}

function turnFacts(trace: LoopTrace, side: DiffInput): TurnSummary {
  const { traceId, session, loop } = trace;
  const { error } = loop;
  const gaps = gapsOf([trace]);
  const stray = `a turn of the subagent's session ${oneLine(session.id)}, which stands alone: the session has no turn for it`;
  return {
    traceId,
    sessionId: session.id,
    outcome: loop.outcome,
    error: error && { code: error.code, message: error.message },
    model: modelName(loop.model),
    agent: loop.agent,
    notes: [
      ...(session.id === side.session.id ? [] : [stray]),
      ...Object.values(gapTexts).flatMap((textsOf) => textsOf(gaps)),
      ...(loop.copied ? ["a fork copied this turn from another session, where its cost was paid"] : []),
    ],
  };
}
