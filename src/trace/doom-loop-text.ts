import type { StepEvent } from "./model.js";

/** What a `doom-loop` event says, in words; a tool's arguments, its last error and an answer's text are left out. */
export function doomLoopText({ tool, count, answer, finish, lastError }: StepEvent["attributes"]): string {
  if (tool !== undefined) {
    const how = lastError === undefined ? "gave the same result" : "failed";
    return `${tool} ${how} ${count} times with the same arguments`;
  }
  if (answer === undefined)
    return `the request was too large for the model's context ${count} times, each time after compacting`;
  const what = isEmpty(answer) ? "an empty answer" : "the same answer";
  return `the model gave ${what} ${count} times, without a tool (finish ${finish})`;
}

/** The same in a few words: `read 5 times`, `an empty answer 42 times`. */
export function doomLoopName({ tool, count, answer }: StepEvent["attributes"]): string {
  const what =
    tool ?? (answer === undefined ? "a request too large" : isEmpty(answer) ? "an empty answer" : "the same answer");
  return `${what} ${count} times`;
}

function isEmpty(answer: unknown): boolean {
  return String(answer).trim() === "";
}
