import { plainText } from "../text/plain-text.js";

/** `Error: …`, `TypeError: …`, `ENOTDIR: …`: what follows on such a line are its details. */
const SAYS_WHY = /^(?:[Ff]atal|FATAL|\w*[Ee]rror|\w*ERROR|E[A-Z]{3,}): \S/;
const MOST_ALONE = 3;

/**
 * The line of opencode's stderr that says why it ended, for people: no class of a failure is told from it.
 *
 * @returns undefined where none can be told from the others, as in a whole usage
 */
export function tellingLine(stderr: string): string | undefined {
  const lines = plainText(stderr)
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const why = lines.find((line) => SAYS_WHY.test(line));
  return why ?? (lines.length <= MOST_ALONE ? lines.at(-1) : undefined);
}
