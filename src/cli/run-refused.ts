import { CommanderError } from "commander";
import type { ErrorFacts } from "../errors/error-facts.js";
import { OpenCodeCommandError } from "../errors/opencode-command-error.js";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { terminalJson } from "../text/terminal-json.js";
import { oneLine } from "../text/terminal-text.js";
import { totalsOf } from "../trace/totals.js";
import { errorText, isExplained } from "./report-error.js";

/** What `run --json` prints where nothing was run: the shape of a run, with nothing in it but why. */
export function refusedJson(error: ErrorFacts): string {
  const about = { sessionId: null, runId: null, text: null, output: null, error, attempts: [], totals: totalsOf([]) };
  const nothing = { opencode: null, driver: null, server: null, exit: null, notes: [], urls: {}, delivery: [] };
  return `${terminalJson({ ...about, ...nothing, traces: [] })}\n`;
}

/** Of a run that was interrupted before its prompt was handed over. */
export const INTERRUPTED: ErrorFacts = {
  code: "aborted",
  message: "The run was ended before opencode had begun.",
  retryable: false,
  evidence: "process",
  abortedBy: "caller",
};

/** Why nothing was run, as a run's error; the message is that of the line on stderr. */
export function refusalOf(thrown: unknown): ErrorFacts {
  const isCommander = thrown instanceof CommanderError;
  const text = errorText(thrown);
  const shared = { message: oneLine(isCommander ? text.replace(/^error: /, "") : text), evidence: "process" } as const;
  if (thrown instanceof OpenCodeNotFoundError || thrown instanceof OpenCodeCommandError)
    return { ...shared, code: "start_failed", retryable: false };
  if (isCommander || isExplained(thrown))
    return { ...shared, code: "invalid_request", retryable: false, reason: "start" };
  return { ...shared, code: "unknown", retryable: true };
}
