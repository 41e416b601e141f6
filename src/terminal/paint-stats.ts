import { mondayOf } from "../analysis/stats/calendar.js";
import { type Dimension, isOfTime, type StatsKey } from "../analysis/stats/dimensions.js";
import type { StatsFigures } from "../analysis/stats/stats-figures.js";
import type { StatsReport, StatsRow } from "../analysis/stats/stats-report.js";
import { cost, costDecimals, count, duration, known, UNKNOWN as NOT_KNOWN, plural } from "../text/format.js";
import { sparkline } from "../text/sparkline.js";
import { oneLine } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { fitTable, hiddenColumnsLine, STAYS, type TableColumn } from "./fit-table.js";
import { inColors } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";
import { moreRows, shareText, statsNotes, UNPRICED_MARK, USER_MARK } from "./stats-notes.js";
import { toolColumns } from "./stats-tools.js";

const WIDEST_BAR = 20;
const WIDEST_CHART = 60;
/** Names are cut to this before a column goes. */
const SHORT_NAME = 20;

/** How statistics are painted. */
export interface PaintStatsOptions extends PaintOptions {
  /** The user's home folder, which paths begin with as `~`. */
  readonly home?: string | undefined;
  /** So many rows at most, of those that are in no order of time. */
  readonly top: number;
  /** Whose sessions they are, behind how many: `of all projects`. */
  readonly scope?: string | undefined;
  /** Whether notes say what they mean. */
  readonly explain?: boolean | undefined;
}

