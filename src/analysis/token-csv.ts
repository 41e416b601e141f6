import type { CsvCell } from "../text/csv.js";
import type { LoopTrace } from "../trace/model.js";
import { tokenRows } from "./token-rows.js";

/**
 * The head of the table that `tokenCsv` fills: tokens are counts, the cost is USD, `turn` counts from 0, `copied` says
 * yes of a turn that a fork copied and that is not to be added up twice, `usageDoubt` whether the tokens are `unknown`,
 * known in part (`partial`) or a `contradiction`.
 */
export const TOKEN_COLUMNS = [
  ...["traceId", "turn", "sessionId", "spanId", "call", "depth", "promptTokens", "cachedTokens", "newTokens"],
  ...[
    "outputTokens",
    "reasoningTokens",
    "contextTokens",
    "contextGrowth",
    "cacheHitRatio",
    "costUsd",
    "copied",
    "usageDoubt",
  ],
];

/** A trace's calls, a row each, in the order of `tokenRows`. */
export function tokenCsv(trace: LoopTrace): readonly (readonly CsvCell[])[] {
  const { traceId, session, loop } = trace;
  return tokenRows(trace).map((row) => [
    ...[traceId, session.turn, row.sessionId, row.spanId, row.name, row.depth],
    ...[row.prompt?.total ?? null, row.prompt?.cached ?? null, row.prompt?.new ?? null],
    ...[
      row.output,
      row.reasoning,
      row.context,
      row.growth,
      row.cacheHitRatio,
      row.cost,
      loop.copied ? "yes" : "no",
      row.doubt?.kind ?? null,
    ],
  ]);
}
