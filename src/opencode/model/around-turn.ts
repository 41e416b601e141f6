import type { RunEvidence } from "../schema/run-evidence.js";
import { type OwnWork, ownWork } from "./own-work.js";

/** What is known of the time around a turn; ms since the epoch. */
export interface AroundTurn {
  /** When it began and ended. */
  readonly at: number;
  readonly end: number;
  /** The run of looptrace's that it was. */
  readonly run: RunEvidence | null;
  /** When opencode wrote the first line of its log, and when it turned to the project. */
  readonly firstLineAt?: number | undefined;
  readonly loadingAt?: number | undefined;
}

/** From the wish for a turn until the prompt is taken in, and from its end until looptrace knew of it. */
export function aroundTurn({ at, end, run, firstLineAt, loadingAt }: AroundTurn): readonly OwnWork[] {
  if (!run) return [];
  const { startedAt, endedAt, exit, readyAt, lock } = run;
  const isServed = readyAt !== undefined || exit.kind === "served";
  const started = isServed ? (readyAt ?? startedAt) : (loadingAt ?? firstLineAt ?? at);
  const isTold = isServed || loadingAt !== undefined || firstLineAt !== undefined;
  return [
    ...(lock ? ownWork("lock", lock, "run") : []),
    ...ownWork("starting", { start: startedAt, end: started }, "run", isTold ? "exact" : "bounded"),
    ...ownWork("prompt", { start: isServed ? started : undefined, end: loadingAt ?? at }, "run"),
    ...ownWork("loading", { start: loadingAt, end: at }, "log"),
    ...ownWork("ending", { start: end, end: endedAt }, "run"),
  ];
}
