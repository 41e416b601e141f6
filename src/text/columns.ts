import stringWidth from "string-width";

/** Most of what is painted: nothing of it is wide, combines or is invisible, so counting it needs no tables. */
export const PLAIN = /^[\x20-\x7E·–—‘’“”…→\u2500-\u259F]*$/;

/** How many columns of a terminal a text takes; wide characters take two. */
export function columnsOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}
