import { gapsOf, gapTexts } from "../analysis/gaps.js";
import { eventText } from "../analysis/row-texts.js";
import { placedSteps } from "../analysis/step-path.js";
import { causeText, contributors, type DescribedCause, type TokenRow, tokenRows } from "../analysis/token-rows.js";
import { cost, costDecimals, count } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { fitTable, type HiddenColumns, hiddenColumnsLine, roomOf, STAYS, type TableColumn } from "./fit-table.js";
import { inColors, type LabelledLine, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

export interface TokenOptions extends PaintOptions {
  /** How many of the biggest contributors instead of the calls; `true` is the usual number. */
  readonly top: boolean | number;
}

const MOST_CONTRIBUTORS = 20;
const WIDEST_BAR = 30;
const NARROWEST_BAR = 8;
/** What made the context grow is what the table is for: columns make room until this much is left for it. */
const CAUSES_ROOM = 34;
/** The same in the list of contributors, where the figures matter as much. */
const SHORT_CAUSE = 24;
/** Two causes are named, the others are counted. */
const NAMED_CAUSES = 2;

/** The trace as a table of tokens: a line a call, or a line a contributor; no line is wider than the terminal. */
export function paintTokens(trace: LoopTrace, options: TokenOptions): string {
  const { width, colors } = options;
  const { turn } = trace.session;
  const rows = tokenRows(trace);
  const { lines, hidden } = table(rows, options, turn);
  const [heading, ...rest] = lines;
  const gaps = gapsOf([trace]);
  const lacking = [
    ...gapTexts.missingSubagents(gaps),
    ...gapTexts.withoutUsage(gaps),
    ...gapTexts.doubts(gaps),
    ...gapTexts.userPrices(gaps),
    ...gapTexts.otherCalls(gaps),
  ];
  const notes = [
    ...lacking.map((note) => worded("note", note, "warning")),
    ...cacheBreaks(trace),
    ...hiddenColumnsLine(hidden),
  ];
  return [
    colors.bold(shortenTo(titleOf(trace), width)),
    colors.dim(shortenTo(heading ?? "", width).trimEnd()),
    ...rest.map((line) => shortenTo(line, width).trimEnd()),
    ...inColors(notes, width, colors),
  ].join("\n");
}

interface TokenTable {
  readonly lines: readonly string[];
  readonly hidden: HiddenColumns | null;
}

function table(rows: readonly TokenRow[], { top, width }: TokenOptions, turn: number): TokenTable {
  if (rows.length === 0) return { lines: ["The turn made no call."], hidden: null };
  if (rows.every(({ prompt, output }) => prompt === null && output === null))
    return { lines: ["opencode recorded no tokens of any call."], hidden: null };
  return top ? topLines(rows, width, turn, top === true ? MOST_CONTRIBUTORS : top) : callLines(rows, width, turn);
}

/** Where a cache broke, a call's prompt was paid for anew: a line each, with why where that is known. */
function cacheBreaks({ loop }: LoopTrace): readonly LabelledLine[] {
  return placedSteps(loop).flatMap(({ loop: own, step: { call, events } }) =>
    events
      .filter(({ name }) => name === "cache-break")
      .map((event) => {
        const whose = own === loop ? "" : `${oneLine(own.agent ?? "subagent")} `;
        return worded("cache", `broke at ${whose}llm-call-${call?.index ?? "?"}: ${eventText(event)}`, "warning");
      }),
  );
}

function titleOf({ session, loop }: LoopTrace): string {
  const turn = session.turns > 1 ? `turn ${session.turn + 1} of ${session.turns}` : "";
  return [session.title, loop.model?.modelId ?? "", session.id, turn].filter(Boolean).map(oneLine).join(" · ");
}

/** As they stand beside each other. */
const COLUMNS: readonly (Pick<TableColumn, "heading" | "worth"> & {
  /** @param decimals of a cost, so that costs line up */
  readonly of: (row: TokenRow, decimals: number) => string;
})[] = [
  { heading: "call", worth: STAYS, of: ({ name, depth }) => `${"  ".repeat(depth)}${oneLine(name)}` },
  { heading: "context", worth: STAYS, of: ({ context }) => (context === null ? "–" : count(context)) },
  { heading: "growth", worth: STAYS, of: ({ growth }) => (growth === null ? "" : signed(growth)) },
  { heading: "in", worth: 90, of: ({ prompt }) => (prompt ? count(prompt.total) : "–") },
  { heading: "cached", worth: 80, of: ({ prompt }) => (prompt?.cached ? count(prompt.cached) : "") },
  { heading: "out", worth: 70, of: ({ output }) => (output === null ? "–" : count(output)) },
  { heading: "think", worth: 50, of: ({ reasoning }) => (reasoning ? count(reasoning) : "") },
  { heading: "cost", worth: 60, of: ({ cost: usd }, decimals) => (usd === null ? "" : cost(usd, decimals)) },
];

function callLines(rows: readonly TokenRow[], width: number, turn: number): TokenTable {
  const most = rows.reduce((largest, { context }) => Math.max(largest, context ?? 0), 1);
  const decimals = costDecimals(rows.flatMap((row) => row.cost ?? []));
  const figures = COLUMNS.map(
    ({ heading, worth, of }): TableColumn => ({
      ...{ heading, worth, align: heading === "call" ? "left" : "right" },
      cells: rows.map((row) => of(row, decimals)),
    }),
  );
  const causes: TableColumn = {
    ...{ heading: "caused by", worth: STAYS, align: "left", shortest: CAUSES_ROOM },
    cells: rows.map((row) => causesOf(row, turn)),
  };
  // A bar is drawn in room that nothing else needs.
  const spare = width - roomOf(figures) - CAUSES_ROOM - 4;
  const bar = spare < NARROWEST_BAR ? 0 : Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, Math.floor(spare / 2)));
  const bars: TableColumn = {
    ...{ heading: "", worth: STAYS, align: "left" },
    cells: rows.map((row) => barOf(row, most, bar).padEnd(bar)),
  };
  const table = fitTable([...figures, ...(bar === 0 ? [] : [bars]), causes], width);
  const legend = bar === 0 ? [] : ["█ from the cache  ▓ read anew  ░ written"];
  return { lines: [table.head, ...table.rows, ...legend], hidden: table.hidden };
}

