import { type OwnWork, ownWork } from "./own-work.js";
import type { RunOfTurn } from "./runs-of-turns.js";

/** What is known of the time around a turn; ms since the epoch. */
export interface AroundTurn {
  /** When it began and ended. */
  readonly at: number;
  readonly end: number;
  /** The run of looptrace's that it was in. */
  readonly of: RunOfTurn | null;
  /** When opencode wrote the first line of its log, and when it turned to the project. */
  readonly firstLineAt?: number | undefined;
  readonly loadingAt?: number | undefined;
}

/**
 * From the wish for a turn until the prompt is taken in, and from its end until looptrace knew of it. A run may have
 * several turns, one of a plugin's say: what goes before them goes before the first, what comes after them after the
 * last.
 */
export function aroundTurn({ at, end, of, firstLineAt, loadingAt }: AroundTurn): readonly OwnWork[] {
  if (!of) return [];
  const { run, isFirst, isLast } = of;
  const { startedAt, endedAt, exit, readyAt, lock } = run;
  const isServed = readyAt !== undefined || exit.kind === "served";
  const started = isServed ? (readyAt ?? startedAt) : (loadingAt ?? firstLineAt ?? at);
  const isTold = isServed || loadingAt !== undefined || firstLineAt !== undefined;
  const before = [
    ...(lock ? ownWork("lock", lock, "run") : []),
    ...ownWork("starting", { start: startedAt, end: started }, "run", isTold ? "exact" : "bounded"),
    ...ownWork("prompt", { start: isServed ? started : undefined, end: loadingAt ?? at }, "run"),
    ...ownWork("loading", { start: loadingAt, end: at }, "log"),
  ];
  return [...(isFirst ? before : []), ...(isLast ? ownWork("ending", { start: end, end: endedAt }, "run") : [])];
}
