import { classify } from "../errors/classify.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import type { LastAssistant, SeenError, TurnEvidence } from "../errors/turn-evidence.js";
import { isOwnAbort, isWantedEnd, processEndOf } from "../opencode/evidence.js";
import type { Answer, Turn } from "../opencode/model.js";
import type { Step } from "./model.js";

/** What is known about a turn's end. */
export interface TurnEnd {
  readonly sessionId: string;
  readonly turn: Turn;
  readonly answers: readonly Answer[];
  /** Those with which a compaction ended that a person asked for: the turn had its answer before. */
  readonly asked: ReadonlySet<Answer>;
  /** One for each answer, in the same order. */
  readonly steps: readonly Step[];
}

/** Why a turn failed, and where that stands. */
export interface TurnFailure {
  /** null when the turn succeeded. */
  readonly error: ErrorFacts | null;
  /** The index of the step that the error stands on; null without an error, and without a step. */
  readonly failedStep: number | null;
  /** The index of the last step that was answered: what failed before it, the turn got over. -1: none was. */
  readonly lastAnswered: number;
}

export function turnError({ sessionId, turn, answers, asked, steps }: TurnEnd): TurnFailure {
  const { run, model } = turn;
  const lastAnswered = steps.findLastIndex(
    (step) => step.kind !== "compaction" && step.call?.outcome === "completed" && step.call.finish !== null,
  );
  const lastTry = steps.findLastIndex(({ kind }) => kind !== "compaction");
  const overflows = steps.filter((step, index) => isOverflow(step, answers[index]));
  const lastTried = steps[lastTry];
  const stuckOverflow =
    overflows.length > 1 && lastTried && overflows.includes(lastTried) ? lastTried.call?.error : undefined;
  const seen: SeenError[] = [];
  answers.forEach(({ error, created, completed }, index) => {
    if (error) seen.push({ error, at: completed ?? created, recovered: index < lastAnswered || hasSucceeded(turn) });
  });
  const exportErrors = [...seen, ...errorOfEnd(turn, seen)];
  const last = steps.at(-1);
  const childError = last?.tools.flatMap(({ loops }) => loops).findLast(({ error }) => error !== null)?.error;
  const evidence: TurnEvidence = {
    sessionId,
    exportErrors,
    streamErrors: (run?.streamErrors ?? []).map(({ error, at }) => ({
      error: { name: error.name, data: error.data },
      at,
      recovered: at < (steps[lastAnswered]?.end ?? Number.NEGATIVE_INFINITY),
    })),
    lastAssistant: lastAssistantOf(answers.findLast((answer) => !asked.has(answer))),
    doomLoop: run?.halted?.by === "doom-loop" ? run.halted : undefined,
    limit: run?.halted?.by === "limit" ? run.halted : undefined,
    childError: childError ?? undefined,
    process: run ? processEndOf(run) : undefined,
    model: model ? `${model.providerId}/${model.modelId}` : undefined,
    running: (last?.tools ?? [])
      .filter(({ outcome, failure }) => outcome === "unfinished" || (isOwnAbort(run) && failure?.kind === "aborted"))
      .map(({ name, start, end }) => ({ tool: name, forMs: end - start })),
    stuckOverflow: stuckOverflow ? { ...stuckOverflow, sessionId } : undefined,
    requestError: requestError(last),
    gaveUpAfter: run?.halted?.by === "retries" ? run.halted.attempts : undefined,
    schemaProblems: run?.schemaProblems,
    partialText: answerText(steps) ?? undefined,
    stderr: run?.stderr,
  };
  const error = classify(hasSucceeded(turn) ? ofSuccess(evidence) : evidence);
  if (!error || steps.length === 0) return { error, failedStep: null, lastAnswered };
  const withError = answers.findLastIndex((answer, index) => answer.error && index >= lastAnswered);
  if (withError >= 0 && error.code !== "doom_loop") return { error, failedStep: withError, lastAnswered };
  const isStuck = stuckOverflow && error.code === stuckOverflow.code;
  return { error, failedStep: isStuck ? lastTry : steps.length - 1, lastAnswered };
}

function hasSucceeded({ end }: Turn): boolean {
  return end?.outcome === "succeeded";
}

/** What a turn can have come to all the same that succeeded, as opencode says. */
const CUT_SHORT: ReadonlySet<string> = new Set(["length", "content-filter"]);

/** opencode says that it succeeded: how well it did tells the last answer, and nothing that went wrong on the way. */
function ofSuccess({ lastAssistant: last, ...evidence }: TurnEvidence): TurnEvidence {
  const finish = last?.finish !== undefined && CUT_SHORT.has(last.finish) ? last.finish : "stop";
  const { sessionId, exportErrors, doomLoop, limit, model, schemaProblems, partialText, stderr } = evidence;
  const lastAssistant = { finish, completed: true, isSummary: false, tools: last?.tools ?? [] };
  const streamErrors: readonly SeenError[] = [];
  return {
    ...{ sessionId, exportErrors, streamErrors, lastAssistant },
    ...{ doomLoop, limit, model, schemaProblems, partialText, stderr },
  };
}

/** What the end that opencode tells of says where no answer has an error that counts. */
function errorOfEnd({ end, run }: Turn, seen: readonly SeenError[]): readonly SeenError[] {
  if (!end || end.outcome === "succeeded" || seen.some(({ recovered }) => !recovered)) return [];
  // Who wanted it, and why, is known better.
  if (end.outcome === "interrupted" && isWantedEnd(run)) return [];
  return [{ error: end.error ?? UNTOLD[end.outcome], at: end.at, recovered: false }];
}

const UNTOLD = {
  failed: { name: "UnknownError", data: { message: "opencode says that the turn failed, and not why." } },
  interrupted: { name: "MessageAbortedError", data: { message: "The turn was interrupted." } },
} as const;

/** What tells of a request that failed, and not of the turn. */
const OF_A_REQUEST: ReadonlySet<string> = new Set<ErrorFacts["evidence"]>(["log", "events", "wire"]);

/** What the log, the wire, or else the events say of the last request of an unfinished step that is known to have failed. */
function requestError(last: Step | undefined): ErrorFacts | undefined {
  if (last?.outcome !== "unfinished") return undefined;
  const error = last.call?.error;
  if (error) return OF_A_REQUEST.has(error.evidence) ? error : undefined;
  // The one that was on its way when the turn was cut off had not failed yet.
  return last.call?.firstTokenAt === null ? (last.retries.at(-1)?.error ?? undefined) : undefined;
}

/** The text with which a turn answers, or as much of it as there was: what stands in its last step, else null. */
export function answerText(steps: readonly Step[]): string | null {
  return steps.findLast(({ kind }) => kind !== "compaction")?.call?.output.text ?? null;
}

/** A request that was too large leaves no error on its message, but the call has it. */
function isOverflow({ call }: Step, answer: Answer | undefined): boolean {
  return !answer?.error && call?.error?.code === "max_output_tokens" && call.error.evidence === "export";
}

function lastAssistantOf(answer: Answer | undefined): LastAssistant | null {
  if (!answer) return null;
  const { finish, completed, summary, tools } = answer;
  return {
    finish: finish ?? undefined,
    completed: completed !== null,
    isSummary: summary !== null,
    tools: tools.map(({ facts }) => facts),
  };
}
