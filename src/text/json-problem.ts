const UNEXPECTED = "Unexpected token";

/**
 * Why a text is no JSON, and where. Unlike the engine's own message, which quotes what stands around the place, it
 * holds nothing of the text but the one character that is wrong: there may be a key beside it.
 *
 * @param error what `JSON.parse` threw for the text
 * @param where how the place is told; both count from 1
 */
export function jsonProblem(
  text: string,
  error: unknown,
  where: (line: number, column: number) => string = (line, column) => `line ${line}, column ${column}`,
): string {
  const place = (at: number): string => {
    const lines = text.slice(0, at).split("\n");
    return ` in ${where(lines.length, (lines.at(-1)?.length ?? 0) + 1)}`;
  };
  const message = error instanceof Error ? error.message : "";
  if (message.startsWith(UNEXPECTED)) {
    const at = unexpectedAt(text);
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0xfffd);
    return `unexpected ${JSON.stringify(character)}${place(at)}`;
  }
  const known = /^([^"]+?)(?: in JSON| after JSON)? at position (\d+)/.exec(message);
  if (known?.[1]) return `${known[1]}${place(Number(known[2]))}`;
  return "it ends too early";
}

/**
 * The engine does not say where an unexpected token stands. What is before it is the beginning of some JSON, and each
 * part that includes it is not, so the place can be searched by halves.
 */
function unexpectedAt(text: string): number {
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (hasUnexpected(text.slice(0, middle + 1))) high = middle;
    else low = middle + 1;
  }
  return low;
}

function hasUnexpected(start: string): boolean {
  try {
    JSON.parse(start);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.startsWith(UNEXPECTED);
  }
}
