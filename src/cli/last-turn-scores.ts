import type { NewScore } from "../scores/new-score.js";
import type { LoopTrace } from "../trace/model.js";

/** A score that a session is given is for the last turn of it. */
export interface LastTurnScores {
  /** @param traces of one session, in their order */
  add(traces: readonly LoopTrace[]): void;
  of(trace: LoopTrace): readonly NewScore[];
}

/** Keeps no turn in memory: where there is no destination nobody ever asks for its scores. */
export function lastTurnScores(scores: readonly NewScore[]): LastTurnScores {
  const lastTurns = new WeakSet<LoopTrace>();
  return {
    add: (traces) => {
      const last = traces.at(-1);
      if (last) lastTurns.add(last);
    },
    of: (trace) => (lastTurns.has(trace) ? scores : []),
  };
}
