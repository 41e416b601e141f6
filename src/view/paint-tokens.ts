import type { LoopTrace } from "../trace/model.js";
import { columnsOf } from "./columns.js";
import { cost, count } from "./format.js";
import type { PaintOptions } from "./paint-tree.js";
import { oneLine, padEnd, padStart, shortenTo } from "./terminal-text.js";
import { causeText, contributors, type TokenRow, tokenRows } from "./token-rows.js";

export interface TokenOptions extends PaintOptions {
  /** The biggest contributors instead of the calls in their order. */
  readonly top: boolean;
}

const MOST_CONTRIBUTORS = 20;
const WIDEST_BAR = 30;
const NARROWEST_BAR = 8;
/** Two causes are named, the others are counted. */
const NAMED_CAUSES = 2;

/** The trace as a table of tokens: a line a call, or a line a contributor; no line is wider than the terminal. */
export function paintTokens(trace: LoopTrace, options: TokenOptions): string {
  const { width, colors, top } = options;
  const rows = tokenRows(trace);
  const lines =
    rows.length === 0 ? ["The turn made no call."] : top ? topLines(rows, width) : callLines(rows, width);
  const [heading, ...rest] = lines;
  return [
    colors.bold(shortenTo(titleOf(trace), width)),
    colors.dim(shortenTo(heading ?? "", width).trimEnd()),
    ...rest.map((line) => shortenTo(line, width).trimEnd()),
  ].join("\n");
}

function titleOf({ session, loop }: LoopTrace): string {
  const turn = session.turns > 1 ? `turn ${session.turn + 1} of ${session.turns}` : "";
  return [session.title, loop.model?.modelId ?? "", session.id, turn]
    .filter(Boolean)
    .map(oneLine)
    .join(" · ");
}

function callLines(rows: readonly TokenRow[], width: number): string[] {
  const most = Math.max(...rows.map(({ context }) => context), 1);
  const cells = rows.map((row) => [
    `${"  ".repeat(row.depth)}${oneLine(row.name)}`,
    count(row.context),
    row.growth === null ? "" : signed(row.growth),
    row.prompt ? count(row.prompt.total) : "–",
    row.prompt && row.prompt.cached > 0 ? count(row.prompt.cached) : "",
    row.output === null ? "–" : count(row.output),
    row.reasoning ? count(row.reasoning) : "",
    row.cost === null ? "" : cost(row.cost),
  ]);
  const table = aligned([["call", "context", "growth", "in", "cached", "out", "think", "cost"], ...cells]);
  const taken = columnsOf(table[0] ?? "") + 2;
  const bar = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, Math.floor((width - taken) / 3)));
  const [heading = "", ...lines] = table;
  return [
    `${heading}  ${padEnd("", bar)}  caused by`,
    ...lines.map((line, index) => {
      const row = rows[index];
      return row ? `${line}  ${padEnd(barOf(row, most, bar), bar)}  ${causesOf(row)}` : line;
    }),
    "█ from the cache  ▓ read anew  ░ written",
  ];
}

/** The context of a call: what came from the cache, what was read anew, what was written. */
function barOf({ prompt, output, reasoning }: TokenRow, most: number, width: number): string {
  if (!prompt) return "";
  const ends = [prompt.cached, prompt.total, prompt.total + (output ?? 0) + (reasoning ?? 0)].map((tokens) =>
    Math.round((tokens / most) * width),
  );
  const [cached = 0, read = 0, all = 0] = ends;
  return `${"█".repeat(cached)}${"▓".repeat(Math.max(0, read - cached))}${"░".repeat(Math.max(0, all - read))}`;
}

function causesOf({ causes }: TokenRow): string {
  const bySize = causes
    .filter(({ tokens }) => tokens !== 0)
    .toSorted((a, b) => Math.abs(b.tokens) - Math.abs(a.tokens));
  const named = bySize
    .slice(0, NAMED_CAUSES)
    .map((cause) => `${signed(cause.tokens)} ${oneLine(causeText(cause))}`);
  const more = bySize.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function topLines(rows: readonly TokenRow[], width: number): string[] {
  const all = contributors(rows);
  const shown = all.slice(0, MOST_CONTRIBUTORS);
  const sum = all.reduce((total, { cause }) => total + cause.tokens, 0);
  const most = shown[0]?.cause.tokens ?? 1;
  const table = aligned([
    ["tokens", "share", "came with"],
    ...shown.map(({ call, cause }) => [
      count(cause.tokens),
      `${Math.round((cause.tokens / sum) * 100)}%`,
      oneLine(call),
    ]),
  ]);
  const bar = Math.min(
    WIDEST_BAR,
    Math.max(NARROWEST_BAR, Math.floor((width - columnsOf(table[0] ?? "")) / 2)),
  );
  const [heading = "", ...lines] = table;
  const left = all.length - shown.length;
  return [
    `${heading}  ${padEnd("", bar)}  what`,
    ...lines.map((line, index) => {
      const one = shown[index];
      if (!one) return line;
      const length = Math.max(1, Math.round((one.cause.tokens / most) * bar));
      const id = one.cause.callId === null ? "" : ` (${oneLine(one.cause.callId)})`;
      return `${line}  ${padEnd("█".repeat(length), bar)}  ${oneLine(causeText(one.cause))}${id}`;
    }),
    ...(left > 0 ? [`and ${left} smaller ones`] : []),
  ];
}

function signed(tokens: number): string {
  return tokens < 0 ? `-${count(-tokens)}` : `+${count(tokens)}`;
}

/** Columns under each other: the first, and one that is called `came with`, from the left, numbers from the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const [heading = []] = rows;
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ""))));
  const isText = (column: number): boolean => ["call", "came with"].includes(heading[column] ?? "");
  return rows.map((row) =>
    row.map((cell, column) => (isText(column) ? padEnd : padStart)(cell, widths[column] ?? 0)).join("  "),
  );
}
