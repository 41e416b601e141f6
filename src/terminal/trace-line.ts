import { gapsOf } from "../analysis/gaps.js";
import { cost, count, duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { totalTokens } from "../trace/usage.js";

/** A trace on one line: its id, how it ended, what it took, and what of that is not known. */
export function traceLine({ traceId, session, loop }: LoopTrace): string {
  const totals = loop.totalsWithSubagents;
  const { calls, withoutUsage, doubts } = gapsOf([{ traceId, session, loop }]);
  const outcome = loop.error ? loop.error.code : loop.outcome === "completed" ? "ok" : loop.outcome;
  const turn = session.turns > 1 ? ` turn ${session.turn + 1}/${session.turns}` : "";
  return [
    oneLine(traceId),
    `${oneLine(session.id)}${turn}`,
    outcome,
    plural(totals.steps, "step"),
    plural(totals.calls, "call"),
    plural(totals.tools, "tool"),
    duration(loop.end - loop.start),
    ...(withoutUsage === calls && calls > 0
      ? ["tokens unknown"]
      : [`${count(totalTokens(totals.usage))} tokens`, cost(totals.cost)]),
    ...(doubts.length > 0 && withoutUsage < calls ? [`tokens of ${plural(doubts.length, "call")} in doubt`] : []),
    ...(totals.missingSubagents > 0
      ? [`without ${plural(totals.missingSubagents, "subagent session")} not in the input`]
      : []),
    oneLine(session.title),
  ].join("  ");
}
