import type { BillRow, ContextBill } from "../analysis/context-bill.js";
import { tokensErrorText } from "../analysis/tokens-error-text.js";
import { unusedText } from "../analysis/unused-text.js";
import { cost, costDecimals, count, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { wrapped } from "../text/wrap-text.js";
import { fitTable, hiddenColumnsLine, STAYS, type TableColumn } from "./fit-table.js";
import { inColors, type LabelledLine, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

/** Of more segments the smallest are counted only. */
const MOST_ROWS = 40;
const WIDEST_BAR = 24;
/** Names are cut to this before a column goes. */
const SHORT_NAME = 22;

/** A row as it is drawn; `calls` is null for several parts together, that one call may hold all of. */
type PaintedRow = Omit<BillRow, "owner" | "group" | "calls"> & { readonly calls: number | null };

/** What is in the prompts of sessions, and what it has cost; no line is wider than the terminal. */
export function paintContext(bill: ContextBill, { width, colors }: PaintOptions): string {
  const shown = bill.rows.slice(0, MOST_ROWS);
  const left = bill.rows.slice(MOST_ROWS);
  const rows: readonly PaintedRow[] = [
    ...shown,
    ...(left.length > 0 ? [together(left, `${plural(left.length, "smaller one")}`)] : []),
    { name: "all", calls: bill.calls, share: 1, ...bill.total },
  ];
  const most = Math.max(1, ...shown.map(({ tokens }) => tokens));
  const decimals = costDecimals(rows.flatMap((row) => row.cost ?? []));
  const column = (
    heading: string,
    worth: number,
    cell: (row: (typeof rows)[number], index: number) => string,
    more: Partial<TableColumn> = {},
  ): TableColumn => ({ heading, worth, cells: rows.map(cell), align: "right", ...more });
  const bar = ({ tokens }: { readonly tokens: number }, index: number): string =>
    index < shown.length && tokens > 0 ? "█".repeat(Math.max(1, Math.round((tokens / most) * WIDEST_BAR))) : "";
  const {
    head,
    rows: lines,
    hidden,
  } = fitTable(
    [
      column(bill.by, STAYS, ({ name }) => oneLine(name), { align: "left", shortest: SHORT_NAME, cut: "middle" }),
      column("tokens", STAYS, ({ tokens }) => some(tokens)),
      column("share", 90, ({ share, tokens }) => (tokens === 0 ? "" : percent(share))),
      column("", 10, bar, { align: "left" }),
      column("calls", 50, ({ calls }) => (calls === null ? "" : count(calls))),
      column("paid", 80, ({ paidTokens }) => some(paidTokens)),
      column("cached", 40, ({ cachedTokens, paidTokens }) =>
        paidTokens === 0 ? "" : percent(cachedTokens / paidTokens),
      ),
      column("cost", 70, ({ cost: usd }) => (usd === null ? "" : cost(usd, decimals))),
    ],
    width,
  );
  const notes = inColors([...notesOf(bill), ...hiddenColumnsLine(hidden)], width, colors);
  return [
    ...inTitle(bill).flatMap((text, index) =>
      wrapped(text, width).map((line) => (index === 0 ? colors.bold : colors.dim)(shortenTo(line, width))),
    ),
    colors.dim(head),
    ...lines,
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
}

function inTitle({ sessions, calls, otherCalls, shown, total }: ContextBill): readonly [string, string] {
  const [first] = shown;
  const about = shown.every(({ counted }) => counted) ? "" : "~";
  const what =
    first && shown.length === 1
      ? `${about}${count(first.tokens)} tokens of ${oneLine(first.name)}${first.turn > 0 ? `, turn ${first.turn + 1}` : ""} · ${oneLine(first.sessionId)}`
      : `${about}${count(total.tokens)} tokens of the longest prompts of ${plural(sessions, "session")}`;
  const others = [
    ...(otherCalls.title ? [plural(otherCalls.title, "title")] : []),
    ...(otherCalls.compaction ? [plural(otherCalls.compaction, "compaction")] : []),
    ...(otherCalls.unknown ? [plural(otherCalls.unknown, "other")] : []),
  ].join(" and ");
  const paid = `${plural(calls, "call")}${others === "" ? "" : ` with ${others}`}, ${count(total.paidTokens)} prompt tokens`;
  return [what, total.cost === null ? paid : `${paid}; the prompts' part of the cost: ${cost(total.cost)}`];
}

function together(rows: readonly BillRow[], name: string): PaintedRow {
  const costs = rows.flatMap((row) => row.cost ?? []);
  const sum = (of: (row: BillRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    name,
    tokens: sum((row) => row.tokens),
    share: sum((row) => row.share),
    calls: null,
    paidTokens: sum((row) => row.paidTokens),
    cachedTokens: sum((row) => row.cachedTokens),
    cost: costs.length === 0 ? null : costs.reduce((total, usd) => total + usd, 0),
  };
}

function notesOf(bill: ContextBill): readonly LabelledLine[] {
  const { callsWithoutUsage, callsWithoutWire, shown, unused } = bill;
  const note = (many: number, text: string): LabelledLine[] => (many > 0 ? [worded("note", text, "warning")] : []);
  return [
    ...unused.map((one) =>
      worded("unused", unusedText(one), one.all && one.origin !== "opencode" ? "warning" : "plain"),
    ),
    worded("tokens", tokensErrorText(bill), "muted"),
    ...note(callsWithoutUsage, `${plural(callsWithoutUsage, "call")} of unknown usage: paid and cost lack them`),
    ...note(callsWithoutWire, `${plural(callsWithoutWire, "call")} whose requests were not recorded are in no figure`),
    ...(shown.length === 0 ? [worded("note", "no request is shown: tokens and share are empty", "warning")] : []),
  ];
}

function some(value: number): string {
  return value === 0 ? "" : count(value);
}

/** @param share 0 to 1 */
function percent(share: number): string {
  const whole = Math.round(share * 100);
  return whole === 0 && share > 0 ? "<1%" : `${whole}%`;
}
