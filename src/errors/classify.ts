import { headOf, oneLine } from "../text/bounded-text.js";
import { defined } from "../text/json-fields.js";
import { classifyErrorObject, saysNothing } from "./classify-error-object.js";
import { classifyFinish } from "./classify-finish.js";
import { contextOf, endedByDeadline, endedByItself, endedBySomebody, whatWasGoingOn } from "./classify-process-end.js";
import { failure } from "./error-context.js";
import type { ErrorEvidence, ErrorFacts } from "./error-facts.js";
import { classifyTool, stopsTheLoop } from "./tool-failure.js";
import type { DoomLoop, LastAssistant, SeenError, TurnEvidence } from "./turn-evidence.js";

/** `null`: the rule has nothing to say, the next one is asked. */
type Classification = ErrorFacts | "succeeded" | null;

interface Rule {
  readonly name: string;
  readonly judge: (evidence: TurnEvidence) => Classification;
}

/**
 * The order of evidence: the richest first, and each rule only about what those above it leave open. Exit codes decide
 * nothing by themselves: opencode exits with 1 after errors it got over, and with 0 after refused permissions.
 */
const rules: readonly Rule[] = [
  { name: "a doom loop ended the turn", judge: doomLoop },
  { name: "an error in the export that nothing got over", judge: exportError },
  { name: "an answer that does not fit its schema", judge: misfit },
  { name: "the last message is an answer", judge: answered },
  { name: "a limit of the caller's ended the turn", judge: limitReached },
  { name: "an error in the run stream that nothing got over", judge: streamError },
  { name: "requests that failed again and again", judge: gaveUp },
  { name: "the context was too large again after compacting", judge: ({ stuckOverflow }) => stuckOverflow ?? null },
  { name: "a permission was refused and the loop stopped", judge: permissionRejected },
  { name: "the finish reason of the last message", judge: finishReason },
  { name: "the deadline", judge: endedByDeadline },
  { name: "the caller or a signal", judge: endedBySomebody },
  { name: "a subagent's failure", judge: ({ childError }) => childError ?? null },
  { name: "opencode ended by itself without an answer", judge: endedByItself },
  { name: "a past session without an answer", judge: neverAnswered },
];

/**
 * Why a turn failed, from all that is known about its end; pure, and of structure only: stderr is attached and quoted,
 * and decides nothing.
 *
 * @returns the facts of the failure with the evidence they rest on, or `null` when the turn succeeded
 */
export function classify(evidence: TurnEvidence): ErrorFacts | null {
  for (const rule of rules) {
    const verdict = rule.judge(evidence);
    if (verdict !== null) return verdict === "succeeded" ? null : verdict;
  }
  return null;
}

function doomLoop(evidence: TurnEvidence): Classification {
  const loop = evidence.doomLoop;
  if (loop === undefined) return null;
  const { tool, answer, count, lastError } = loop;
  return {
    ...failure("doom_loop", doomLoopMessage(loop), contextOf(evidence, "export")),
    tool,
    arguments: tool === null ? null : headOf(JSON.stringify(loop.arguments) ?? "", 2_000),
    ...defined({ answer: answer && { ...answer, text: headOf(answer.text, 2_000) } }),
    count,
    ...defined({ lastError: lastError === undefined ? undefined : oneLine(lastError) }),
  };
}

function doomLoopMessage({ tool, answer, count }: DoomLoop): string {
  if (tool !== null) return `${tool} was called ${count} times with the same arguments.`;
  if (answer === undefined)
    return `The request was too large for the model's context ${count} times, each time after compacting.`;
  const what = answer.text.trim() === "" ? "an empty answer" : "the same answer";
  return `The model gave ${what} ${count} times, without a tool (finish ${answer.finish}).`;
}

function exportError(evidence: TurnEvidence): Classification {
  const decisive = evidence.exportErrors.findLast(({ recovered }) => !recovered);
  return decisive === undefined ? null : ofObject(decisive, evidence, "export");
}

function misfit(evidence: TurnEvidence): Classification {
  const { schemaProblems = [] } = evidence;
  if (schemaProblems.length === 0 || answered(evidence) !== "succeeded") return null;
  const [first = "", ...others] = schemaProblems;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  const message = `The answer does not fit the schema: ${first}${more}.`;
  const shared = failure("invalid_output", message, contextOf(evidence, "export"));
  return { ...shared, reason: "schema", problems: schemaProblems };
}

