import { z } from "zod";
import { oneLine } from "../text/bounded-text.js";
import { once } from "../text/lazy.js";
import { type ErrorFacts, errorFactsSchema } from "./error-facts.js";
import { type AnyOpenCodeError, errorFromFacts } from "./opencode-errors.js";

// Made when they are needed: whoever imports the library waits for what it does at once.
const causeSchema = once(() => z.object({ cause: z.object({ name: z.string(), message: z.string() }) }));
const messageSchema = once(() => z.object({ message: z.string() }));

/**
 * The error that `toJSON` was called on, of the same class, from the parsed JSON (or its structured clone). The stack
 * is that of this call; of a cause, name and message come back.
 *
 * Never throws: a failure that is handed back must not be lost to a second one. An unknown code (a newer looptrace on
 * the other side) or damaged JSON gives an `UnknownOpenCodeError` that says what was wrong with it and keeps the
 * message, if there was one.
 */
export function errorFromJSON(json: unknown): AnyOpenCodeError {
  const facts = errorFactsSchema.safeParse(json);
  return errorFromFacts(facts.success ? facts.data : damaged(json, facts.error), causeOf(json));
}

function causeOf(json: unknown): ErrorOptions {
  const { cause } = causeSchema().safeParse(json).data ?? {};
  return cause ? { cause: Object.assign(new Error(cause.message), { name: cause.name }) } : {};
}

function damaged(json: unknown, problem: z.ZodError): ErrorFacts {
  const issue = problem.issues[0];
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.join(".")}` : "";
  const kept = messageSchema().safeParse(json).data?.message ?? "no message";
  const what = issue?.message ?? "not the JSON of an error";
  return {
    code: "unknown",
    message: oneLine(`${kept} (an error handed back as JSON that cannot be read${where}: ${what})`),
    retryable: true,
    evidence: "process",
  };
}
