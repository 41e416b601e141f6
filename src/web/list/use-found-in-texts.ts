import { useEffect, useState } from "preact/hooks";
import { type Filters, type FoundInTexts, wordsOf } from "./filters.js";

/** As long as one goes on typing, nothing is asked, ms. */
const PAUSE_MS = 200;
const NOTHING: FoundInTexts = new Map();

/**
 * In which sessions' texts the words occur that are looked for, as the server's index has it: prompts, answers,
 * thinking, what tools were given and gave. Asked anew when sessions have changed.
 */
export function useFoundInTexts(filters: Filters, sessions: unknown): FoundInTexts {
  const [found, setFound] = useState(NOTHING);
  const words = wordsOf(filters).join(" ");
  useEffect(() => {
    if (words === "") return setFound(NOTHING);
    const ending = new AbortController();
    const timer = setTimeout(() => {
      // What cannot be asked was not found: the page says by itself when the server has ended.
      askFor(words.split(" "), ending.signal).then(setFound, () => undefined);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [words, sessions]);
  return found;
}

async function askFor(words: readonly string[], signal: AbortSignal): Promise<FoundInTexts> {
  const query = new URLSearchParams(words.map((word) => ["text", word]));
  const response = await fetch(`search?${query}`, { signal });
  if (!response.ok) throw new Error(await response.text());
  // The page and the server are one program.
  const { found }: { readonly found: readonly (readonly string[] | null)[] } = await response.json();
  return new Map(words.map((word, index) => [word, new Set(found[index])]));
}