/** `stop`, or `tool-calls` where the call was opencode's own tool for structured answers. */
function answered({ lastAssistant }: TurnEvidence): Classification {
  if (lastAssistant === null || lastAssistant.isSummary) return null;
  const gaveStructure = lastAssistant.tools.some(
    ({ tool, status }) => tool === "StructuredOutput" && status === "completed",
  );
  const isAnswer = lastAssistant.finish === "stop" || (lastAssistant.finish === "tool-calls" && gaveStructure);
  return isAnswer ? "succeeded" : null;
}

function limitReached(evidence: TurnEvidence): Classification {
  const { limit } = evidence;
  if (limit === undefined) return null;
  const { of, allowed, reached } = limit;
  const texts = {
    cost: `The turn was stopped at $${reached}: it may cost $${allowed}.`,
    tokens: `The turn was stopped at ${reached} tokens: it may take ${allowed}.`,
    // How far it came into the next one depends on how fast it was stopped; its summary may count that one.
    steps: `The turn may take ${allowed} ${allowed === 1 ? "step" : "steps"}, and was stopped when it went on to another one.`,
  };
  return { ...failure("aborted", texts[of], contextOf(evidence, "process")), abortedBy: "limit", limit };
}

/** opencode before 1.18 tries for ever; what its requests failed with is why there is no answer. */
function gaveUp(evidence: TurnEvidence): Classification {
  const { gaveUpAfter, requestError, sessionId } = evidence;
  if (gaveUpAfter === undefined) return null;
  if (requestError) return { ...requestError, ...defined({ sessionId }) };
  const message = `opencode had asked the model ${gaveUpAfter} times in vain when it was stopped.`;
  return failure("unknown", message, contextOf(evidence, "process"));
}

/** The last error, but one that says something before one that does not: 1.15 sends both for an unknown model. */
function streamError(evidence: TurnEvidence): Classification {
  const open = evidence.streamErrors.filter(({ recovered }) => !recovered);
  const telling = open.filter(({ error }) => !saysNothing(error));
  const verdicts = (telling.length > 0 ? telling : open).map((seen) => ofObject(seen, evidence, "stream"));
  return verdicts.findLast(({ code }) => code !== "unknown") ?? verdicts.at(-1) ?? null;
}

function permissionRejected(evidence: TurnEvidence): Classification {
  const { lastAssistant } = evidence;
  if (lastAssistant?.finish !== "tool-calls") return null;
  const refused = lastAssistant.tools.findLast(stopsTheLoop);
  const why = refused && classifyTool(refused);
  if (!why) return null;
  return { ...failure("permission_rejected", why.message, contextOf(evidence, "finish")), tool: why.tool };
}

function finishReason(evidence: TurnEvidence): Classification {
  const finish = evidence.lastAssistant?.finish;
  if (finish === undefined) return null;
  return classifyFinish(finish, { ...contextOf(evidence, "finish"), partialText: evidence.partialText });
}

function neverAnswered(evidence: TurnEvidence): Classification {
  const context = contextOf(evidence, "export");
  const last = evidence.lastAssistant;
  if (last === null) {
    const message =
      "No model answered this message: an unknown model or provider is the usual cause, or opencode was ended.";
    return failure("unknown", message, context);
  }
  const message = last.completed
    ? "The turn ends without an answer: opencode was ended between two model calls."
    : "The turn ends in the middle of a message: opencode was ended, or is still at work.";
  return { ...failure("aborted", `${message}${whatWasGoingOn(evidence)}`, context), abortedBy: "unknown" };
}

function ofObject(seen: SeenError, evidence: TurnEvidence, kind: ErrorEvidence): ErrorFacts {
  return classifyErrorObject(seen.error, {
    ...contextOf(evidence, kind),
    at: seen.at,
    partialText: evidence.partialText,
    tool: refusedTool(evidence.lastAssistant),
    beforeAnyAnswer: evidence.lastAssistant === null,
    model: evidence.model,
  });
}

/** The tool that a permission was asked for; where opencode refused by itself the call stands there as aborted. */
function refusedTool(last: LastAssistant | null): string | undefined {
  const failures = (last?.tools ?? []).flatMap((tool) => classifyTool(tool) ?? []);
  return (failures.findLast(({ kind }) => kind === "permission_rejected") ?? failures.at(-1))?.tool;
}
