/** Shorter pieces are copied by the engine itself. */
const SHORTEST_SHARED = 13;

/**
 * The same text as a copy of its own: a piece cut from a text keeps all of that in memory for as long as it lives, and a
 * request's body has megabytes.
 */
export function ownText(text: string): string {
  return text.length < SHORTEST_SHARED ? text : String(JSON.parse(JSON.stringify(text)));
}
