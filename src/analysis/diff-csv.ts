import { type CsvCell, csvLine } from "../text/csv.js";
import type { FiguresDiff, SessionDiff, TurnDiff } from "./session-diff.js";
import type { Comparison } from "./turn-figures.js";

const COLUMNS = ["turn", "kind", "name", "unit", "a", "b", "difference", "percent"] as const;

/**
 * A comparison as a table: a row a figure, turn by turn, the sums (turn `all`) at the end.
 *
 * `kind` is `fact` (outcome, error, model, agent), `figure`, `tool` (its name with what is counted), or `parting` (how
 * the turns part, by the step from 0).
 */
export function diffCsv({ turns, sums }: SessionDiff): string {
  const rows = [
    COLUMNS,
    ...turns.flatMap((turn) => [...factRows(turn), ...figureRows(turn.turn, turn), ...divergenceRows(turn)]),
    ...figureRows("all", sums),
  ];
  return rows.map(csvLine).join("");
}

type Row = readonly [
  turn: number | "all",
  kind: "fact" | "figure" | "tool" | "parting",
  name: string,
  unit: string | null,
  a: CsvCell,
  b: CsvCell,
  difference: number | null,
  percent: number | null,
];

function factRows({ turn, a, b }: TurnDiff): Row[] {
  const row = (name: string, left: CsvCell, right: CsvCell): Row => {
    return [turn, "fact", name, null, left, right, null, null];
  };
  return [
    row("outcome", a?.outcome ?? null, b?.outcome ?? null),
    row("error", a?.error?.code ?? null, b?.error?.code ?? null),
    row("model", a?.model ?? null, b?.model ?? null),
    row("agent", a?.agent ?? null, b?.agent ?? null),
  ];
}

function figureRows(turn: number | "all", { figures, tools }: FiguresDiff): Row[] {
  const row = (kind: "figure" | "tool", name: string, unit: string, { a, b, ...rest }: Comparison): Row => {
    return [turn, kind, name, unit, a, b, rest.difference, rest.percent];
  };
  return [
    ...figures.map((figure) => row("figure", figure.name, figure.unit, figure)),
    ...tools.flatMap(({ tool, calls, failures, time }) => [
      row("tool", `${tool} calls`, "count", calls),
      row("tool", `${tool} failures`, "count", failures),
      row("tool", `${tool} time`, "ms", time),
    ]),
  ];
}

function divergenceRows({ turn, parting }: TurnDiff): Row[] {
  if (!parting) return [];
  const { within, step, differs, excerpt } = parting;
  const path = [...within.map((one) => one.step), step].join(".");
  return [[turn, "parting", `step ${path} ${differs}`, null, excerpt.a, excerpt.b, null, null]];
}
