import type { RetryEvent } from "../agent/open-code.js";
import type { TurnResult } from "../agent/turn-result.js";
import { adviceFor, adviceOnly } from "../errors/advice.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { tellingLine } from "../errors/telling-line.js";
import type { Phase } from "../opencode/drive.js";
import { failedTools } from "../terminal/failed-tools.js";
import { duration } from "../text/format.js";
import { oneLine, severalLines } from "../text/terminal-text.js";

/** What failed, what happens next, and when, on one line. */
export function retryText({ error, decision, attempt, mostAttempts }: RetryEvent): string {
  const next = `next attempt ${attempt + 2} of ${mostAttempts}`;
  const how = decision.kind === "failover" ? `at once with ${oneLine(decision.model)}` : waitText(decision.waitMs);
  return `${error.code}: ${oneLine(error.message)} · ${next} ${how}`;
}

/** Hundredths of a second tell nothing. */
function waitText(ms: number): string {
  if (ms < 1000) return "at once";
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `in ${seconds} s` : `in ${duration(seconds * 1000)}`;
}

/** Where the trace is when no destination is configured. */
export function keptText({ kept, sessionId, traces }: Pick<TurnResult, "kept" | "sessionId" | "traces">): string {
  const trace = traces.findLast((one) => failedTools(one));
  const failed = trace && failedTools(trace);
  const turn = trace && trace.session.turns > 1 ? ` --turn ${trace.session.turn + 1}` : "";
  const step = failed ? `, \`looptrace show ${sessionId}${turn} --step ${failed.step}\` the tool that failed` : "";
  return kept
    ? `Kept on this machine; \`looptrace show ${sessionId}\` shows the trace${step}.`
    : `The trace is kept nowhere; when looptrace's folder can be written (LOOPTRACE_HOME names another), \`looptrace trace ${sessionId}\` computes it again.`;
}

/** Of a run that was interrupted early enough. */
export const NOTHING_RUN =
  "looptrace: interrupted before opencode had begun: nothing was run, and no model was asked.\n";

/**
 * Whether opencode has no turn of this run: then no model was asked, whether the session that was to be
 * continued is there or not.
 */
export function isNothingRun({
  traces,
  session,
  sessionId,
}: Pick<TurnResult, "traces" | "session" | "sessionId">): boolean {
  return traces.length === 0 && (sessionId === null || session !== null);
}

/** Why a run failed, the last line with what to do; whole, and nothing of it twice. */
export function failureText(told: ErrorFacts): string {
  const error = toCaller(told);
  const problems = error.code === "invalid_output" ? error.problems : [];
  // They say all that the message says, which counts them.
  const advice = problems.length > 0 ? adviceOnly(error) : adviceFor(error);
  const lines = [...problems.map((problem) => `looptrace: ${oneLine(problem)}\n`), lastWords(error)];
  return `${lines.join("")}looptrace: ${oneLine(advice)}\n`;
}

/** Who reads this is the caller that an error of the library's speaks of. */
function toCaller(error: ErrorFacts): ErrorFacts {
  if (error.code !== "aborted" || error.abortedBy !== "caller") return error;
  return { ...error, message: error.message.replace(/^The caller ended the turn/, "You ended the turn") };
}

const MOST_LINES = 4;
const LONGEST_LINE = 160;

/** So much of a line stands in the message, however long it is. */
const LEAST_QUOTED = 60;

/**
 * opencode's own last words, a few lines, where no provider and no deadline explains the failure; else
 * nothing. It may print its whole usage: what was said before them is in the log that was kept.
 */
export function lastWords(error: ErrorFacts): string {
  const isUnexplained = error.evidence === "process" && (error.code === "unknown" || error.code === "start_failed");
  if (!isUnexplained || error.stderr === undefined) return "";
  const quoted = tellingLine(error.stderr) ?? "";
  const isQuoted = quoted !== "" && error.message.includes(oneLine(quoted).slice(0, LEAST_QUOTED));
  const lines = severalLines(error.stderr)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !(isQuoted && oneLine(line) === oneLine(quoted)));
  const last = lines.slice(-MOST_LINES).map((line) => oneLine(line).slice(0, LONGEST_LINE).toWellFormed());
  const shown = lines.length > last.length ? ["…", ...last] : last;
  return shown.map((line) => `opencode: ${line}\n`).join("");
}

/**
 * What `--verbose` says of the opencode that a turn gets; undefined where that is not known yet, or was told before.
 *
 * @param isQuiet whether no progress says that an earlier run's is used
 */
export function servedText(phase: Phase, isQuiet: boolean): string | undefined {
  if (phase.kind !== "loading" || phase.isWarm === undefined) return undefined;
  if (!phase.isWarm) return `opencode was started: ${oneLine(phase.why ?? "")}.`;
  return isQuiet ? "an earlier run's opencode is used." : undefined;
}
