import type { Colors } from "picocolors/types.js";
import { type BudgetTexts, budgetTexts } from "../analysis/budget-texts.js";
import type { BudgetResult, SessionCheck } from "../analysis/check-session.js";
import { columnsOf } from "../text/columns.js";
import { plural } from "../text/format.js";
import { oneLine, padEnd, padStart, shortenTo } from "../text/terminal-text.js";
import { folded, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

const WORDS = { pass: "pass", fail: "FAIL", unknown: "unknown" } as const;

/** A session against its budgets: a line a budget, what is not known below; no line is wider than the terminal. */
export function paintCheck(check: SessionCheck, { width, colors }: PaintOptions): string {
  const rows = check.results.map((result) => ({ result, texts: budgetTexts(result) }));
  const widest = (of: (row: (typeof rows)[number]) => string): number =>
    Math.max(0, ...rows.map((row) => columnsOf(of(row))));
  const value = widest(({ texts }) => texts.value);
  const limit = widest(({ texts }) => texts.limit);
  const left = width - INDENT.length - WORDS.unknown.length - value - limit - 3 * GAP;
  const name = Math.min(
    widest(({ result }) => oneLine(result.budget)),
    Math.max(left, SHORTEST_NAME),
  );
  const columns = { name, value, limit };
  const head = [
    check.passed ? WORDS.pass : WORDS.fail,
    [oneLine(check.title), oneLine(check.sessionId), ...(check.turns > 1 ? [plural(check.turns, "turn")] : [])]
      .filter(Boolean)
      .join(" · "),
  ].join("  ");
  return [
    colors.bold(painted(shortenTo(head, width), check.passed ? "pass" : "fail", colors)),
    ...rows.flatMap(({ result, texts }) =>
      linesOf(result, texts, columns, width).map((line) => painted(line, result.status, colors)),
    ),
    ...check.warnings.flatMap((warning) => indented("warning", warning, width)).map((line) => colors.yellow(line)),
  ].join("\n");
}

const INDENT = "  ";

/** Between two columns. */
const GAP = 2;

/** A name shorter than this tells nothing. */
const SHORTEST_NAME = 10;

/**
 * By how much it failed, and why, stands behind the figures where that fits, else whole below them, and so does that a
 * tool was not called, whose name may be misspelt; what is only worth knowing of one that holds is cut.
 */
function linesOf(
  { status, budget, value, note }: BudgetResult,
  texts: BudgetTexts,
  columns: { readonly name: number; readonly value: number; readonly limit: number },
  width: number,
): string[] {
  const figures = [
    `${INDENT}${padEnd(WORDS[status], WORDS.unknown.length)}`,
    padEnd(shortenTo(oneLine(budget), columns.name), columns.name),
    padStart(texts.value, columns.value),
    padEnd(texts.limit, columns.limit),
  ].join(" ".repeat(GAP));
  const details = [texts.over, oneLine(note ?? "")].filter(Boolean);
  const behind = (some: readonly string[]): string => `${figures}  ${some.join(" · ")}`.trimEnd();
  if (status === "pass" && value !== null) {
    const line = width - columnsOf(figures) < SHORTEST_NOTE ? figures.trimEnd() : behind(details);
    return [shortenTo(line, width)];
  }
  const fits = [2, 1, 0].find((many) => columnsOf(behind(details.slice(0, many))) <= width) ?? 0;
  return [
    shortenTo(behind(details.slice(0, fits)), width),
    ...details.slice(fits).flatMap((detail) => indented("", detail, width)),
  ];
}

function indented(label: string, text: string, width: number): string[] {
  return folded(worded(label, text, "plain"), width - INDENT.length).map((line) => `${INDENT}${line}`);
}

/** Less of a note than this tells nothing, so it is left out. */
const SHORTEST_NOTE = 12;

function painted(text: string, status: BudgetResult["status"], colors: Colors): string {
  return status === "pass" ? text : status === "fail" ? colors.red(text) : colors.yellow(text);
}
