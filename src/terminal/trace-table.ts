import type { Colors } from "picocolors/types.js";
import { columnsOf } from "../text/columns.js";
import { cost, count, duration, UNKNOWN } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { totalTokens } from "../trace/usage.js";
import { hiddenColumnsLine, layTable, STAYS, type WideColumn } from "./fit-table.js";
import { folded, inColors, worded } from "./labelled-line.js";
import { isUnknown, lacking, OUTCOME_WIDTH, outcomeIn, outcomeOf, shortId } from "./trace-line.js";

export interface TraceTableOptions {
  /** Columns of the terminal, at least 20. */
  readonly width: number;
  readonly colors: Colors;
}

/** Traces below each other in a terminal, each when it is there; no line is wider than the terminal. */
export interface TraceTable {
  /** The lines of one: the headings before the first, and below what has no column. */
  readonly linesOf: (trace: LoopTrace, link?: Link) => readonly string[];
  /** What there was no room for. */
  readonly end: () => readonly string[];
}

/** Where a trace can be seen. */
export interface Link {
  readonly url: string;
  /** The address as the terminal opens it: what it adds takes no room. */
  readonly text: string;
}

const TITLE_WIDTH = 48;

interface Cell extends WideColumn {
  readonly cell: (trace: LoopTrace) => string;
}

export function traceTable({ width, colors }: TraceTableOptions): TraceTable {
  let painted: LoopTrace | undefined;
  const figure = (heading: string, worth: number, wide: number, cell: Cell["cell"]): Cell => {
    return { heading, worth, width: wide, align: "right", cell };
  };
  const columns: readonly Cell[] = [
    {
      ...{ heading: "title", worth: STAYS, align: "left", width: TITLE_WIDTH, shortest: 16, comfort: 30 },
      cell: ({ session }) => oneLine(session.title) || "untitled",
    },
    figure("turn", 99, 4, ({ session }) => (session.turns > 1 ? `${session.turn + 1}/${session.turns}` : "")),
    {
      ...{
        heading: "outcome",
        worth: STAYS,
        align: "left",
        width: OUTCOME_WIDTH,
        shortest: 14,
        comfort: OUTCOME_WIDTH,
      },
      cell: outcomeOf,
      paint: (text) => (painted ? outcomeIn(painted, colors, text) : text),
    },
    figure("steps", 80, 5, ({ loop }) => count(loop.totalsWithSubagents.steps)),
    figure("calls", 30, 5, ({ loop }) => count(loop.totalsWithSubagents.calls)),
    figure("tools", 40, 5, ({ loop }) => count(loop.totalsWithSubagents.tools)),
    figure("time", 90, 6, ({ loop }) => duration(loop.end - loop.start)),
    figure("tokens", 70, 9, (trace) =>
      isUnknown(trace) ? UNKNOWN : count(totalTokens(trace.loop.totalsWithSubagents.usage)),
    ),
    figure("cost", 85, 8, (trace) => (isUnknown(trace) ? UNKNOWN : cost(trace.loop.totalsWithSubagents.cost))),
    { heading: "id", worth: 95, align: "left", width: 8, cell: ({ session }) => shortId(session.id) },
  ];
  const { head, line, hidden } = layTable(columns, width);
  return {
    linesOf: (trace, link) => {
      const headings = painted ? [] : [colors.dim(head)];
      painted = trace;
      const row = line(
        columns.map(({ cell }) => cell(trace)),
        0,
      );
      return [
        ...headings,
        row,
        ...lacking(trace).flatMap((note) =>
          folded(worded("", note, "warning"), width).map((text) => colors.yellow(text)),
        ),
        // An address that is cut could not be copied: the terminal breaks it.
        ...(link ? [columnsOf(link.url) + LINK_INDENT.length > width ? link.text : `${LINK_INDENT}${link.text}`] : []),
      ];
    },
    end: () => {
      const how = (columns: number): string => `a terminal of ${columns} columns, or --json, shows all`;
      return painted ? inColors(hiddenColumnsLine(hidden, how), width, colors) : [];
    },
  };
}

const LINK_INDENT = "         ";
