import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";

/**
 * The message of `looptrace run`: its words with spaces between, or all of standard input for `-`.
 *
 * A word that begins with a hyphen and holds white space can only be meant as message; one without looks like a
 * misspelt option and is refused.
 */
export async function messageOf(words: readonly string[], command: Command): Promise<string> {
  const option = words.find((word) => /^-\S+$/.test(word));
  if (option !== undefined) {
    command.error(
      `error: unknown option '${option}'. For a message that begins with a hyphen pipe it in: echo '-x …' | looptrace run -`,
    );
  }
  if (words.length === 0) {
    command.error(
      'error: no message. Say what to do: looptrace run "Fix the failing test", or pipe it in: looptrace run -',
    );
  }
  return words.length === 1 && words[0] === "-" ? readAll(process.stdin) : words.join(" ");
}
