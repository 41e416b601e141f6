/** A piece of a text: as it is, a character that is named because it cannot be seen, or what was searched for. */
export interface Segment {
  readonly form: "plain" | "named" | "match";
  readonly text: string;
}

/**
 * What cannot be seen or makes a line read as another: control characters but line feed and tab, direction marks,
 * separators of lines, zero-width spaces, invisible operators, language tags. Joiners stay, emoji are written with
 * them.
 */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** Cuts a text into pieces that are safe to show. */
export function segmentsOf(text: string, query = ""): readonly Segment[] {
  const lines = text.toWellFormed().replaceAll("\r\n", "\n");
  return matchesOf(lines, query).flatMap((piece) =>
    piece.form === "match"
      ? [{ ...piece, text: named(piece.text) }]
      : cut(piece.text, UNSEEN, (match) => ({ form: "named", text: nameOf(match) })),
  );
}

/** The text with what cannot be seen named in it, for places that show plain text only. */
export function named(text: string): string {
  return text.replace(UNSEEN, nameOf);
}

const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );

/** `ESC` and the like below U+0020; the others by their numbers. */
function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return CONTROLS[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** More of them would only slow the page down. */
const MOST_MATCHES = 500;

function matchesOf(text: string, query: string): Segment[] {
  if (query === "") return [{ form: "plain", text }];
  return cut(text, searchPattern(query), (match) => ({ form: "match", text: match }), 2 * MOST_MATCHES);
}

/** @param most when there are more pieces than this the rest is one */
function cut(text: string, pattern: RegExp, found: (match: string) => Segment, most = Number.POSITIVE_INFINITY) {
  const segments: Segment[] = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (index > from) segments.push({ form: "plain", text: text.slice(from, index) });
    segments.push(found(match));
    from = index + match.length;
    if (segments.length > most) break;
  }
  if (from < text.length) segments.push({ form: "plain", text: text.slice(from) });
  return segments;
}

/** What finds a text whatever its letters' case; used for finding and for marking, so that both agree. */
export function searchPattern(query: string): RegExp {
  return new RegExp(query.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}
