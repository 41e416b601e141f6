import { columnsOf } from "../text/columns.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";

/** What the trace is of, on one line where that is wide enough; else the title has its own. */
export function traceHead({ session, loop }: LoopTrace, width: number): readonly string[] {
  const model = loop.model ? `${loop.model.providerId}/${loop.model.modelId}` : "no model";
  const turn = session.turns > 1 ? ` · turn ${session.turn + 1} of ${session.turns}` : "";
  const title = oneLine(session.title) || oneLine(session.id);
  const facts = oneLine(`${model} · agent ${loop.agent ?? "?"}${turn} · opencode ${session.opencodeVersion}`);
  const both = `${title} · ${facts}`;
  return columnsOf(both) <= width ? [both] : [title, facts];
}