/** Statistics as a table with a bar for each row, and a chart over the days; no line is wider than the terminal. */
export function paintStats(report: StatsReport, options: PaintStatsOptions): string {
  const { width, colors } = options;
  const { by, rows, total, tools } = report;
  const title = wrapped(titleOf(report, options.scope), width).map((line) => colors.bold(line));
  if (total.turns + total.calls === 0) return title.join("\n");
  const shown = by.every(isOfTime) ? rows : rows.slice(0, options.top);
  const painted: readonly (StatsRow | Total)[] = rows.length > 1 ? [...shown, { key: null, ...total }] : shown;
  const table = fitTable([...keyColumns(by, painted, options), ...figureColumns(painted, shown)], width);
  const lines = table.rows.map((line, index) => {
    const key = painted[index]?.key;
    if (key === null) return colors.bold(line);
    return key && by.some((dimension) => key[dimension] === null) ? colors.dim(line) : line;
  });
  const left = rows.length - shown.length;
  const notes = [
    ...inColors(moreRows(left, rows.length), width, colors),
    ...statsNotes(report, options, options.explain ?? false),
    ...inColors(hiddenColumnsLine(table.hidden), width, colors),
  ];
  return [
    ...title,
    ...chartLines(report, width).map((line) => colors.dim(line)),
    "",
    colors.dim(table.head),
    ...lines,
    ...(tools ? ["", ...toolLines(report, options)] : []),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}

interface Total extends StatsFigures {
  readonly key: null;
}

function titleOf({ total, days, timezone, since, until }: StatsReport, scope: string | undefined): string {
  const [first, last] = [days.at(0)?.day, days.at(-1)?.day];
  if (first === undefined || last === undefined) {
    const when = since === null && until === null ? "" : " in that time";
    return `No turn${when} that fits what was asked for`;
  }
  const when = first === last ? first : `${first} to ${last}`;
  const sessions = `${plural(total.sessions, "session")}${scope === undefined ? "" : ` ${scope}`}`;
  return `${plural(total.turns, "turn")} of ${sessions}, ${when} (${timezone})`;
}

/** What each day took, as a row of columns: money where any has a price, else tokens. */
function chartLines({ days, total }: StatsReport, width: number): readonly string[] {
  if (days.length < 3) return [];
  const isPriced = (total.cost ?? 0) > 0;
  const values = days.map((day) => (isPriced ? (day.cost ?? 0) : (day.tokens ?? 0)));
  const most = days[values.indexOf(Math.max(...values))];
  const label = `${isPriced ? "cost" : "tokens"} by day `;
  const told = most ? `  most ${isPriced ? cost(most.cost) : known(most.tokens)} on ${most.day}` : "";
  const room = Math.min(WIDEST_CHART, width - label.length - told.length);
  return room < 10 ? [] : [`${label}${sparkline(values, room)}${told}`];
}

/** The columns that say what a row is. */
export function keyColumns(
  by: readonly Dimension[],
  rows: readonly { readonly key: StatsKey | null }[],
  { home }: PaintStatsOptions,
): readonly TableColumn[] {
  return by.map((dimension, index) => ({
    heading: dimension,
    worth: STAYS,
    align: "left",
    cut: "middle",
    ...(isOfTime(dimension) ? {} : { shortest: SHORT_NAME }),
    cells: rows.map(({ key }) =>
      key === null ? (index === 0 ? "all" : "") : keyText(dimension, key[dimension], home),
    ),
  }));
}

function keyText(dimension: Dimension, value: string | null | undefined, home: string | undefined): string {
  if (value === null || value === undefined) return UNKNOWN[dimension];
  switch (dimension) {
    case "week":
      return `${value} from ${mondayOf(value).slice(5)}`;
    case "commit":
      return value.slice(0, 10);
    case "pr": {
      const [, repository, number] =
        /([^/]+\/[^/]+)\/(?:pull|pull-requests|-\/merge_requests)\/(\d+)$/.exec(value) ?? [];
      return oneLine(repository === undefined ? value : `${repository}#${number}`);
    }
    case "project":
      return oneLine(home && `${value}/`.startsWith(`${home}/`) ? `~${value.slice(home.length)}` : value);
    default:
      return oneLine(value);
  }
}

const UNKNOWN: Readonly<Record<Dimension, string>> = {
  ...{ day: "day not known", week: "week not known", month: "month not known" },
  ...{ model: "model not known", agent: "agent not known", project: "project not known" },
  ...{ branch: "branch not known", commit: "commit not known", pr: "no pull request known" },
  ...{ tag: "no tag", outcome: "outcome not known" },
};

function figureColumns(rows: readonly StatsFigures[], barred: readonly StatsFigures[]): readonly TableColumn[] {
  const decimals = costDecimals(rows.flatMap((row) => row.cost ?? []));
  const isPriced = rows.some((row) => (row.cost ?? 0) > 0);
  const weight = (row: StatsFigures): number => (isPriced ? (row.cost ?? 0) : (row.tokens ?? 0));
  const most = Math.max(...barred.map(weight));
  const column = (heading: string, worth: number, cell: (row: StatsFigures) => string): TableColumn => ({
    heading,
    worth,
    align: "right",
    cells: rows.map(cell),
  });
  const bar: TableColumn = {
    ...{ heading: "", worth: 45, align: "left" },
    cells: rows.map((row, index) => {
      if (index >= barred.length || weight(row) <= 0) return "";
      return "█".repeat(Math.max(1, Math.round((weight(row) / most) * WIDEST_BAR)));
    }),
  };
  return [
    column("turns", 95, ({ turns }) => some(turns)),
    column("sessions", 60, ({ sessions }) => some(sessions)),
    column("failed", 70, ({ failed }) => some(failed)),
    column("calls", 36, ({ calls }) => some(calls)),
    column("tokens", 90, ({ tokens }) => someOf(tokens)),
    column("input", 20, ({ usage }) => someOf(usage?.input)),
    column("cached", 22, ({ usage }) => someOf(usage?.cacheRead)),
    column("written", 18, ({ usage }) => someOf(usage?.cacheWrite)),
    column("output", 24, ({ usage }) => someOf(usage?.output)),
    column("reasoning", 16, ({ usage }) => someOf(usage?.reasoning)),
    column("cache hit", 55, ({ cacheShare, tokens }) =>
      cacheShare === null ? (tokens === null ? NOT_KNOWN : "") : shareText(cacheShare),
    ),
    column("cost", 98, (row) => costText(row, decimals)),
    bar,
    column("saved", 30, ({ saved }) => (saved === null || saved === 0 ? "" : signed(saved, decimals))),
    column("time", 80, ({ time }) => timeOrNone(time.total)),
    column("model", 40, ({ time }) => timeOrNone(time.model)),
    column("tools", 39, ({ time }) => timeOrNone(time.tools)),
    column("waiting", 14, ({ time }) => timeOrNone(time.waiting)),
    column("retries", 13, ({ time }) => timeOrNone(time.retries)),
    column("opencode", 12, ({ time }) => timeOrNone(time.opencode)),
    column("p50", 50, ({ turnMs }) => (turnMs.p50 === null ? "" : duration(turnMs.p50))),
    column("p90", 48, ({ turnMs }) => (turnMs.p90 === null ? "" : duration(turnMs.p90))),
  ];
}

function costText({ cost: usd, unpriced, costByUser, calls }: StatsFigures, decimals: number): string {
  if (usd === null) return calls === 0 ? "" : cost(null);
  return `${cost(usd, decimals)}${costByUser > 0 ? USER_MARK : ""}${unpriced.calls > 0 ? UNPRICED_MARK : ""}`;
}

function signed(usd: number, decimals: number): string {
  return usd < 0 ? `-${cost(-usd, decimals)}` : cost(usd, decimals);
}

function toolLines(report: StatsReport, options: PaintStatsOptions): readonly string[] {
  const tools = (report.tools ?? []).slice(0, options.top);
  if (tools.length === 0) return ["No tool was called."];
  const table = fitTable([...keyColumns(report.by, tools, options), ...toolColumns(tools)], options.width);
  return [options.colors.dim(table.head), ...table.rows];
}

function some(value: number): string {
  return value === 0 ? "" : count(value);
}

/** @param value null: not known */
function someOf(value: number | null | undefined): string {
  return value === null || value === undefined ? NOT_KNOWN : some(value);
}

function timeOrNone(ms: number): string {
  return ms === 0 ? "" : duration(ms);
}
