import type { Name } from "./assigned-names.js";
import { after, BARS, bareAt, lineEnd, type Value } from "./assigned-values.js";
import { valueStrength } from "./secret-values.js";
import { isRule } from "./tables.js";

/** How much of a line before a name is looked at, and of it with the one above. */
const FURTHEST_BACK = 100;
const LONGEST_ROWS = 600;
const HAS_BAR = new RegExp(`[${BARS}]`);

/** The bar before a cell. */
const CELL = new RegExp(`[${BARS}]\\s{0,40}\`{0,2}`, "y");
/** In a table of code's own, such as `token | 0xF`. */
const BITS = /0x[\da-fA-F]{1,8}\b/y;

/** A shell's line, whose bars are pipes. */
const FILTER =
  /(?:^|[\n|;&($>])[ \t]{0,8}(?:[efz]?grep|rg|ag|ack|cat|echo|jq|yq|sed|awk|cut|ls|find)[ \t][^|\n]{0,80}$/;
const WITH_FLAG = /[\w./-]{1,20}[ \t]{1,4}-{1,2}[A-Za-z]/y;

/** A row has bars around it; a shell's line may begin with one. */
const ROW_BEGINS = new RegExp(`(?:^|\\n)[ \\t]{0,40}[${BARS}][^\\n]{0,${FURTHEST_BACK}}$`);
const ROW_ENDS = new RegExp(`^[^\\n]{0,300}[${BARS}][ \\t]{0,40}\\r?(?:\\n|$)`);

/** Whether the bar behind a name is a shell's: `grep password | wc -l`. */
function isPiped(text: string, name: Name, cell: number): boolean {
  const before = text.slice(Math.max(0, name.from - FURTHEST_BACK), name.from);
  if (after(WITH_FLAG, text, cell) === undefined && !FILTER.test(before)) return false;
  return !(ROW_BEGINS.test(before) && ROW_ENDS.test(text.slice(cell, cell + 400)));
}

/** Whether a rule stands below, which is not that below the last row or between two. */
function isHead(text: string, at: number): boolean {
  const below = lineEnd(text, at) + 1;
  const end = lineEnd(text, below);
  if (!isRule(text.slice(below, end))) return false;
  const above =
    text
      .slice(Math.max(0, at - LONGEST_ROWS), at)
      .split("\n")
      .at(-2) ?? "";
  return isRule(above) ? HAS_BAR.test(text.slice(end + 1, lineEnd(text, end + 1))) : !HAS_BAR.test(above);
}

/**
 * What stands in a table's next cell.
 *
 * @param bar where the bar stands behind the name
 */
export function cellBehind(text: string, name: Name, bar: number): Value | undefined {
  const cell = after(CELL, text, bar);
  if (cell === undefined || text[bar + 1] === "|" || after(BITS, text, cell) !== undefined) return undefined;
  const value = isPiped(text, name, cell) ? undefined : bareAt(text, cell, `${BARS}\\n\``);
  // A word in a row of names is mostly the name of the next column.
  return value && valueStrength(text.slice(value.from, value.to)) < 2 && isHead(text, cell) ? undefined : value;
}
