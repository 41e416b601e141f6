import type { Command } from "commander";
import { nearest } from "../text/nearest.js";
import type { Terminal } from "./terminal.js";

/**
 * The message of `looptrace run`: its words with spaces between, or all of standard input for `-`.
 *
 * A word that begins with a hyphen and holds white space can only be meant as message; one without looks like
 * a misspelt option and is refused.
 */
export async function messageOf(words: readonly string[], command: Command, terminal: Terminal): Promise<string> {
  const option = words.find((word) => /^-\S+$/.test(word));
  if (option !== undefined) {
    const [name = ""] = option.split("=");
    const named = command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
    const meant = named.find((one) => one === ELSEWHERE.get(name)) ?? nearest(name, named);
    command.error(
      `error: ${option}: there is no such option.\n${meant === undefined ? "" : `Did you mean ${meant}? `}For a message that begins with a hyphen pipe it in: echo '-x …' | looptrace run -`,
    );
  }
  if (words.length === 0) {
    command.error(
      'error: no message.\nSay what to do: looptrace run "Fix the failing test", or pipe it in: looptrace run -',
    );
  }
  return words.length === 1 && words[0] === "-" ? terminal.readStdin() : words.map(unmarked).join(" ");
}

/** What other commands call what this one calls differently. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([["--last", "--continue"]]);

/** A message's word that Commander would take for an option with its value. */
const LIKE_AN_OPTION = /^-[A-Za-z]\s/;

/**
 * Commander takes `-m is ignored` for the option `-m` with the value ` is ignored`. A space before it keeps
 * the word a part of the message, unless an option before it waits for a value; `messageOf` takes the space
 * away again.
 *
 * @param argv the command's name and what follows
 */
export function markMessage(argv: readonly string[], program: Command): string[] {
  const options = program.commands.find((command) => command.name() === argv[0])?.options ?? [];
  return argv.map((word, index) => {
    const before = argv[index - 1];
    const isValue =
      before !== undefined && options.some(({ required, short, long }) => required && [short, long].includes(before));
    return !isValue && LIKE_AN_OPTION.test(word) ? ` ${word}` : word;
  });
}

function unmarked(word: string): string {
  return LIKE_AN_OPTION.test(word.slice(1)) && word.startsWith(" ") ? word.slice(1) : word;
}
