/** How a turn ended, in one vocabulary: what lists, lines, tables and filters say of it. */
import { ERROR_CODES } from "../errors/retry-policy.js";
import type { Outcome } from "../trace/model.js";

/** How a turn ended, and the code of the error that it ended in; null without one. */
export interface Ended {
  readonly outcome: Outcome;
  readonly errorCode: string | null;
}

const OUTCOMES = ["completed", "failed", "unfinished"] as const satisfies readonly Outcome[];

/** Every word that {@link outcomeText} says, and `failed`, which stands for all that ended in an error. */
export const OUTCOME_WORDS: readonly string[] = [...OUTCOMES, ...ERROR_CODES];

/** One word for how a turn ended: the error's code where there is one, since that says more than that it failed. */
export function outcomeText({ outcome, errorCode }: Ended): string {
  return errorCode ?? outcome;
}

/** Whether a turn ended so. @param word one of {@link OUTCOME_WORDS} */
export function hasOutcome({ outcome, errorCode }: Ended, word: string): boolean {
  return outcome === word || errorCode === word;
}
