import type { CsvCell } from "../text/csv.js";
import type { LoopTrace } from "../trace/model.js";
import { type TokenRow, tokenRows } from "./token-rows.js";

/**
 * Tokens are counts, the cost is USD, `turn` counts from 0, `copied` says yes of a turn that a fork copied and that is
 * not to be added up twice, `usageDoubt` whether the tokens are `unknown`, known in part (`partial`) or a
 * `contradiction`.
 */
const COLUMNS: readonly (readonly [name: string, cell: (row: TokenRow, trace: LoopTrace) => CsvCell])[] = [
  ["traceId", (_, { traceId }) => traceId],
  ["turn", (_, { session }) => session.turn],
  ["sessionId", ({ sessionId }) => sessionId],
  ["spanId", ({ spanId }) => spanId],
  ["call", ({ name }) => name],
  ["depth", ({ depth }) => depth],
  ["promptTokens", ({ prompt }) => prompt?.total ?? null],
  ["cachedTokens", ({ prompt }) => prompt?.cached ?? null],
  ["newTokens", ({ prompt }) => prompt?.new ?? null],
  ["outputTokens", ({ output }) => output],
  ["reasoningTokens", ({ reasoning }) => reasoning],
  ["contextTokens", ({ context }) => context],
  ["contextGrowth", ({ growth }) => growth],
  ["cacheHitRatio", ({ cacheHitRatio }) => cacheHitRatio],
  ["costUsd", ({ cost }) => cost],
  ["copied", (_, { loop }) => (loop.copied ? "yes" : "no")],
  ["usageDoubt", ({ doubt }) => doubt?.kind ?? null],
];

/** The head of the table that `tokenCsv` fills. */
export const TOKEN_COLUMNS = COLUMNS.map(([name]) => name);

/** A trace's calls, a row each, in the order of `tokenRows`. */
export function tokenCsv(trace: LoopTrace): readonly (readonly CsvCell[])[] {
  return tokenRows(trace).map((row) => COLUMNS.map(([, cell]) => cell(row, trace)));
}
