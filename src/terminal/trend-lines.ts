import type { Colors } from "picocolors/types.js";
import type { Trend, TrendReport } from "../analysis/stats/trends.js";
import { cost, costDecimals, count, duration, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { fitTable, STAYS, type TableColumn } from "./fit-table.js";

/** What got slower or dearer than the weeks before, or that nothing did; no line is wider than the terminal. */
export function trendLines(report: TrendReport, width: number, colors: Colors): readonly string[] {
  const { span, found, tested, tooFew } = report;
  if (!span) return [];
  const { before, now } = span;
  const title = shortenTo(`${now.from} to ${now.to} against ${before.from} to ${before.to}`, width);
  const few = tooFew === 0 ? "" : `; of ${plural(tooFew, "other")} there is too little to tell`;
  if (tested === 0) {
    const much = `Too little was done to hold the two against each other: it takes 4 days with 12 calls now, and 8 days with 24 calls before.`;
    return [colors.bold(title), ...wrapped(much, width)];
  }
  const told = `${plural(tested, "time, cost and size", "times, costs and sizes")} of tools, models and turns held against each other${few}. Chance alone says something of one in twenty such weeks.`;
  if (found.length === 0) return [colors.bold(title), "Nothing has changed that could not be chance.", ...dim(told)];
  const table = fitTable(columnsOf(found), width);
  const lines = table.rows.map((line, index) => ((found[index]?.ratio ?? 1) > 1 ? colors.yellow(line) : line));
  return [colors.bold(title), colors.dim(table.head), ...lines, ...dim(told)];

  function dim(text: string): readonly string[] {
    return wrapped(text, width).map((line) => colors.dim(line));
  }
}

function columnsOf(found: readonly Trend[]): readonly TableColumn[] {
  const column = (heading: string, worth: number, cell: (trend: Trend) => string): TableColumn => ({
    heading,
    worth,
    align: "right",
    cells: found.map(cell),
  });
  return [
    { ...column("what", STAYS, subject), align: "left", shortest: 16, cut: "middle" },
    { ...column("is", STAYS, change), align: "left" },
    column("before", 90, (trend) => valueText(trend, trend.before)),
    column("now", 91, (trend) => valueText(trend, trend.now)),
    column(
      "seen before",
      40,
      ({ observations, days }) => `${count(observations.before)} on ${plural(days.before, "day")}`,
    ),
    column("seen now", 50, ({ observations, days }) => `${count(observations.now)} on ${plural(days.now, "day")}`),
    column("chance", 30, ({ p }) => (p < 0.001 ? "<0.1%" : `${(p * 100).toFixed(1)}%`)),
  ];
}

function subject({ of, name, measure }: Trend): string {
  const what = of === "turn" ? "turns" : `${of} ${oneLine(name ?? "not known")}`;
  return measure === "firstToken" ? `${what}, first token` : what;
}

const WORDS = {
  time: ["slower", "faster"],
  firstToken: ["slower", "faster"],
  cost: ["dearer", "cheaper"],
  tokens: ["larger", "smaller"],
} as const;

function change({ measure, ratio }: Trend): string {
  const [more, less] = WORDS[measure];
  const factor = ratio > 1 ? ratio : 1 / ratio;
  return `${factor.toFixed(factor < 10 ? 1 : 0)}× ${ratio > 1 ? more : less}`;
}

function valueText({ measure }: Trend, value: number): string {
  if (measure === "cost") return cost(value, costDecimals([value]));
  return measure === "tokens" ? count(value) : duration(value);
}
