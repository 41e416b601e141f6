import type { Colors } from "picocolors/types.js";
import type { Tone } from "../analysis/tone.js";

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
