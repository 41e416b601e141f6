import { searchPattern } from "./segments.js";

/** What stands before a match in an excerpt, in characters, and how long one is. */
const BEFORE = 12;
const LENGTH = 200;

/** The first of some texts that holds what is searched for, cut so that one line can show it; null: none does. */
export function excerptOf(texts: Iterable<string>, query: string): string | null {
  const pattern = searchPattern(query);
  for (const text of texts) {
    pattern.lastIndex = 0;
    const at = pattern.exec(text)?.index;
    if (at === undefined) continue;
    const from = Math.max(0, at - BEFORE);
    const cut = text.slice(from, at + LENGTH).toWellFormed();
    return `${from > 0 ? "…" : ""}${cut.replaceAll(/\s+/g, " ")}${at + LENGTH < text.length ? "…" : ""}`;
  }
  return null;
}
