import { classify } from "../errors/classify.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import type { LastAssistant, SeenError } from "../errors/turn-evidence.js";
import type { AssistantMessage } from "../opencode/session.js";
import { processEndOf, type RunEvidence } from "./evidence.js";
import type { Step } from "./model.js";
import { ABORTED_MESSAGE, isOwnAbort } from "./own-abort.js";
import { toolFacts } from "./tool-facts.js";

/** What is known about a turn's end. */
export interface TurnEnd {
  readonly sessionId: string;
  readonly assistants: readonly AssistantMessage[];
  /** Those with which a compaction ended that a person asked for: the turn had its answer before. */
  readonly asked: ReadonlySet<AssistantMessage>;
  /** One for each assistant message, in the same order. */
  readonly steps: readonly Step[];
  readonly run: RunEvidence | undefined;
  /** The model that the prompt was meant for, `provider/model`. */
  readonly model: string | undefined;
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

export function turnError({ sessionId, assistants, asked, steps, run, model }: TurnEnd): TurnFailure {
  const lastAnswered = steps.findLastIndex(
    (step) => step.kind !== "compaction" && step.call?.outcome === "completed" && step.call.finish !== null,
  );
  const lastTry = steps.findLastIndex(({ kind }) => kind !== "compaction");
  const overflows = steps.filter((step, index) => isOverflow(step, assistants[index]));
  const lastTried = steps[lastTry];
  const stuckOverflow =
    overflows.length > 1 && lastTried && overflows.includes(lastTried) ? lastTried.call?.error : undefined;
  const exportErrors = assistants.flatMap(({ info }, index): SeenError[] =>
    info.error
      ? [
          {
            error: { name: info.error.name, data: info.error.data },
            at: info.time.completed ?? info.time.created,
            recovered: index < lastAnswered,
          },
        ]
      : [],
  );
  const last = steps.at(-1);
  const childError = last?.tools.flatMap(({ loops }) => loops).findLast(({ error }) => error !== null)?.error;
  const error = classify({
    sessionId,
    exportErrors,
    streamErrors: (run?.streamErrors ?? [])
      .filter(({ error }) => !(error.name === ABORTED_MESSAGE && isOwnAbort(run)))
      .map(({ error, at }) => ({
        error: { name: error.name, data: error.data },
        at,
        recovered: at < (steps[lastAnswered]?.end ?? Number.NEGATIVE_INFINITY),
      })),
    lastAssistant: lastAssistantOf(assistants.findLast((message) => !asked.has(message))),
    doomLoop: run?.halted?.by === "doom-loop" ? run.halted : undefined,
    limit: run?.halted?.by === "limit" ? run.halted : undefined,
    childError: childError ?? undefined,
    process: run ? processEndOf(run) : undefined,
    model,
    running: (last?.tools ?? [])
      .filter(({ outcome, failure }) => outcome === "unfinished" || (isOwnAbort(run) && failure?.kind === "aborted"))
      .map(({ name, start, end }) => ({ tool: name, forMs: end - start })),
    stuckOverflow: stuckOverflow ? { ...stuckOverflow, sessionId } : undefined,
    requestError: requestError(last),
    gaveUpAfter: run?.halted?.by === "retries" ? run.halted.attempts : undefined,
    schemaProblems: run?.schemaProblems,
    partialText: answerText(steps) ?? undefined,
    stderr: run?.stderr,
  });
  if (!error || steps.length === 0) return { error, failedStep: null, lastAnswered };
  const withError = assistants.findLastIndex(({ info }, index) => info.error && index >= lastAnswered);
  if (withError >= 0 && error.code !== "doom_loop") return { error, failedStep: withError, lastAnswered };
  const isStuck = stuckOverflow && error.code === stuckOverflow.code;
  return { error, failedStep: isStuck ? lastTry : steps.length - 1, lastAnswered };
}

/** What the log, or else the events, say of the last request of an unfinished step that is known to have failed. */
function requestError(last: Step | undefined): ErrorFacts | undefined {
  if (last?.outcome !== "unfinished") return undefined;
  const error = last.call?.error;
  if (error) return error.evidence === "log" || error.evidence === "events" ? error : undefined;
  // The one that was on its way when the turn was cut off had not failed yet.
  return last.call?.firstTokenAt === null ? (last.retries.at(-1)?.error ?? undefined) : undefined;
}

/** The text with which a turn answers, or as much of it as there was: what stands in its last step, else null. */
export function answerText(steps: readonly Step[]): string | null {
  return steps.findLast(({ kind }) => kind !== "compaction")?.call?.output.text ?? null;
}

/** A request that was too large leaves no error on its message, but the call has it. */
function isOverflow({ call }: Step, message: AssistantMessage | undefined): boolean {
  return !message?.info.error && call?.error?.code === "max_output_tokens" && call.error.evidence === "export";
}

function lastAssistantOf(message: AssistantMessage | undefined): LastAssistant | null {
  if (!message) return null;
  const { info, parts } = message;
  return {
    finish: info.finish,
    completed: info.time.completed !== undefined,
    isSummary: info.summary === true,
    tools: parts.flatMap((part) => (part.type === "tool" ? [toolFacts(part)] : [])),
  };
}
