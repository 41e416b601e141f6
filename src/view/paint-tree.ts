import type { Colors } from "picocolors/types.js";
import type { LoopTrace } from "../trace/model.js";
import { totalTokens } from "../trace/usage.js";
import { columnsOf } from "./columns.js";
import { cost, count, duration, plural, share } from "./format.js";
import { oneLine, padEnd, padStart, shortenTo } from "./terminal-text.js";
import { type Tone, type TreeRow, treeRows } from "./tree-rows.js";

export interface PaintOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly colors: Colors;
}

const HEADINGS = {
  name: "",
  duration: "time",
  input: "in",
  cached: "cached",
  output: "out",
  reasoning: "think",
  cost: "cost",
};
type Column = keyof typeof HEADINGS;
const NUMBERS: readonly Column[] = ["duration", "input", "cached", "output", "reasoning", "cost"];

/** The trace as a tree of lines with aligned columns, the totals below; no line is wider than the terminal. */
export function paintTree(trace: LoopTrace, options: PaintOptions): string {
  const rows = treeRows(trace);
  const cells = rows.map(cellsOf);
  // A narrow terminal shows what matters most: time first, then input and output, then the rest.
  const shown =
    options.width >= 100 ? NUMBERS : options.width >= 72 ? NUMBERS.slice(0, 4) : NUMBERS.slice(0, 1);
  const filled = shown.filter((column) => cells.some((cell) => cell[column] !== ""));
  const widths = new Map(filled.map((column) => [column, widest(column, cells)]));
  const numbers = [...widths.values()].reduce((sum, width) => sum + width + 2, 0);
  const name = Math.min(widest("name", cells), Math.max(16, options.width - numbers - 12));
  const detail = Math.max(0, options.width - name - numbers - 2);
  const line = (cell: Record<Column, string>, text: string): string =>
    [
      padEnd(shortenTo(cell.name, name), name),
      ...filled.map((column) => `  ${padStart(cell[column], widths.get(column) ?? 0)}`),
      detail > 3 && text !== "" ? `  ${shortenTo(text, detail)}` : "",
    ].join("");
  return [
    options.colors.bold(shortenTo(titleOf(trace), options.width)),
    options.colors.dim(shortenTo(line(HEADINGS, "").trimEnd(), options.width)),
    ...rows.map((row, index) => {
      const cell = cells[index];
      if (!cell) return "";
      const text = shortenTo(line(cell, row.detail).trimEnd(), options.width);
      return paint(text, row.tone, options.colors);
    }),
    "",
    ...totalLines(trace).flatMap(([label, ...parts]) => folded(label, parts, options.width)),
  ].join("\n");
}

function titleOf({ session, loop }: LoopTrace): string {
  const model = loop.model ? `${loop.model.providerId}/${loop.model.modelId}` : "no model";
  const turn = session.turns > 1 ? ` · turn ${session.turn + 1} of ${session.turns}` : "";
  return oneLine(
    `${session.title || session.id} · ${model} · agent ${loop.agent ?? "?"}${turn} · opencode ${session.opencodeVersion}`,
  );
}

/** What stands below the tree: a label, and parts between which a line may be folded. */
function totalLines({ traceId, session, loop }: LoopTrace): [label: string, ...parts: string[]][] {
  const { account } = loop;
  const totals = loop.totalsWithSubagents;
  const { usage } = totals;
  const part = (label: string, ms: number): string =>
    `${label} ${duration(ms)} (${share(ms, account.duration) || "0%"})`;
  const failed = totals.toolFailures > 0 ? ` (${totals.toolFailures} failed)` : "";
  return [
    [
      "time",
      duration(account.duration),
      part("= model", account.model),
      part("+ tools", account.tools),
      ...(account.retries > 0 ? [part("+ retries", account.retries)] : []),
      part("+ opencode", account.other),
    ],
    [
      "tokens",
      count(totalTokens(usage)),
      `= input ${count(usage.input)}`,
      `+ cached ${count(usage.cacheRead)}`,
      `+ cache write ${count(usage.cacheWrite)}`,
      `+ output ${count(usage.output)}`,
      `+ reasoning ${count(usage.reasoning)}`,
    ],
    [
      "total",
      `${plural(totals.steps, "step")},`,
      `${plural(totals.calls, "call")},`,
      `${plural(totals.tools, "tool")}${failed},`,
      ...(totals.retries > 0 ? [`${plural(totals.retries, "retry", "retries")},`] : []),
      `cost ${cost(totals.cost)}`,
    ],
    ["trace", traceId],
    ["session", oneLine(session.id)],
    ...loop.notes.map((note): [string, ...string[]] => ["note", ...oneLine(note).split(" ")]),
  ];
}

const LABEL_WIDTH = 9;

/** A line that goes on, indented, where the next part does not fit any more. */
function folded(label: string, parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of parts) {
    const longer = line === "" ? part : `${line} ${part}`;
    if (line !== "" && LABEL_WIDTH + columnsOf(longer) > width) {
      lines.push(line);
      line = part;
    } else {
      line = longer;
    }
  }
  return [...lines, line].map((text, index) =>
    shortenTo(padEnd(index === 0 ? label : "", LABEL_WIDTH) + text, width),
  );
}

function cellsOf(row: TreeRow): Record<Column, string> {
  const some = (value: number | undefined): string => (value ? count(value) : "");
  return {
    name: branch(row.more) + oneLine(row.name),
    duration: row.duration === null ? "" : `${row.exact ? "" : "~"}${duration(row.duration)}`,
    input: row.tokens ? count(row.tokens.input) : "",
    cached: some(row.tokens?.cached),
    output: row.tokens ? count(row.tokens.output) : "",
    reasoning: some(row.tokens?.reasoning),
    cost: row.cost === null ? "" : cost(row.cost),
  };
}

function branch(more: readonly boolean[]): string {
  return more
    .map((follows, level) =>
      level === more.length - 1 ? (follows ? "├─ " : "└─ ") : follows ? "│  " : "   ",
    )
    .join("");
}

function widest(column: Column, cells: readonly Record<Column, string>[]): number {
  return cells.reduce((width, cell) => Math.max(width, columnsOf(cell[column])), columnsOf(HEADINGS[column]));
}

function paint(text: string, tone: Tone, colors: Colors): string {
  switch (tone) {
    case "failed":
      return colors.red(text);
    case "warning":
      return colors.yellow(text);
    case "muted":
      return colors.dim(text);
    case "plain":
      return text;
    default:
      return tone satisfies never;
  }
}
