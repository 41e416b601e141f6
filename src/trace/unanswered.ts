import type { Loop } from "./model.js";

/** Whether nothing tells what became of a message: no model answered it, and nothing says that one was to. */
export function isUnanswered({ steps, outcome, error }: Loop): boolean {
  return steps.length === 0 && outcome === "unfinished" && error === null;
}
