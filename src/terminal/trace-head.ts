import { outcomeText } from "../analysis/outcome.js";
import { columnsOf } from "../text/columns.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";

/** What the trace is of and how it ended, each on a line. */
export interface TraceHead {
  readonly title: string;
  readonly outcome: string;
  /** Its model, agent and turn, and the version of opencode. */
  readonly facts: string;
}

export function headOf({ session, loop }: LoopTrace): TraceHead {
  const model = loop.model ? `${loop.model.providerId}/${loop.model.modelId}` : "no model";
  const turn = session.turns > 1 ? ` · turn ${session.turn + 1} of ${session.turns}` : "";
  const title = oneLine(session.title) || oneLine(session.id);
  const facts = oneLine(`${model} · agent ${loop.agent ?? "?"}${turn} · opencode ${session.opencodeVersion}`);
  return { title, outcome: outcomeText({ outcome: loop.outcome, errorCode: loop.error?.code ?? null }), facts };
}

/** The same as lines: one where that is wide enough; else the title has its own. */
export function headLines({ title, outcome, facts }: TraceHead, width: number): readonly string[] {
  const both = `${title} · ${outcome} · ${facts}`;
  return columnsOf(both) <= width
    ? [both]
    : [`${shortenTo(title, width - columnsOf(outcome) - 3)} · ${outcome}`, facts];
}
