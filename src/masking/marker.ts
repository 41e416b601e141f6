import { TextMap } from "./text-map.js";

/**
 * What stands in the place of something secret, such as `[masked: GITHUB_TOKEN]`.
 *
 * @param label what it was: the name of a variable or of a rule
 */
export function markerOf(label: string): string {
  return `[masked: ${label.replace(/[^\w .-]/g, "")}]`;
}

/** Whether one may stand in a text. */
export function mayHaveMarker(text: string): boolean {
  return text.includes("[masked: ");
}

const MARKERS = /\[masked: [\w .-]*\]/g;

/** How many markers stand in the texts of a plain value; of a long text that stands there again, in its edges alone. */
export function countMarkers(value: unknown): number {
  let count = 0;
  const known = new TextMap<true>();
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === "string") {
      const isKnown = known.get(one);
      count += (isKnown ? edgesOf(one) : one).match(MARKERS)?.length ?? 0;
      if (!isKnown) known.set(one, true);
    } else if (typeof one === "object" && one !== null) {
      if (!Array.isArray(one)) for (const key of Object.keys(one)) left.push(key);
      for (const item of Object.values(one)) left.push(item);
    }
  }
  return count;
}

const EDGE = 1_000;

/** The first lines and the last ones, whole; of a text without such lines all of it. */
function edgesOf(text: string): string {
  const head = text.lastIndexOf("\n", EDGE);
  const tail = text.indexOf("\n", text.length - EDGE);
  return head > 0 && tail > head ? `${text.slice(0, head)}\n${text.slice(tail)}` : text;
}
