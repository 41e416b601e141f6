import { CommanderError } from "commander";
import type { ErrorFacts } from "../errors/error-facts.js";
import { factsOfThrown } from "../errors/facts-of-thrown.js";
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
  const message = oneLine(isCommander ? text.replace(/^error: /, "") : text);
  return factsOfThrown(thrown, { message, isRefusal: isCommander || isExplained(thrown) });
}
