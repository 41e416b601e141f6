import { useEffect, useState } from "preact/hooks";
import { search, type TextsOf } from "./search.js";

export interface Found {
  /** The rows that match, ascending. */
  readonly rows: readonly number[];
  readonly done: boolean;
}

/** So long the page may be busy before it draws again, ms. */
const SLICE_MS = 12;

/** Typing goes on for so long, ms. */
const PAUSE_MS = 120;

/** Searches in slices of time, so that a large trace does not stop the page. */
export function useSearch(rows: number, textsOf: TextsOf, query: string): Found {
  const [found, setFound] = useState<Found & { readonly query: string }>({ rows: [], done: true, query: "" });
  useEffect(() => {
    if (query === "") return;
    const steps = search(rows, textsOf, query);
    const matches: number[] = [];
    let row = 0;
    let timer = setTimeout(slice, PAUSE_MS);
    function slice(): void {
      const until = performance.now() + SLICE_MS;
      let step = steps.next();
      for (; !step.done; step = steps.next()) {
        if (step.value) matches.push(row);
        row += 1;
        if (performance.now() >= until) break;
      }
      setFound({ rows: [...matches], done: step.done === true, query });
      if (!step.done) timer = setTimeout(slice);
    }
    return () => clearTimeout(timer);
  }, [rows, textsOf, query]);
  // What was found for another query says nothing about this one.
  return found.query === query ? found : query === "" ? NOTHING_WANTED : NOTHING_YET;
}

const NOTHING_WANTED: Found = { rows: [], done: true };
const NOTHING_YET: Found = { rows: [], done: false };
