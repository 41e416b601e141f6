import { textPieces } from "./texts.js";

/**
 * What stands in the place of something secret, such as `[masked: GITHUB_TOKEN]`.
 *
 * @param label what it was: the name of a variable or of a rule
 */
export function markerOf(label: string): string {
  return `[masked: ${label.replace(/[^\w .-]/g, "")}]`;
}

const MARKERS = /\[masked: [\w .-]*\]/g;

/** How many markers stand in the texts of a plain value. */
export function countMarkers(value: unknown): number {
  let count = 0;
  for (const piece of textPieces([value])) count += piece.match(MARKERS)?.length ?? 0;
  return count;
}
