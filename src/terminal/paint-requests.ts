import { callLabel, type WireRequest } from "../analysis/wire-requests.js";
import { bytesText, cost, costDecimals, count, duration, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { fitTable, hiddenColumnsLine, STAYS, type TableColumn } from "./fit-table.js";
import { inColors, worded } from "./labelled-line.js";
import type { PaintOptions } from "./paint-tree.js";

/** The requests that a list is of. */
export interface RequestList {
  readonly sessionId: string;
  readonly title: string;
  readonly requests: readonly WireRequest[];
  /** What is missing of the recording, a sentence each. */
  readonly notes: readonly string[];
}

/** The requests of a session, a line each; no line is wider than the terminal. */
export function paintRequests(list: RequestList, { width, colors }: PaintOptions): string {
  const { requests, notes, title, sessionId } = list;
  const first = requests[0]?.sentAt ?? 0;
  const column = (
    heading: string,
    worth: number,
    cell: (request: WireRequest) => string,
    more: Partial<TableColumn> = {},
  ): TableColumn => ({ heading, worth, cells: requests.map(cell), align: "right", ...more });
  const left = { align: "left" } as const;
  const decimals = costDecimals(requests.flatMap((request) => request.cost ?? []));
  const { head, rows, hidden } = fitTable(
    [
      column("#", STAYS, ({ number }) => String(number)),
      column("sent", 40, ({ sentAt }) => `+${duration(sentAt - first)}`),
      column("for", STAYS, (request) => oneLine(callLabel(request)), { ...left, shortest: 18 }),
      column("model", 30, ({ model }) => oneLine(model ?? ""), { ...left, shortest: 10 }),
      column("status", 90, statusText),
      column("bytes", 80, ({ requestBytes }) => bytesText(requestBytes)),
      column("new", 65, ({ newBytes }) => (newBytes === null ? "" : bytesText(newBytes))),
      column("in", 70, ({ promptTokens }) => tokensText(promptTokens)),
      column("cached", 50, ({ cachedTokens }) => tokensText(cachedTokens || null)),
      column("out", 35, ({ outputTokens }) => tokensText(outputTokens)),
      column("cost", 20, ({ cost: usd }) => (usd === null ? "" : cost(usd, decimals))),
      column("first", 60, ({ firstByteMs }) => (firstByteMs === null ? "" : duration(firstByteMs))),
      column("took", 75, ({ durationMs }) => (durationMs === null ? "" : duration(durationMs))),
      column("request id", 10, ({ requestId }) => oneLine(requestId ?? ""), { ...left, shortest: 12 }),
    ],
    width,
  );
  return [
    colors.bold(shortenTo([title, sessionId].filter(Boolean).map(oneLine).join(" · "), width)),
    colors.dim(shortenTo(sums(requests), width)),
    colors.dim(head),
    ...rows.map((row, index) => (isTrouble(requests[index]) ? colors.yellow(row) : row)),
    ...inColors(
      [...hiddenColumnsLine(hidden), ...notes.map((note) => worded("note", oneLine(note), "warning"))],
      width,
      colors,
    ),
  ].join("\n");
}

function sums(requests: readonly WireRequest[]): string {
  const sent = requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0);
  const fresh = requests.reduce((sum, { newBytes, requestBytes }) => sum + (newBytes ?? requestBytes), 0);
  const known = requests.every(({ newBytes }) => newBytes !== null);
  const began = requests[0] ? `, from ${new Date(Math.round(requests[0].sentAt)).toISOString()} on` : "";
  return `${plural(requests.length, "request")}, ${bytesText(sent)} sent${known ? `, ${bytesText(fresh)} of it new` : ""}${began}`;
}

function statusText({ status, end }: WireRequest): string {
  const how = end === "complete" ? "" : end === "open" ? "no end" : end;
  return [status === null ? "" : String(status), how].filter(Boolean).join(" ");
}

function isTrouble(request: WireRequest | undefined): boolean {
  return request !== undefined && ((request.status ?? 500) >= 400 || request.end === "failed");
}

function tokensText(tokens: number | null): string {
  return tokens === null ? "" : count(tokens);
}
