import type { RunEvidence } from "../schema/run-evidence.js";

/** The run that was at work at a moment, ms since the epoch; both times are of the machine that ran it. */
export function runAt(at: number, runs: readonly RunEvidence[]): RunEvidence | undefined {
  return runs.findLast(({ startedAt, endedAt }) => startedAt <= at && at <= endedAt);
}

/** The run that a turn began in, and its place among the turns of that run. */
export interface RunOfTurn {
  readonly run: RunEvidence;
  /** What came before it, opencode's start say, went on before no other turn. */
  readonly isFirst: boolean;
  /** What came after it, opencode's end say, went on after no other turn. */
  readonly isLast: boolean;
}

/**
 * Which run each turn of a session began in.
 *
 * @param turns in their order: when each began, and whether it has an answer
 * @returns one for each turn; null where none is known
 */
export function runsOfTurns(
  turns: readonly { readonly at: number; readonly answered: boolean }[],
  runs: readonly RunEvidence[],
): readonly (RunOfTurn | null)[] {
  if (runs.length === 0) return turns.map(() => null);
  const taken = new Set<RunEvidence>();
  const found = turns.map(({ at, answered }) => {
    const run = runAt(at, runs);
    // A run has one prompt: what came after its answer came from a plugin, say, and nothing is known of it.
    if (!run || (!answered && taken.has(run))) return null;
    if (answered) taken.add(run);
    return run;
  });
  const places = found.map((run, index) => [run, index] as const);
  const first = new Map(places.toReversed());
  const last = new Map(places);
  return places.map(
    ([run, index]) => run && { run, isFirst: first.get(run) === index, isLast: last.get(run) === index },
  );
}
