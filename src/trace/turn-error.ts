import { classify } from "../errors/classify.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import type { LastAssistant, ProcessEnd, SeenError } from "../errors/turn-evidence.js";
import type { AssistantMessage } from "../opencode/schema/session-export.js";
import type { RunEvidence } from "./evidence.js";
import type { Step } from "./model.js";
import { toolFacts } from "./tool-facts.js";

/** What is known about a turn's end. */
export interface TurnEnd {
  readonly sessionId: string;
  readonly assistants: readonly AssistantMessage[];
  /** One for each assistant message, in the same order. */
  readonly steps: readonly Step[];
  readonly run: RunEvidence | undefined;
}

/** Why a turn failed; null when it succeeded. */
export function turnError({ sessionId, assistants, steps, run }: TurnEnd): ErrorFacts | null {
  const lastAnswered = steps.findLastIndex(
    (step) => step.kind !== "compaction" && step.call?.outcome === "completed" && step.call.finish !== null,
  );
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
  return classify({
    sessionId,
    exportErrors,
    streamErrors: (run?.streamErrors ?? []).map(({ error, at }) => ({
      error: { name: error.name, data: error.data },
      at,
      recovered: at < (steps[lastAnswered]?.end ?? Number.NEGATIVE_INFINITY),
    })),
    lastAssistant: lastAssistantOf(assistants.at(-1)),
    doomLoop: run?.halted?.by === "doom-loop" ? run.halted : undefined,
    limit: run?.halted?.by === "limit" ? run.halted : undefined,
    childError: childError ?? undefined,
    process: run ? processEnd(run) : undefined,
    partialText: steps.findLast(({ call }) => call?.output.text)?.call?.output.text ?? undefined,
    stderr: run?.stderr,
  });
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

function processEnd(run: RunEvidence): ProcessEnd {
  const afterMs = run.endedAt - run.startedAt;
  return run.exit.kind === "exited"
    ? { exitCode: run.exit.code, by: run.exit.asked ?? "other", afterMs }
    : { signal: run.exit.signal, by: run.exit.by, afterMs };
}
