import type { Colors } from "picocolors/types.js";
import type { FiguresDiff, SessionDiff, SessionSummary, TurnDiff, TurnSummary } from "../analysis/session-diff.js";
import type { Comparison, FigureName } from "../analysis/turn-figures.js";
import { columnsOf } from "../text/columns.js";
import { plural } from "../text/format.js";
import { oneLine, padEnd, padStart, shortenTo } from "../text/terminal-text.js";
import {
  divergenceTexts,
  FIGURE_LABELS,
  type FigureTexts,
  figureTexts,
  modelText,
  outcomeText,
  textsOfFigures,
} from "./diff-texts.js";
import { folded, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

/** Two sessions side by side, turn by turn, sums at the end; no line is wider than the terminal. */
export function paintDiff({ a, b, turns, sums }: SessionDiff, { width, colors }: PaintOptions): string {
  const sections = [
    [...headLines("A", a, width), ...headLines("B", b, width)].map((line) => colors.bold(line)),
    ...turns.map((turn) => turnLines(turn, turns.length, width, colors)),
    ...(turns.length > 1
      ? [[colors.bold("all turns"), ...noteLines({ a, b }, width, colors), ...tableLines(sums, width, colors)]]
      : []),
  ];
  return sections.map((lines) => lines.join("\n")).join("\n\n");
}

function headLines(side: "A" | "B", head: SessionSummary, width: number): string[] {
  const turns = head.turns === 1 ? "" : plural(head.turns, "turn");
  const words = [head.title, head.sessionId, turns, `opencode ${head.opencodeVersion}`];
  return wrapped(side, words.filter(Boolean).map(oneLine).join(" · "), width);
}

function turnLines(diff: TurnDiff, turns: number, width: number, colors: Colors): string[] {
  const { turn, a, b } = diff;
  const lonely = a && b ? "" : `: only ${a ? "A" : "B"} has it`;
  const failed = (facts: TurnSummary): ((text: string) => string) => (facts.error ? colors.red : (text) => text);
  return [
    ...(turns > 1 || lonely !== "" ? [colors.bold(shortenTo(`turn ${turn + 1} of ${turns}${lonely}`, width))] : []),
    ...factLines("outcome", { a, b }, outcomeText, width).map(({ line, facts }) => failed(facts)(line)),
    ...factLines("model", { a, b }, modelText, width).map(({ line }) => line),
    ...divergenceLines(diff, width, colors),
    ...noteLines({ a, b }, width, colors),
    ...tableLines(diff, width, colors),
  ];
}

type Noted = { readonly notes: readonly string[] } | null;

function noteLines({ a, b }: { readonly a: Noted; readonly b: Noted }, width: number, colors: Colors): string[] {
  const notes = [...(a?.notes ?? []).map((note) => `A ${note}`), ...(b?.notes ?? []).map((note) => `B ${note}`)];
  return notes.flatMap((note) => wrapped("note", note, width)).map((line) => colors.yellow(line));
}

/** What is the same on both sides is said once. */
function factLines(
  label: string,
  { a, b }: { readonly a: TurnSummary | null; readonly b: TurnSummary | null },
  textOf: (facts: TurnSummary) => string,
  width: number,
): { readonly line: string; readonly facts: TurnSummary }[] {
  const linesOf = (facts: TurnSummary | null, name: string, mark: string): typeof lines =>
    facts === null ? [] : wrapped(name, `${mark}${textOf(facts)}`, width).map((line) => ({ line, facts }));
  const lines: { readonly line: string; readonly facts: TurnSummary }[] = [];
  if (!a || !b) return linesOf(a ?? b, label, "");
  if (textOf(a) === textOf(b)) return linesOf(a, label, "");
  return [...linesOf(a, label, "A "), ...linesOf(b, "", "B ")];
}

function divergenceLines({ a, b, parting }: TurnDiff, width: number, colors: Colors): string[] {
  if (!a || !b) return [];
  if (!parting) return wrapped("parting", "none: every step writes the same and calls the same tools", width);
  const texts = divergenceTexts(parting);
  return [
    ...wrapped("parting", texts.where, width).map((line) => colors.yellow(line)),
    shortenTo(`${INDENT}A ${texts.a}`, width),
    shortenTo(`${INDENT}B ${texts.b}`, width),
  ];
}

/** As wide as the labels before the texts. */
const INDENT = " ".repeat(9);

function wrapped(label: string, text: string, width: number): string[] {
  return folded(worded(label, text, "plain"), width);
}

interface Row {
  readonly label: string;
  readonly texts: FigureTexts;
  /** Part of the figure above it. */
  readonly minor: boolean;
}

/** Between two columns. */
const GAP = 2;

/** A label shorter than this tells nothing. */
const SHORTEST_LABEL = 10;

function tableLines(figures: FiguresDiff, width: number, colors: Colors): string[] {
  const rows = [...figureRows(figures), ...toolRows(figures)];
  const heading = { a: "A", b: "B", difference: "B - A", percent: "" };
  const all = (["a", "b", "difference", "percent"] as const).map((name) => ({
    name,
    width: Math.max(...[heading, ...rows.map(({ texts }) => texts)].map((texts) => columnsOf(texts[name]))),
  }));
  const taken = (some: typeof all): number => some.reduce((sum, column) => sum + GAP + column.width, 0);
  // A number that is cut would be another one: what can be worked out from the others gives way.
  const fitting = [4, 3].map((many) => all.slice(0, many)).find((some) => taken(some) <= width - SHORTEST_LABEL);
  const columns = fitting ?? all.slice(0, 2);
  const numbers = taken(columns);
  const widest = Math.max(...rows.map(({ label }) => columnsOf(label)));
  const label = Math.min(widest, Math.max(SHORTEST_LABEL, width - numbers));
  const lineOf = (name: string, texts: FigureTexts): string => {
    const cells = columns.map((column) => `${" ".repeat(GAP)}${padStart(texts[column.name], column.width)}`);
    return shortenTo(`${padEnd(shortenTo(name, label), label)}${cells.join("")}`.trimEnd(), width);
  };
  return [
    colors.dim(lineOf("", heading)),
    ...rows.map((row) => {
      const line = lineOf(row.label, row.texts);
      return row.minor ? colors.dim(line) : line;
    }),
  ];
}

/** These stand there also where both sides have none. */
const ALWAYS: readonly FigureName[] = ["steps", "calls", "tokens", "cost", "duration"];

function figureRows({ figures }: FiguresDiff): Row[] {
  const texts = textsOfFigures(figures);
  return figures
    .filter((figure) => ALWAYS.includes(figure.name) || isSomething(figure))
    .map((figure) => {
      const label = FIGURE_LABELS[figure.name];
      return { label, texts: texts.get(figure.name) ?? figureTexts(figure, figure.unit), minor: label.startsWith(" ") };
    });
}

function toolRows({ tools }: FiguresDiff): Row[] {
  return tools.flatMap(({ tool, calls, failures, time }) => [
    { label: `${oneLine(tool)} calls`, texts: figureTexts(calls, "count"), minor: false },
    ...(isSomething(failures) ? [{ label: "  failed", texts: figureTexts(failures, "count"), minor: true }] : []),
    { label: "  time", texts: figureTexts(time, "ms"), minor: true },
  ]);
}

function isSomething({ a, b }: Comparison): boolean {
  return (a ?? 0) !== 0 || (b ?? 0) !== 0;
}
