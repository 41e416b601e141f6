import { columnsOf } from "./columns.js";
import { charactersOf } from "./terminal-text.js";

/** Tabs are of any width in a terminal, so that no line with one could be measured. */
const TAB = "    ";

/**
 * A text of several lines in lines of at most so many columns, broken between words where that is possible. The
 * indentation of lines and the blanks inside of them stay: much of it is code.
 *
 * @param text as `severalLines` gives it
 * @param columns at least 2, since there are characters that take two
 */
export function wrapped(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => wrappedLine(line.replaceAll("\t", TAB).trimEnd(), columns));
}

function wrappedLine(line: string, columns: number): string[] {
  if (columnsOf(line) <= columns) return [line];
  const lines: string[] = [];
  let [from, width] = [0, 0];
  /** Behind the last blank that stands behind a word; the first line's indentation is none. */
  let breakAt = 0;
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
      const end = !blank && breakAt > from ? breakAt : index;
      lines.push(line.slice(from, end).trimEnd());
      from = blank ? index + segment.length : end;
      width = columnsOf(line.slice(from, index));
      hasWord = width > 0;
    }
    if (from > index) continue;
    width += next;
    if (!blank) hasWord = true;
    else if (hasWord) breakAt = index + segment.length;
  }
  return [...lines, line.slice(from)];
}
