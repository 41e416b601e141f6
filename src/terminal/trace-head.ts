import { outcomeText } from "../analysis/outcome.js";
import { columnsOf } from "../text/columns.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";

/** What the trace is of and how it ended, on one line where that is wide enough; else the title has its own. */
export function traceHead({ session, loop }: LoopTrace, width: number): readonly string[] {
  const model = loop.model ? `${loop.model.providerId}/${loop.model.modelId}` : "no model";
  const turn = session.turns > 1 ? ` · turn ${session.turn + 1} of ${session.turns}` : "";
  const title = oneLine(session.title) || oneLine(session.id);
  const facts = oneLine(`${model} · agent ${loop.agent ?? "?"}${turn} · opencode ${session.opencodeVersion}`);
  const outcome = outcomeText({ outcome: loop.outcome, errorCode: loop.error?.code ?? null });
  const both = `${title} · ${outcome} · ${facts}`;
  return columnsOf(both) <= width
    ? [both]
    : [`${shortenTo(title, width - columnsOf(outcome) - 3)} · ${outcome}`, facts];
}