/**
 * The context of a call: what came from the cache, what was read anew, what was written. What is in doubt is in no bar:
 * it may be more than any context.
 */
function barOf({ prompt, context }: TokenRow, most: number, width: number): string {
  if (!prompt || context === null) return "";
  const ends = [prompt.cached, prompt.total, context].map((tokens) => Math.round((tokens / most) * width));
  const [cached = 0, read = 0, all = 0] = ends;
  return `${"█".repeat(cached)}${"▓".repeat(Math.max(0, read - cached))}${"░".repeat(Math.max(0, all - read))}`;
}

function causesOf({ causes, depth }: TokenRow, turn: number): string {
  const bySize = causes
    .filter(({ tokens }) => tokens !== 0)
    .toSorted((a, b) => Math.abs(b.tokens) - Math.abs(a.tokens));
  const named = bySize
    .slice(0, NAMED_CAUSES)
    .map((cause) => `${signed(cause.tokens)} ${describe(cause, depth === 0 ? turn : 0)}`);
  const more = bySize.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

/** A tool's result with what it is about: two of the same tool are told apart by that. */
function describe(cause: DescribedCause, turn: number): string {
  const what = oneLine(causeText(cause, turn));
  return cause.about === null ? what : `${what} ${cause.about}`;
}

function topLines(rows: readonly TokenRow[], width: number, turn: number, top: number): TokenTable {
  const all = contributors(rows);
  const shown = all.slice(0, top);
  const sum = all.reduce((total, { cause }) => total + cause.tokens, 0);
  const most = shown[0]?.cause.tokens ?? 1;
  const column = (heading: string, worth: number, align: "left" | "right", cells: readonly string[]): TableColumn => {
    return { heading, worth, align, cells };
  };
  const figures = [
    column(
      "tokens",
      STAYS,
      "right",
      shown.map(({ cause }) => count(cause.tokens)),
    ),
    column(
      "share",
      80,
      "right",
      shown.map(({ cause }) => shareText(cause.tokens / sum)),
    ),
    column(
      "came with",
      70,
      "left",
      shown.map(({ call }) => oneLine(call)),
    ),
  ];
  const bar = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, Math.floor((width - roomOf(figures)) / 3)));
  const bars = shown.map(({ cause }) => "█".repeat(Math.max(1, Math.round((cause.tokens / most) * bar))).padEnd(bar));
  const whats = shown.map(({ cause, depth }) => describe(cause, depth === 0 ? turn : 0));
  const what: TableColumn = { ...column("what", STAYS, "left", whats), shortest: SHORT_CAUSE };
  const table = fitTable([...figures, column("", 60, "left", bars), what], width);
  const left = all.length - shown.length;
  return {
    lines: [table.head, ...table.rows, ...(left > 0 ? [`and ${left} smaller ones`] : [])],
    hidden: table.hidden,
  };
}

function shareText(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function signed(tokens: number): string {
  return tokens < 0 ? `-${count(-tokens)}` : `+${count(tokens)}`;
}
