import type { Name } from "./assigned-names.js";
import { after, BARS, bareAt, lineEnd, type Value } from "./assigned-values.js";
import { valueStrength } from "./secret-values.js";
import { isRule } from "./tables.js";

/** The bar before a cell. */
const CELL = new RegExp(`[${BARS}]\\s{0,40}\`{0,2}`, "y");
/** In a table of code's own, such as `token | 0xF`. */
const BITS = /0x[\da-fA-F]{1,8}\b/y;

/** A shell's line, whose bars are pipes. */
const FILTER = /(?:^|[|;&($>])[ \t]{0,8}(?:[efz]?grep|rg|ag|ack|cat|echo|jq|yq|sed|awk|cut|ls|find)[ \t][^|\n]{0,80}$/m;
const WITH_FLAG = /[\w./-]{1,20}[ \t]{1,4}-{1,2}[A-Za-z]/y;

/** Whether the bar behind a name is a shell's: `grep password | wc -l`. */
function isPiped(text: string, name: Name, cell: number): boolean {
  return after(WITH_FLAG, text, cell) !== undefined || FILTER.test(text.slice(Math.max(0, name.from - 100), name.from));
}

/** Whether a rule stands below: then a word in the next cell is mostly the name of another column. */
function isHead(text: string, at: number): boolean {
  const below = lineEnd(text, at) + 1;
  return isRule(text.slice(below, lineEnd(text, below)));
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
  return value && isHead(text, cell) && valueStrength(text.slice(value.from, value.to)) < 2 ? undefined : value;
}
