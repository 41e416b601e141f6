import { constants } from "node:os";
import { plainText } from "../text/plain-text.js";

/** `Error: …`, `TypeError [ERR_X]: …`: what follows on such a line are its details. */
const SAYS_WHY = /^(?:[Ff]atal|FATAL|error|ERROR|[A-Za-z]*Error)(?: \[\w+\])?: \S/;

/** `ENOTDIR: …`, and no other word in capitals. */
const ERRNO = /^(E[A-Z\d]+): \S/;
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
  const why = lines.find((line) => SAYS_WHY.test(line) || (ERRNO.exec(line)?.[1] ?? "") in constants.errno);
  return why ?? (lines.length <= MOST_ALONE ? lines.at(-1) : undefined);
}
