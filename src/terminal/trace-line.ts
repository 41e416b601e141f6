import type { Colors } from "picocolors/types.js";
import { gapsOf } from "../analysis/gaps.js";
import { outcomeText } from "../analysis/outcome.js";
import { columnsOf } from "../text/columns.js";
import { cost, count, duration, plural, UNKNOWN } from "../text/format.js";
import { oneLine, padStart, shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { totalTokens } from "../trace/usage.js";

export interface TraceLineOptions {
  /** Columns of the terminal: a long title is cut so that the rest fits; not cut when not given. */
  readonly width?: number;
  /** Whether a person reads it: the beginning of the session's id is enough then. */
  readonly short?: boolean;
  /** Whether lines stand below each other, so that their columns are to line up. */
  readonly aligned?: boolean;
  readonly colors?: Colors;
  /** What the title becomes, where it is to open something. */
  readonly link?: (title: string) => string;
}

/** What titles are padded or cut to where lines are aligned, and what a narrow terminal leaves them at least. */
const TITLE_WIDTH = 32;
const SHORTEST_TITLE = 12;

/** A trace on one line: its title, how it ended, what it took, what of that is not known, and the session's id. */
export function traceLine(trace: LoopTrace, options: TraceLineOptions = {}): string {
  const { short = false, aligned = false, width, colors, link = (title) => title } = options;
  const { session } = trace;
  const rest = [...figures(trace, aligned), ...lacking(trace), short ? shortId(session.id) : oneLine(session.id)];
  const outcome = outcomeOf(trace);
  const behind = ["", outcome, ...rest].join(GAP);
  const room = width === undefined ? Number.POSITIVE_INFINITY : width - columnsOf(behind);
  const most = Math.max(SHORTEST_TITLE, Math.min(room, aligned ? TITLE_WIDTH : room));
  const title = titleIn(trace, most);
  const told = colors ? outcomeIn(trace, colors) : outcome;
  const blanks = aligned ? " ".repeat(Math.max(0, OUTCOME_WIDTH - columnsOf(outcome))) : "";
  const start = aligned ? " ".repeat(Math.max(0, TITLE_WIDTH - columnsOf(title))) : "";
  return [`${link(title)}${start}`, `${told}${blanks}`, ...rest].join(GAP);
}

/** A trace's title within so many columns. */
export function titleIn({ session }: LoopTrace, columns: number): string {
  // Which turn it is tells lines of one session apart.
  const turn = session.turns > 1 ? ` (turn ${session.turn + 1}/${session.turns})` : "";
  return `${shortenTo(oneLine(session.title) || "untitled", Math.max(1, columns - turn.length))}${turn}`;
}

/** How it ended: an error's code says more than that it failed. */
export function outcomeOf({ loop }: Pick<LoopTrace, "loop">): string {
  return outcomeText({ outcome: loop.outcome, errorCode: loop.error?.code ?? null });
}

/** The same in its colour, or as much of it as there is room for. */
export function outcomeIn({ loop }: LoopTrace, colors: Colors, outcome = outcomeOf({ loop })): string {
  return colors[loop.error ? "red" : loop.outcome === "completed" ? "green" : "yellow"](outcome);
}

const GAP = "  ";
/** The longest code of an error has room. */
export const OUTCOME_WIDTH = "authentication_failed".length;

/** By so much of its id a session is known: it begins with the time at which it was made. */
const SHORT_ID = 8;

/** The beginning of a session's id. */
export function shortId(id: string): string {
  return oneLine(id).replace(/^ses_/, "").slice(0, SHORT_ID);
}

/** Whether nothing is known of the tokens of any call. */
export function isUnknown({ traceId, session, loop }: LoopTrace): boolean {
  const { calls, withoutUsage } = gapsOf([{ traceId, session, loop }]);
  return withoutUsage === calls && calls > 0;
}

function figures(trace: LoopTrace, aligned: boolean): readonly string[] {
  const { loop } = trace;
  const totals = loop.totalsWithSubagents;
  const noTokens = isUnknown(trace);
  const cells: readonly (readonly [text: string, columns: number])[] = [
    [plural(totals.steps, "step"), 9],
    [plural(totals.calls, "call"), 9],
    [plural(totals.tools, "tool"), 9],
    [duration(loop.end - loop.start), 6],
    [`${noTokens ? UNKNOWN : count(totalTokens(totals.usage))} tokens`, 16],
    [cost(totals.cost), 8],
  ];
  return cells.map(([text, columns]) => (aligned ? padStart(text, columns) : text));
}

/** What the figures lack, or hold only as far as it is known. */
export function lacking({ traceId, session, loop }: LoopTrace): readonly string[] {
  const { calls, withoutUsage, doubts, costByUser } = gapsOf([{ traceId, session, loop }]);
  const missing = loop.totalsWithSubagents.missingSubagents;
  return [
    ...(costByUser === null ? [] : ["by your prices"]),
    ...(doubts.length > 0 && withoutUsage < calls ? [`tokens of ${plural(doubts.length, "call")} in doubt`] : []),
    ...(missing > 0 ? [`without ${plural(missing, "subagent session")} not in the input`] : []),
  ];
}
