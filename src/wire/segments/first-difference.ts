/** Where two texts begin to differ, with what stands there. */
export interface Difference {
  /** Units that both begin with. */
  readonly at: number;
  readonly before: string;
  readonly after: string;
}

/** How much is shown in front of a difference, and from it on, in units. */
const [LEAD, SHOWN] = [40, 120];

export function firstDifference(before: string, after: string): Difference {
  const at = commonUnits(before, after);
  return { at, before: excerpt(before, at), after: excerpt(after, at) };
}

function commonUnits(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  return at;
}

/** A stretch of a text around a place, never half a character of two units. */
export function excerpt(text: string, at: number): string {
  const from = whole(text, Math.max(0, at - LEAD));
  const to = whole(text, Math.min(text.length, at + SHOWN));
  return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
}

function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}
