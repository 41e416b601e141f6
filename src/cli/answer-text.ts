import type { TurnResult } from "../agent/turn-result.js";
import { terminalJson } from "../text/terminal-json.js";
import { severalLines } from "../text/terminal-text.js";
import type { Step } from "../trace/model.js";

/**
 * What a run prints on standard output, where a program may read it: a whole answer, or the empty string.
 * What a turn that failed has said last may end in the middle, or only announce the next tool, and a value
 * may not be what was asked for.
 */
export function answerText(
  result: Pick<TurnResult, "text" | "output" | "error" | "traces">,
  isStructured: boolean,
): string {
  const { text, output, error } = result;
  if (isStructured) return error ? "" : `${terminalJson(output)}\n`;
  return text === null || isCutOff(result) ? "" : `${severalLines(text).trimEnd()}\n`;
}

/** Where to see as much of a text as there was, when it is not printed; else the empty string. */
export function cutOffText(result: Pick<TurnResult, "text" | "error" | "traces">): string {
  const { text, traces } = result;
  const trace = traces.at(-1);
  const step = lastStep(result);
  if (text === null || !trace || !step || !isCutOff(result)) return "";
  const { id, turn, turns } = trace.session;
  const which = `${turns > 1 ? ` --turn ${turn + 1}` : ""} --step ${step.index}`;
  return `looptrace: there is no whole answer, so none is printed; \`looptrace show ${id}${which}\` shows what there was.\n`;
}

/** A turn can fail although it has answered: at what came after that. */
function isCutOff(result: Pick<TurnResult, "error" | "traces">): boolean {
  if (result.error === null) return false;
  return lastStep(result)?.call?.finish !== "stop";
}

/** The one whose text is the result's. */
function lastStep({ traces }: Pick<TurnResult, "traces">): Step | undefined {
  return traces.at(-1)?.loop.steps.findLast(({ kind }) => kind !== "compaction");
}
