import type { Colors } from "picocolors/types.js";
import type { Tone } from "../analysis/tone.js";
import { columnsOf } from "../text/columns.js";
import { padEnd, shortenTo } from "../text/terminal-text.js";
import { inTone } from "./tones.js";

/** What stands below the tree, and above a step: a label, and parts between which a line is folded first. */
export interface LabelledLine {
  readonly label: string;
  readonly parts: readonly string[];
  readonly tone: Tone;
}

/** A line that is folded between its parts where that is possible. */
export function parted(label: string, parts: readonly string[]): LabelledLine {
  return { label, parts, tone: "plain" };
}

/** A line that is folded between words. */
export function worded(label: string, text: string, tone: Tone): LabelledLine {
  return { label, parts: text.split(" "), tone };
}

/** Parts that a line may be folded between, with a comma behind each but the last. */
export function listed(parts: readonly string[]): string[] {
  return parts.map((part, index) => (index < parts.length - 1 ? `${part},` : part));
}

/** Explains the `~` before a time. */
export const ESTIMATED = worded("~", "estimated: opencode recorded no exact moment", "muted");

/** Lines folded to the width, each in the colour of its tone. */
export function inColors(lines: readonly LabelledLine[], width: number, colors: Colors): string[] {
  return lines.flatMap((line) => folded(line, width).map((text) => inTone(text, line.tone, colors)));
}

/** Labels are padded to this many columns. */
const LABEL_WIDTH = 9;

/**
 * A line that goes on, indented, where the next part does not fit any more; no line is wider than the width. A word
 * that is too long for the indented lines, an id say, stands alone from the very left: cut in two it could not be
 * copied.
 */
export function folded({ label, parts }: LabelledLine, width: number): string[] {
  const room = width - LABEL_WIDTH;
  const lines: { readonly indented: boolean; readonly text: string }[] = [];
  for (const part of parts.flatMap((one) => (columnsOf(one) > room ? one.split(" ") : [one]))) {
    const last = lines.at(-1);
    const longer = last?.indented ? `${last.text} ${part}` : undefined;
    if (longer !== undefined && columnsOf(longer) <= room) lines[lines.length - 1] = { indented: true, text: longer };
    else lines.push({ indented: columnsOf(part) <= room || columnsOf(part) > width, text: part });
  }
  if (lines[0]?.indented !== true) lines.unshift({ indented: true, text: "" });
  return lines.map(({ indented, text }, index) => {
    const start = indented ? padEnd(index === 0 ? label : "", LABEL_WIDTH) : "";
    return shortenTo(`${start}${text}`.trimEnd(), width);
  });
}
