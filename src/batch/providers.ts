import type { Task } from "./task.js";
import type { TaskResult } from "./task-result.js";

/**
 * The provider of a model, `anthropic` of `anthropic/claude-sonnet-4-6`; `""` where opencode chooses the
 * model.
 */
export function providerOf(model: string | undefined): string {
  return model === undefined ? "" : model.slice(0, Math.max(0, model.indexOf("/")));
}

/**
 * The providers that a task's error is about: that of the model which was asked last. Where opencode has
 * chosen it, also the one that it says it was, so that tasks which name it are meant too.
 *
 * @param defaultModel of tasks that name none
 */
export function providersOfError(
  { request }: Task,
  { error, attempts }: TaskResult,
  defaultModel: string | undefined,
): readonly string[] {
  if (error === null) return [];
  const first = request.model ?? defaultModel;
  const last = attempts.at(-1)?.model ?? first;
  if (last !== first) return [providerOf(last)];
  const said = error.provider?.id;
  return [...new Set([providerOf(first), ...(said === undefined ? [] : [said])])];
}
