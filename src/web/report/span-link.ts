import type { Place } from "./places.js";

/** The span that an address names behind its `#`; null where it names none. */
export function spanOf(hash: string): string | null {
  return /^#span=([0-9a-f]{16})$/.exec(hash)?.[1] ?? null;
}

export function hashOf(span: string): string {
  return `#span=${span}`;
}

interface TurnRows {
  readonly rows: readonly { readonly id: string }[];
}

/** Where a span stands; null where it is in none of the turns. */
export function placeOfSpan(traces: readonly TurnRows[], span: string | null): Place | null {
  if (span === null) return null;
  for (const [trace, { rows }] of traces.entries()) {
    const row = rows.findIndex(({ id }) => id === span);
    if (row >= 0) return { trace, row };
  }
  return null;
}
