import { useEffect, useState } from "preact/hooks";
import type { TraceData } from "../data/report-data.js";
import type { Place } from "./places.js";
import { hashOf, placeOfSpan, spanOf } from "./span-link.js";

/** What the page's address leads to. */
export interface Linked {
  /** A new object each time a link is followed; null where the address names no span. */
  readonly linked: Place | null;
  /** It names one that is not in the report. */
  readonly isLost: boolean;
}

/** Follows the address: when the page opens, and when another one is put in. */
export function useLinked(traces: readonly TraceData[]): Linked {
  const [state, setState] = useState(() => linkedBy(traces));
  useEffect(() => {
    const follow = (): void => setState(linkedBy(traces));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [traces]);
  return state;
}

function linkedBy(traces: readonly TraceData[]): Linked {
  const span = spanOf(location.hash);
  const linked = placeOfSpan(traces, span);
  return { linked, isLost: span !== null && linked === null };
}

/**
 * Writes a span into the page's address, so that the address can be sent to others; nothing is added to where "back"
 * leads.
 *
 * @param span null takes away what is there
 */
export function nameInAddress(span: string | null): void {
  if (spanOf(location.hash) === span) return;
  try {
    history.replaceState(history.state, "", span === null ? location.pathname + location.search : hashOf(span));
  } catch {
    // Where a page may not do that, as in a frame without an origin, the address stays as it is.
  }
}

/** The page's address with a span in it. */
export function addressOf(span: string): string {
  return location.href.replace(/#.*$/s, "") + hashOf(span);
}
