import type { CsvCell } from "../text/csv.js";
import type { WireRequest } from "./wire-requests.js";

/** The head of the table that `wireCsv` fills; what the columns mean says `WireRequest`. */
export const WIRE_COLUMNS = [
  "listedSession",
  "number",
  "sentAt",
  "sessionId",
  "agent",
  "kind",
  "name",
  "turn",
  "step",
  "model",
  "status",
  "end",
  "requestBytes",
  "newBytes",
  "responseBytes",
  "promptTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "outputTokens",
  "costUsd",
  "firstByteMs",
  "durationMs",
  "requestId",
  "error",
  "method",
  "url",
] as const;

/**
 * A row for each request.
 *
 * @param listedSession the session that the numbers count in; a subagent's request has another `sessionId`
 */
export function wireCsv(listedSession: string, requests: readonly WireRequest[]): readonly (readonly CsvCell[])[] {
  return requests.map((request) =>
    WIRE_COLUMNS.map((name) => {
      switch (name) {
        case "listedSession":
          return listedSession;
        case "sentAt":
          return new Date(Math.round(request.sentAt)).toISOString();
        case "costUsd":
          return request.cost;
        default:
          return request[name];
      }
    }),
  );
}
