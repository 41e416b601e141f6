import { OpenCodeCommandError } from "../errors/opencode-command-error.js";
import { ServerRequestError } from "../errors/server-request-error.js";
import { maskFor } from "../masking/mask.js";
import { NotYetPromptedError } from "../opencode/drive.js";
import { type Asked, runMasking } from "./run-masking.js";

/**
 * An error of opencode's with the secrets in its words masked, as all is that is told of a run: what opencode prints as
 * it fails to start quotes its configuration. Any other error is the caller's own, or says what looptrace knows.
 *
 * @returns the same error
 */
export async function maskedProblem(problem: unknown, asked: Asked): Promise<unknown> {
  const known = runMasking(asked);
  if (known === false || !isOfOpenCode(problem)) return problem;
  const chain = causesOf(problem);
  const mask = await maskFor(chain.map(wordsOf), known);
  for (const error of chain) for (const [name, value] of Object.entries(mask(wordsOf(error)))) put(error, name, value);
  return problem;
}

function isOfOpenCode(problem: unknown): problem is Error {
  return (
    problem instanceof OpenCodeCommandError ||
    problem instanceof ServerRequestError ||
    problem instanceof NotYetPromptedError
  );
}

/** Of the engine's own errors, such as a `TimeoutError`, some have no setter for their message. */
function put(error: Error, name: string, value: unknown): void {
  const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
  Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable });
}

/** An error, and what it came of: both are shown where nobody catches it. */
function causesOf(problem: Error): readonly Error[] {
  const chain: Error[] = [];
  for (let error: unknown = problem; error instanceof Error && !chain.includes(error); error = error.cause)
    chain.push(error);
  return chain;
}

/** What of an error quotes opencode; its stack begins with its message. */
function wordsOf(error: Error): Readonly<Record<string, unknown>> {
  const { message, stack } = error;
  return {
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(error instanceof OpenCodeCommandError ? { command: error.command, stderr: error.stderr } : {}),
    ...(error instanceof ServerRequestError && !(error.answer instanceof Error) ? { answer: error.answer } : {}),
  };
}
