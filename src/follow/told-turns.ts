import { extentOf, subagentsAtWork } from "../trace/extent.js";
import type { Loop } from "../trace/model.js";

/** The turns that were told, by the ids of their prompts, and how far they had come then. */
export type ToldTurns = ReadonlyMap<string, { readonly steps: number; readonly extent: number }>;

export const noTurns: ToldTurns = new Map();

/**
 * Whether a turn was never told, or went on since: a compaction that a person asks for later belongs to the turn before
 * it, and a subagent in the background may outlive its turn, which is told once more when that is done.
 */
export function isNews(told: ToldTurns, loop: Loop): boolean {
  const before = told.get(loop.userMessageId);
  if (!before || loop.steps.length > before.steps) return true;
  return extentOf(loop) > before.extent && !subagentsAtWork(loop);
}

/** The turns that were told, with some more. */
export function withTold(told: ToldTurns, loops: readonly Loop[]): ToldTurns {
  const more = loops.map((loop) => [loop.userMessageId, { steps: loop.steps.length, extent: extentOf(loop) }] as const);
  return new Map([...told, ...more]);
}
