import { howLong } from "../text/how-long.js";
import { defined } from "../text/json-fields.js";
import { type ErrorContext, failure } from "./error-context.js";
import type { ErrorEvidence, ErrorFacts } from "./error-facts.js";
import { tellingLine } from "./telling-line.js";
import type { TurnEvidence } from "./turn-evidence.js";

/** Signals by which a process is ended from outside; the others (SIGSEGV, SIGABRT, …) are the process's own crash. */
const ENDING_SIGNALS: ReadonlySet<string> = new Set(["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM"]);

/** How a shell or a wrapper script reports those signals: 128 and the signal's number. */
const SIGNAL_EXIT_CODES: ReadonlyMap<number, string> = new Map([
  [129, "SIGHUP"],
  [130, "SIGINT"],
  [131, "SIGQUIT"],
  [137, "SIGKILL"],
  [143, "SIGTERM"],
]);

/** The deadline ended a turn that had no answer yet. */
export function endedByDeadline(evidence: TurnEvidence): ErrorFacts | null {
  if (evidence.process?.by !== "deadline") return null;
  const { afterMs } = evidence.process;
  // Its end can be later than the deadline: opencode is given some time to end by itself.
  const after = afterMs === undefined ? "" : `; it was ended after ${howLong(afterMs)}`;
  const message = `The turn had no answer when its time was up${after}.${whatWasGoingOn(evidence)}`;
  return {
    ...failure("timeout", message, contextOf(evidence, "process")),
    limit: "turn",
    ...defined({ afterMs, lastFailure: evidence.requestError && briefly(evidence.requestError) }),
  };
}

/** The caller, or a signal from elsewhere, ended a turn that had no answer yet. */
export function endedBySomebody(evidence: TurnEvidence): ErrorFacts | null {
  if (evidence.process === undefined) return null;
  const { by, exitCode, abandoned = false } = evidence.process;
  const signal = evidence.process.signal ?? SIGNAL_EXIT_CODES.get(exitCode ?? 0);
  const wasSignalled = signal !== undefined && ENDING_SIGNALS.has(signal);
  if (by !== "caller" && !wasSignalled && !abandoned) return null;
  const message = abandoned
    ? "looptrace was killed before the turn's answer, and its opencode was ended with it."
    : by === "caller"
      ? "The caller ended the turn before its answer."
      : `opencode was ended by ${signal} before the turn's answer.`;
  return {
    ...failure("aborted", `${message}${whatWasGoingOn(evidence)}`, contextOf(evidence, "process")),
    abortedBy: by === "caller" ? "caller" : "signal",
    ...defined({ signal }),
  };
}

/**
 * opencode ended by itself, and the turn has no answer. Before there was a session it had found its folders, its
 * configuration, the arguments or the session wrong: the same again would end the same way, with any model.
 */
export function endedByItself(evidence: TurnEvidence): ErrorFacts | null {
  if (evidence.process === undefined) return null;
  const { exitCode, signal } = evidence.process;
  if (evidence.lastAssistant === null && evidence.sessionId === undefined && exitCode) {
    const said = evidence.stderr?.trim() ?? "";
    const line = tellingLine(said);
    const why = said === "" ? "; it said nothing, and is perhaps not opencode." : "; its stderr says why.";
    const how = `opencode ended with exit code ${exitCode} before there was a session`;
    const message = `${how}${line === undefined ? why : `: ${line}`}`;
    return failure("start_failed", message, contextOf(evidence, "process"));
  }
  const how = signal === undefined ? `ended with exit code ${exitCode ?? "unknown"}` : `crashed with ${signal}`;
  const when = evidence.lastAssistant === null ? "before the model was asked" : "before the turn's answer";
  return failure("unknown", `opencode ${how} ${when}; its stderr may say why.`, contextOf(evidence, "process"));
}

/** Sentences about what was going on when a turn was cut off, to go on with; empty where nothing is known. */
export function whatWasGoingOn({ requestError, running = [] }: TurnEvidence): string {
  const tools = running.map(({ tool, forMs }) => `${tool} had been at work for ${howLong(forMs)}`).join(", ");
  return [
    requestError ? ` A request had failed before: ${requestError.code}, ${requestError.message}` : "",
    tools === "" ? "" : ` ${tools}.`,
  ].join("");
}

/** What is known around a turn's failure. @param kind what tells of it */
export function contextOf({ sessionId, stderr, process }: TurnEvidence, kind: ErrorEvidence): ErrorContext {
  return { evidence: kind, sessionId, stderr, exitCode: process?.exitCode };
}

function briefly({ code, message, statusCode }: ErrorFacts) {
  return { code, message, ...defined({ statusCode }) };
}
