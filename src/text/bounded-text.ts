/** The longest message an error carries, in UTF-16 code units. */
export const MAX_MESSAGE_LENGTH = 300;

// Control characters (a terminal would obey them), line and paragraph separators, and every other white space.
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;

/**
 * Any text as one line for people: no line breaks, no control characters, well-formed Unicode, at most `max`
 * UTF-16 code units (an ellipsis marks what was cut).
 */
export function oneLine(text: string, max: number = MAX_MESSAGE_LENGTH): string {
  // Only the head is looked at: a provider may answer with megabytes, and what is cut away needs no cleaning.
  const line = text
    .slice(0, max * 8)
    .replace(BREAKS, " ")
    .trim();
  const isWhole = line.length <= max && text.length <= max * 8;
  return (isWhole ? line : `${line.slice(0, max - 1).trimEnd()}…`).toWellFormed();
}

/** The first `max` UTF-16 code units of a text, with a note of how long it was when something was cut. */
export function headOf(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  return `${text.slice(0, max)} … [cut: ${text.length} characters in all]`.toWellFormed();
}

/** The last `max` UTF-16 code units of a text, with a note of how long it was when something was cut. */
export function tailOf(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  return `[cut: ${text.length} characters in all] … ${text.slice(-max)}`.toWellFormed();
}
