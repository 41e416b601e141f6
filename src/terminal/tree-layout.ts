import { columnsOf } from "../text/columns.js";

export const HEADINGS = {
  duration: "time",
  input: "in",
  cached: "cached",
  output: "out",
  reasoning: "think",
  cost: "cost",
};
export type NumberColumn = keyof typeof HEADINGS;

const NUMBERS: readonly NumberColumn[] = ["duration", "input", "cached", "output", "reasoning", "cost"];

/** Between two columns. */
export const GAP = 2;

/**
 * What the text on the right keeps, cut as it is, before numbers give way to it: a command's or a file's name. Without
 * bars beside it, it is all that tells what a row did.
 */
const SHORT_DETAIL = { beside: 16, alone: 24 } as const;

/** Less of a text than this tells nothing, so it is left out. */
const SHORTEST_DETAIL = 8;

/** One very long name must not take the text of all other rows away. */
const USUAL_DETAIL = 30;

/** A name shorter than this tells nothing, so before that the cost gives way too. */
const SHORTEST_NAME = 10;

/** Below this many columns of the terminal the text on the right needs all that names and numbers leave. */
const NARROWEST_WITH_BAR = 100;

const WIDEST_BAR = 40;

/** A shorter bar cannot tell what came first. */
const SHORTEST_BAR = 8;

/** How many columns of the terminal each part of the tree's lines takes. */
export interface TreeLayout {
  readonly name: number;
  readonly numbers: ReadonlyMap<NumberColumn, number>;
  /** When each row began and how long it took; 0: there is no room for it. */
  readonly bar: number;
  /** 0: there is no room for it. */
  readonly detail: number;
}

/** What has to find room: how wide the widest of each kind is. */
export interface TreeWidths {
  /** With its branch. */
  readonly name: number;
  readonly detail: number;
  /** Columns in which no row has anything are not in it. */
  readonly numbers: ReadonlyMap<NumberColumn, number>;
}

/**
 * Deals out a terminal's columns. First the text on the right is cut, then the bars go, then the finer numbers are left
 * out, then the text altogether, then tokens, and last cost and time; names are cut where they would take more than
 * half of the line.
 *
 * @param width columns of the terminal
 */
export function treeLayout(widths: TreeWidths, width: number): TreeLayout {
  const numbers = new Map(widths.numbers);
  const left = (): number => width - [...numbers.values()].reduce((sum, one) => sum + GAP + one, 0);
  const name = Math.min(widths.name, Math.floor(width / 2));
  const dropUnless = (fits: number, ...columns: readonly NumberColumn[]): void => {
    for (const column of columns) if (left() < fits) numbers.delete(column);
  };
  const hasBars = width >= NARROWEST_WITH_BAR;
  const detail = Math.min(widths.detail, SHORT_DETAIL[hasBars ? "beside" : "alone"]);
  dropUnless(name + (detail > 0 ? GAP + detail : 0), "reasoning", "cached");
  dropUnless(name, "output", "input");
  dropUnless(Math.min(name, SHORTEST_NAME), "cost", "duration");
  const usual = Math.min(widths.name, left(), Math.max(name, left() - USUAL_DETAIL));
  const rest = Math.min(widths.detail, left() - usual - GAP);
  if (rest < Math.min(widths.detail, SHORTEST_DETAIL))
    return { name: Math.min(widths.name, left()), numbers, bar: 0, detail: 0 };
  const bar = !hasBars ? 0 : barWidth(left() - usual, widths.detail);
  return {
    name: usual,
    numbers,
    bar,
    detail: Math.max(0, bar === 0 ? rest : Math.min(rest, left() - usual - GAP - bar - GAP)),
  };
}

/** A third of what is left, and what the texts do not need. */
function barWidth(left: number, detail: number): number {
  const room = left - GAP - (detail > 0 ? GAP : 0);
  const bar = Math.min(WIDEST_BAR, Math.max(Math.floor(room / 3), room - detail));
  return bar < SHORTEST_BAR ? 0 : bar;
}

/** The widest of each column that has anything in it. */
export function numberWidths(
  cells: readonly Readonly<Record<NumberColumn, string>>[],
): ReadonlyMap<NumberColumn, number> {
  return new Map(
    NUMBERS.filter((column) => cells.some((cell) => cell[column] !== "")).map((column) => [
      column,
      cells.reduce((most, cell) => Math.max(most, columnsOf(cell[column])), HEADINGS[column].length),
    ]),
  );
}
