import { commonEnd, commonStart } from "../../text/in-common.js";

/** A stretch of a text that becomes another one. */
export interface TextEdit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const MARKER = /\[masked: [\w .-]*\]/g;

/**
 * What makes one text of the other, as small as it is easily found. Between markers a masked text says what it said
 * before; where that cannot be told, all from the first to the last difference is one edit.
 */
export function editsBetween(before: string, after: string): readonly TextEdit[] {
  if (before === after) return [];
  return byMarkers(before, after) ?? [wholeEdit(before, after)];
}

function byMarkers(before: string, after: string): readonly TextEdit[] | undefined {
  const kept = after.split(MARKER);
  const markers = after.match(MARKER) ?? [];
  const edits: TextEdit[] = [];
  if (!before.startsWith(kept[0] ?? "")) return undefined;
  let at = kept[0]?.length ?? 0;
  for (const [index, marker] of markers.entries()) {
    const next = kept[index + 1] ?? "";
    const isLast = index === markers.length - 1;
    const to = isLast ? before.length - next.length : before.indexOf(next, at);
    if (to < at || !before.startsWith(next, to)) return undefined;
    if (before.slice(at, to) !== marker) edits.push({ from: at, to, text: marker });
    at = to + next.length;
  }
  return at === before.length ? edits : undefined;
}

function wholeEdit(before: string, after: string): TextEdit {
  const prefix = commonStart(before, after);
  const suffix = commonEnd(before, after, Math.min(before.length, after.length) - prefix);
  return { from: prefix, to: before.length - suffix, text: after.slice(prefix, after.length - suffix) };
}

/**
 * Edits a text that comes in pieces. What reaches over several becomes the new text where it begins, and nothing in
 * the others.
 *
 * @param edits of the joined text, in order, none of them over another
 */
export function editPieces(pieces: readonly string[], edits: readonly TextEdit[]): readonly string[] {
  if (edits.length === 0) return pieces;
  const result: string[] = [];
  let next = 0;
  let from = 0;
  for (const [index, piece] of pieces.entries()) {
    const to = from + piece.length;
    const isLast = index === pieces.length - 1;
    let text = "";
    let at = from;
    for (let edit = edits[next]; edit && (edit.from < to || isLast); edit = edits[next]) {
      if (edit.from >= at) text += piece.slice(at - from, edit.from - from) + edit.text;
      // Begun in an earlier piece, it takes away only.
      at = Math.max(at, Math.min(edit.to, to));
      if (edit.to > to) break;
      next += 1;
    }
    result.push(text + piece.slice(at - from));
    from = to;
  }
  return result;
}
