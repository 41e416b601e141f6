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
  /** What opencode itself was at, the longest first. */
  readonly phases: readonly string[];
}

/** The gaps by the rows that they stand before; the last one, behind all, by that of the turn. */
export function gapsByRow(path: readonly PathPart[]): ReadonlyMap<number, readonly Gap[]> {
  const gaps = new Map<number, Gap[]>();
  const put = (row: number, gap: Gap): void => {
    const known = gaps.get(row);
    if (known) known.push(gap);
    else gaps.set(row, [gap]);
  };
  let open: readonly PathPart[] = [];
  for (const part of path) {
    if (part.of === "opencode" || part.of === "idle") open = [...open, part];
    else {
      if (open.length > 0) put(part.row, gapOf(open));
      open = [];
    }
  }
  if (open.length > 0) put(0, gapOf(open));
  return gaps;
}

function gapOf(parts: readonly PathPart[]): Gap {
  const phases = new Map<string, number>();
  for (const { phase, start, end } of parts) if (phase) phases.set(phase, (phases.get(phase) ?? 0) + end - start);
  return {
    of: parts.some(({ of }) => of === "idle") ? "idle" : "opencode",
    phases: [...phases].sort((a, b) => b[1] - a[1]).map(([name]) => name),
    start: parts[0]?.start ?? 0,
    end: parts.at(-1)?.end ?? 0,
  };
}

/** So many phases stand in a label. */
const MOST_PHASES = 2;

/** What passed in a gap. */
export function gapName({ of, phases }: Gap): string {
  if (of === "idle") return "idle, until it was woken";
  if (phases.length === 0) return "opencode itself";
  return `opencode: ${phases.slice(0, MOST_PHASES).join(", ")}${phases.length > MOST_PHASES ? ", …" : ""}`;
}

/** What a part of the path is called. */
export function partName({ of, row, phase }: PathPart, rows: readonly ReportRow[]): string {
  const name = rows[row]?.name ?? "";
  if (of === "opencode") return ownName(phase);
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

function ownName(phase: string | undefined): string {
  return phase === undefined ? "opencode itself" : `opencode: ${phase}`;
}

function shareName({ of, row, phase }: PathPart, rows: readonly ReportRow[]): string {
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
      return ownName(phase);
    default:
      return of satisfies never;
  }
}
