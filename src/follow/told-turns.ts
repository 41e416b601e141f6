import { extentOf, subagentsAtWork } from "../trace/extent.js";
import type { Loop } from "../trace/model.js";

/** Which turns were told, and how far they had come then. */
export interface ToldTurns {
  /** Whether a turn was told at all, by the id of its prompt. */
  has(userMessageId: string): boolean;
  /**
   * Whether a turn was never told, or went on since: a compaction that somebody asks for later belongs to the turn before
   * it, and a subagent in the background may outlive its turn, which is told once more when that is done.
   */
  isNews(loop: Loop): boolean;
  add(loop: Loop): void;
}

export function toldTurns(): ToldTurns {
  const told = new Map<string, { readonly steps: number; readonly extent: number }>();
  return {
    has: (userMessageId) => told.has(userMessageId),
    isNews: (loop) => {
      const before = told.get(loop.userMessageId);
      if (!before || loop.steps.length > before.steps) return true;
      return extentOf(loop) > before.extent && !subagentsAtWork(loop);
    },
    add: (loop) => {
      told.set(loop.userMessageId, { steps: loop.steps.length, extent: extentOf(loop) });
    },
  };
}
