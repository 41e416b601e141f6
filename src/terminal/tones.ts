import type { Colors } from "picocolors/types.js";
import type { Tone } from "../analysis/tone.js";
import type { RowFacts } from "../analysis/tree-rows.js";

/** A text in the colour of its tone; red what ended the turn, yellow what the session got over. */
export function inTone(text: string, tone: Tone, colors: Colors): string {
  switch (tone) {
    case "failed":
      return colors.red(text);
    case "warning":
      return colors.yellow(text);
    case "alarm":
      return colors.bold(colors.yellow(text));
    case "muted":
      return colors.dim(text);
    case "plain":
      return text;
    default:
      return tone satisfies never;
  }
}

/** The name or the bar of a row in the colour of what it stands for: the model, a tool, a wait, opencode itself. */
export function ofKind(text: string, kind: RowFacts["kind"], part: "name" | "bar", colors: Colors): string {
  // Blanks need no colour.
  return text.replace(/\S(?:.*\S)?/u, (seen) => ofKindWhole(seen, kind, part, colors));
}

function ofKindWhole(text: string, kind: RowFacts["kind"], part: "name" | "bar", colors: Colors): string {
  switch (kind) {
    case "call":
      return colors.blue(text);
    case "tool":
      return colors.magenta(text);
    case "retry":
      return colors.cyan(text);
    case "loop":
    case "step":
      return part === "bar" ? colors.gray(text) : text;
    case "event":
    case "phase":
      return colors.gray(text);
    default:
      return kind satisfies never;
  }
}
