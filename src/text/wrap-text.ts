import { columnsOf } from "./columns.js";
import { charactersOf } from "./terminal-text.js";

/** Tabs are of any width in a terminal, so that no line with one could be measured. */
const TAB = "    ";

/**
 * A text of several lines in lines of at most so many columns, broken between words where that is possible. The
 * indentation of lines and the blanks inside of them stay: much of it is code. A list of paths, such as a PATH, that is
 * too long for a line is broken between them.
 *
 * @param text as `severalLines` gives it
 * @param columns at least 2, since there are characters that take two
 */
export function wrapped(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => wrappedLine(line.replaceAll("\t", TAB).trimEnd(), columns));
}

/** What stands behind a colon of a list of paths, and not of a URL. */
const BEFORE_PATH = /^\/(?!\/)/;

function wrappedLine(line: string, columns: number): string[] {
  if (columnsOf(line) <= columns) return [line];
  const lines: string[] = [];
  let [from, width] = [0, 0];
  /** Behind the last blank that stands behind a word; the first line's indentation is none. */
  let breakAt = 0;
  /** Behind the last colon between two paths. */
  let pathAt = 0;
  let hasWord = false;
  for (const { segment, index } of charactersOf(line)) {
    const blank = segment.trim() === "";
    const next = columnsOf(segment);
    if (blank && index === from && lines.length > 0) {
      from += segment.length;
      continue;
    }
    // Twice where what stands before the blank takes no column at all.
    while (width + next > columns && index > from) {
      const end = blank ? index : ([breakAt, pathAt].find((at) => at > from) ?? index);
      lines.push(line.slice(from, end).trimEnd());
      from = blank ? index + segment.length : end;
      width = columnsOf(line.slice(from, index));
      hasWord = width > 0;
    }
    if (from > index) continue;
    width += next;
    if (segment === ":" && BEFORE_PATH.test(line.slice(index + 1, index + 3))) pathAt = index + 1;
    if (!blank) hasWord = true;
    else if (hasWord) breakAt = index + segment.length;
  }
  return [...lines, line.slice(from)];
}
