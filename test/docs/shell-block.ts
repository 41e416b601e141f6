import { type ParseEntry, parse } from "shell-quote";

/** One command of a block of shell. */
export interface ShellCommand {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** Variables that are set for this command alone. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its output goes. */
  readonly output: { readonly path: string; readonly append: boolean } | undefined;
  /** What stands behind it: `&&`, `|` and the like; a new line is `;`. */
  readonly joint: string;
}

/**
 * Reads what documentation shows of shell: words, quotes, variables, comments, redirections and what joins commands.
 * Not what it does not show: here-documents, loops, substitutions.
 *
 * @param env the values of variables
 */
export function shellCommands(text: string, env: Readonly<Record<string, string>> = {}): readonly ShellCommand[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .flatMap((line) => commandsIn(parse(line, env)));
}

const JOINS: ReadonlySet<string> = new Set(["&&", "||", ";", "|", "&"]);

function commandsIn(entries: readonly ParseEntry[]): readonly ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let output: ShellCommand["output"];
  let redirects: ">" | ">>" | undefined;
  const end = (joint: string): void => {
    const first = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    const settings = first < 0 ? words : words.slice(0, first);
    const env = Object.fromEntries(settings.map((word) => cut(word)));
    if (first >= 0) commands.push({ words: words.slice(first), env, output, joint });
    [words, output] = [[], undefined];
  };
  for (const entry of entries) {
    if (typeof entry === "string") {
      if (redirects === undefined) words.push(entry);
      else output = { path: entry, append: redirects === ">>" };
      redirects = undefined;
    } else if ("comment" in entry) {
      break;
    } else if (entry.op === "glob") {
      words.push(entry.pattern);
    } else if (JOINS.has(entry.op)) {
      end(entry.op);
    } else if (entry.op === ">" || entry.op === ">>") {
      redirects = entry.op;
    } else {
      throw new Error(`the documentation's shell has no "${entry.op}"`);
    }
  }
  end(";");
  return commands;
}

/** `NAME=value` in two. */
export function cut(word: string): readonly [string, string] {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}
