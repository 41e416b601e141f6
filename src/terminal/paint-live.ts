import type { Colors } from "picocolors/types.js";
import { rowsOf, treeOf } from "../analysis/tree-rows.js";
import { duration, plural } from "../text/format.js";
import { padStart, shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { type LiveContext, type LiveTurn, liveRows } from "./live-turn.js";
import { phaseWords, SHORTEST_STRETCH_MS, startingText } from "./phase-words.js";
import { treeLines } from "./tree-lines.js";

export interface LiveOptions extends LiveContext {
  /** Columns of the terminal, at least 20. */
  readonly width: number;
  /** How many lines there may be, at least 3. */
  readonly height: number;
  readonly colors: Colors;
  /** What stands last: what the run is at. */
  readonly status: string;
}

/** Durations before the phases are aligned to this many columns. */
const TIME_WIDTH = 7;

/** A turn that goes on: first what opencode starts with, then the tree as it grows, of a tall one its end. */
export function paintLive(turn: LiveTurn, options: LiveOptions): readonly string[] {
  const { width, height, colors, now, status } = options;
  const { rows, before } = liveRows(turn, options, height);
  const [loop, ...below] = rows;
  if (!loop) return startingLines(turn, options);
  // The start, the headings, the turn's own row, what is left out, and the status.
  const room = Math.max(0, height - 5);
  const shown = below.slice(Math.max(0, below.length - room));
  const hidden = before + below.length - shown.length;
  const { head, lines } = treeLines([loop, ...shown], { width, colors });
  const [top = "", ...rest] = lines;
  return [
    colors.dim(shortenTo(startingText(turn.starting, now), width)),
    head,
    top,
    ...(hidden > 0 ? [colors.dim(shortenTo(`${plural(hidden, "row")} above`, width))] : []),
    ...rest,
    shortenTo(status, width),
  ]
    .filter((line) => line !== "")
    .slice(-height);
}

/** What is longer is for `show`: the answer stands below it. */
const MOST_ROWS = 60;

/** The tree of a turn that is over, without its totals; nothing where it is very tall, or has nothing in it. */
export function paintFinished(
  trace: LoopTrace,
  { width, colors }: Pick<LiveOptions, "width" | "colors">,
): readonly string[] {
  const rows = rowsOf(treeOf(trace));
  if (rows.length < 2 || rows.length > MOST_ROWS) return [];
  const { head, lines } = treeLines(rows, { width, colors });
  return [head, ...lines];
}

function startingLines({ starting }: LiveTurn, { now, width, height, colors }: LiveOptions): readonly string[] {
  const told = starting.filter(
    ({ phase, start, end }) => end === null || phase.kind === "finding" || end - start >= SHORTEST_STRETCH_MS,
  );
  return told.slice(-height).map(({ phase, start, end }) => {
    const line = shortenTo(`${padStart(duration((end ?? now) - start), TIME_WIDTH)}  ${phaseWords(phase)}`, width);
    return end === null ? line : colors.dim(line);
  });
}
