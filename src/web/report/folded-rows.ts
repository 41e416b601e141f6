/** What a folded row shows of the rows that it hides. */
import type { ReportRow } from "../data/report-data.js";
import { toolName } from "./row-index.js";

/** A tool that a step called. */
export interface CalledTool {
  readonly name: string;
  readonly times: number;
  readonly failed: number;
}

/** The tools of a step, in the order of their first calls. */
export function calledTools(rows: readonly ReportRow[], step: number, end: number): readonly CalledTool[] {
  const tools = new Map<string, CalledTool>();
  for (let at = step + 1; at < end; at += 1) {
    const row = rows[at];
    if (row?.parent !== step || row.kind !== "tool") continue;
    const name = toolName(row.name);
    const { times = 0, failed = 0 } = tools.get(name) ?? {};
    tools.set(name, { name, times: times + 1, failed: failed + (row.tone === "plain" ? 0 : 1) });
  }
  return [...tools.values()];
}

/** A stretch of a folded row's bar in one colour; ms. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly kind: ReportRow["kind"];
  readonly failed: boolean;
}

/** So many are drawn one by one; more of them are put together where they cannot be told apart. */
const MOST_PIECES = 200;

/** The bars of the rows below a folded one that have no rows below themselves; what failed is drawn above all else. */
export function piecesBelow(rows: readonly ReportRow[], ends: readonly number[], folded: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = folded + 1; at < (ends[folded] ?? 0); at += 1) {
    const row = rows[at];
    if (!row || ends[at] !== at + 1 || row.kind === "step" || row.kind === "event" || row.end <= row.start) continue;
    pieces.push({ start: row.start, end: row.end, kind: row.kind, failed: row.tone === "failed" });
  }
  const merged = pieces.length > MOST_PIECES ? mergedPieces(pieces, (rows[folded]?.end ?? 0) / MOST_PIECES) : pieces;
  return merged.toSorted((a, b) => Number(a.failed) - Number(b.failed));
}

/** Pieces of one colour that lie nearer to each other than `least` become one. */
function mergedPieces(pieces: readonly Piece[], least: number): readonly Piece[] {
  const open = new Map<string, { start: number; end: number; kind: ReportRow["kind"]; failed: boolean }>();
  const merged: Piece[] = [];
  for (const piece of pieces.toSorted((a, b) => a.start - b.start)) {
    const key = `${piece.kind} ${piece.failed}`;
    const last = open.get(key);
    if (last && piece.start - last.end < least) last.end = Math.max(last.end, piece.end);
    else {
      const next = { ...piece };
      open.set(key, next);
      merged.push(next);
    }
  }
  return merged;
}
