/** The critical path as the rows show it. */
import type { PathPart, ReportRow } from "../data/report-data.js";

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What of a row, or of those below it where it is folded, the turn's end waited for. */
export function stretchesOf(path: readonly PathPart[], row: number, end: number): readonly Stretch[] {
  const stretches: { start: number; end: number }[] = [];
  for (const part of path) {
    if (part.row < row || part.row >= end) continue;
    const last = stretches.at(-1);
    if (last && last.end === part.start) last.end = part.end;
    else stretches.push({ start: part.start, end: part.end });
  }
  return stretches;
}

/** The parts of the path by their rows. */
export function partsByRow(path: readonly PathPart[]): ReadonlyMap<number, readonly PathPart[]> {
  const byRow = new Map<number, PathPart[]>();
  for (const part of path) {
    const known = byRow.get(part.row);
    if (known) known.push(part);
    else byRow.set(part.row, [part]);
  }
  return byRow;
}

/** Time in which neither a model nor a tool was waited for. */
export interface Gap extends Stretch {
  readonly of: "opencode" | "idle";
}

/** The gaps by the rows that they stand before; the last one, behind all, by that of the turn. */
export function gapsByRow(path: readonly PathPart[]): ReadonlyMap<number, readonly Gap[]> {
  const gaps = new Map<number, Gap[]>();
  const put = (row: number, gap: Gap): void => {
    const known = gaps.get(row);
    if (known) known.push(gap);
    else gaps.set(row, [gap]);
  };
  let open: Gap | undefined;
  for (const { row, of, start, end } of path) {
    if (of === "opencode" || of === "idle") {
      open = { of: open?.of === "idle" ? "idle" : of, start: open?.start ?? start, end };
    } else {
      if (open) put(row, open);
      open = undefined;
    }
  }
  if (open) put(0, open);
  return gaps;
}

/** What a part of the path is called. */
export function partName({ of, row }: PathPart, rows: readonly ReportRow[]): string {
  const name = rows[row]?.name ?? "";
  if (of === "opencode") return "opencode itself";
  if (of === "idle") return "nothing: it was idle until it was woken";
  return of === "permission" ? `permission for ${name}` : name;
}

/** A share of the path. */
export interface PathShare {
  readonly name: string;
  readonly of: PathPart["of"];
  readonly ms: number;
  readonly times: number;
}

/** The path by what was waited for: models, each tool, retries, permissions, opencode itself; the longest first. */
export function pathShares(path: readonly PathPart[], rows: readonly ReportRow[]): readonly PathShare[] {
  const shares = new Map<string, PathShare>();
  for (const part of path) {
    const name = shareName(part, rows);
    const { ms = 0, times = 0 } = shares.get(name) ?? {};
    shares.set(name, { name, of: part.of, ms: ms + part.end - part.start, times: times + 1 });
  }
  return [...shares.values()].sort((a, b) => b.ms - a.ms);
}

function shareName({ of, row }: PathPart, rows: readonly ReportRow[]): string {
  switch (of) {
    case "call":
      return "the model";
    case "tool":
      return rows[row]?.name ?? "a tool";
    case "retry":
      return "retries";
    case "permission":
      return "permissions";
    case "idle":
      return "idle, until it was woken";
    case "opencode":
      return "opencode itself";
    default:
      return of satisfies never;
  }
}
