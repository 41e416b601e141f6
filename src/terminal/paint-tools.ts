import type { Colors } from "picocolors/types.js";
import type { SlowCall, ToolReport, ToolStats } from "../analysis/tool-table.js";
import { columnsOf } from "../text/columns.js";
import { count, duration, plural, UNKNOWN } from "../text/format.js";
import { oneLine, padStart, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { argumentLine } from "./argument-text.js";
import { fitTable, type HiddenColumns, hiddenColumnsLine, STAYS, type TableColumn } from "./fit-table.js";
import { ESTIMATED, inColors, type LabelledLine, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

/** Between two columns. */
const GAP = "  ";

/** A name is cut to this before figures give way to it. */
const SHORT_NAME = 16;

/** No line shows more of a call's arguments. */
const MOST_ARGUMENTS = 2000;

interface Column extends Pick<TableColumn, "heading" | "worth"> {
  readonly cell: (figures: ToolStats) => string;
}

const COLUMNS: readonly Column[] = [
  { heading: "calls", worth: 95, cell: ({ calls }) => count(calls) },
  { heading: "failed", worth: 80, cell: ({ errors }) => some(errors) },
  { heading: "unfinished", worth: 20, cell: ({ unfinished }) => some(unfinished) },
  { heading: "p50", worth: 70, cell: (figures) => timeIn(figures, figures.p50Ms) },
  { heading: "p90", worth: 10, cell: (figures) => timeIn(figures, figures.p90Ms) },
  { heading: "p99", worth: 30, cell: (figures) => timeIn(figures, figures.p99Ms) },
  { heading: "max", worth: 60, cell: (figures) => timeIn(figures, figures.maxMs) },
  { heading: "total", worth: 90, cell: (figures) => timeIn(figures, figures.maxMs === null ? null : figures.totalMs) },
  { heading: "share", worth: 50, cell: ({ share, maxMs }) => (share === null || maxMs === null ? "" : percent(share)) },
];

/** Tools by the time they took, then the slowest calls with their arguments; no line is wider than the terminal. */
export function paintTools(report: ToolReport, { width, colors }: PaintOptions): string {
  const { tools, slowest } = report;
  const title = wrapped(titleOf(report), width).map((line) => colors.bold(line));
  const table = tools.length + report.own.length > 0 ? toolLines(report, width, colors) : { lines: [], hidden: null };
  const notes = inColors([...notesOf(report), ...hiddenColumnsLine(table.hidden)], width, colors);
  return [
    ...title,
    ...table.lines,
    ...(slowest.length > 0 ? ["", colors.bold("slowest calls")] : []),
    ...slowLines(report, width, colors),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}

function titleOf({ sessions, turns, durationMs, total }: ToolReport): string {
  const where = `${plural(turns, "turn")} of ${plural(sessions, "session")}`;
  if (total.calls === 0) return `No tool call in ${where}`;
  return `${plural(total.calls, "tool call")} in ${where} that took ${duration(durationMs)}`;
}

function toolLines(
  { tools, total, own, groupedBy }: ToolReport,
  width: number,
  colors: Colors,
): { readonly lines: readonly string[]; readonly hidden: HiddenColumns | null } {
  const rows: readonly { readonly name: string; readonly figures: ToolStats; readonly isOwn?: true }[] = [
    ...tools.map((row) => ({ name: `${oneLine(row.name)}${mark(row)}`, figures: row })),
    ...(tools.length > 1 ? [{ name: `all${mark(total)}`, figures: total }] : []),
    ...own.map((row) => ({ name: row.name, figures: row, isOwn: true as const })),
  ];
  const {
    head,
    rows: lines,
    hidden,
  } = fitTable(
    [
      {
        ...{ heading: groupedBy, align: "left", worth: STAYS, shortest: SHORT_NAME },
        cells: rows.map(({ name }) => name),
      },
      ...COLUMNS.map(
        ({ heading, worth, cell }): TableColumn => ({
          ...{ heading, worth, align: "right" },
          cells: rows.map(({ figures }) => cell(figures)),
          ...(heading === "failed" ? { paint: colors.yellow } : {}),
        }),
      ),
    ],
    width,
  );
  return {
    lines: [colors.dim(head), ...lines.map((line, index) => (rows[index]?.isOwn ? colors.dim(line) : line))],
    hidden,
  };
}

/** Two lines a call: when, what and where; what it was asked. */
function slowLines({ slowest, sessions }: ToolReport, width: number, colors: Colors): string[] {
  const times = slowest.map(({ timing, durationMs }) => `${timing === "exact" ? "" : "~"}${duration(durationMs)}`);
  const timeWidth = Math.max(0, ...times.map(columnsOf));
  return slowest.flatMap((call, index) => {
    const name = `${oneLine(call.tool)}${call.withSubagent ? SUBAGENT_MARK : ""}`;
    const failure = call.failure ? ` · ${call.failure.kind}` : "";
    const waited = call.permissionWaitMs ? ` · ${duration(call.permissionWaitMs)} of it waiting for permission` : "";
    const head = `${padStart(times[index] ?? "", timeWidth)}${GAP}${name} · ${placeOf(call, sessions)}${failure}${waited}`;
    const asked = `${" ".repeat(timeWidth)}${GAP}${argumentLine(call.arguments, MOST_ARGUMENTS)}`;
    const first = shortenTo(head, width);
    return [call.failure ? colors.yellow(first) : first, colors.dim(shortenTo(asked.trimEnd(), width))];
  });
}

function placeOf({ step, turn, turns, sessionId }: SlowCall, sessions: number): string {
  return [
    ...(turns > 1 ? [`turn ${turn + 1}`] : []),
    `step ${step}`,
    ...(sessions > 1 ? [oneLine(sessionId)] : []),
  ].join(", ");
}

const SUBAGENT_MARK = "*";

function mark({ subagentCalls }: ToolStats): string {
  return subagentCalls > 0 ? SUBAGENT_MARK : "";
}

function notesOf({ total, copiedTurns, missingSubagents }: ToolReport): LabelledLine[] {
  const { permissionWaitMs, unfinished, withoutTime } = total;
  const subagents = "a subagent's whole time is in it; what tools the subagent called is counted too";
  const note = (some: number, text: string): LabelledLine[] => (some > 0 ? [worded("note", text, "warning")] : []);
  return [
    ...(total.subagentCalls > 0 ? [worded(SUBAGENT_MARK, subagents, "muted")] : []),
    ...(total.boundedCalls > 0 ? [ESTIMATED] : []),
    ...note(permissionWaitMs, `${duration(permissionWaitMs)} of the total was waiting for permission, no tool's work`),
    ...note(unfinished, `${plural(unfinished, "call")} without an end: in no time and no percentile`),
    ...note(
      withoutTime,
      `${plural(withoutTime, "call")} of scripts, whose time opencode does not record: only its script's is told`,
    ),
    ...note(missingSubagents, `without the tools of ${plural(missingSubagents, "subagent session")} not in the input`),
    ...note(copiedTurns, `without ${plural(copiedTurns, "turn")} that a fork copied from another session`),
  ];
}

function timeIn({ boundedCalls }: ToolStats, ms: number | null): string {
  return ms === null ? UNKNOWN : `${boundedCalls > 0 ? "~" : ""}${duration(ms)}`;
}

function some(value: number): string {
  return value === 0 ? "" : count(value);
}

/** @param share 0 to 1 */
function percent(share: number): string {
  const whole = Math.round(share * 100);
  return whole === 0 && share > 0 ? "<1%" : `${whole}%`;
}
