import { nearest } from "../text/nearest.js";

/** What commander finds wrong, in the shape of all errors: where and what, then what to do on a line of its own. */

/** What the parser knows of the commands. */
export interface KnownCommands {
  /** The commands below another one that have a name: `server stop` for `stop`. */
  readonly called: (name: string) => readonly string[];
  /** The names of those below a command, and what it was called with. */
  readonly below: (command: string) => { readonly names: readonly string[]; readonly said: readonly string[] };
}

const NONE: KnownCommands = { called: () => [], below: () => ({ names: [], said: [] }) };

/** @param text as commander writes it, `error: …` */
export function parserWords(text: string, commands: KnownCommands = NONE): string {
  for (const [form, say] of FORMS) {
    const match = form.exec(text);
    if (match) return `looptrace: ${say(match.groups ?? {}, commands)}\n`;
  }
  return text.replace(/^error: /, "looptrace: ");
}

type Parts = Readonly<Record<string, string>>;

type Say = (parts: Parts, commands: KnownCommands) => string;

const FORMS: readonly (readonly [form: RegExp, say: Say])[] = [
  [
    /^error: option '(?<flags>[^']*)' argument '(?<value>.*)' is invalid\. (?<why>.*)\n$/s,
    ({ flags = "", value = "", why = "" }) => `${named(flags)} ${quoted(value)}: ${why}`,
  ],
  [
    /^error: option '(?<flags>[^']*)' argument missing\n$/,
    ({ flags = "" }) => `${named(flags)}: its value is missing.\nSay ${flags.replace(/^-\w, /, "")}.`,
  ],
  [
    /^error: required option '(?<flags>[^']*)' not specified\n$/,
    ({ flags = "" }) => `${named(flags)} is missing.\nSay ${flags.replace(/^-\w, /, "")}.`,
  ],
  [
    /^error: unknown option '(?<word>.*?)'(?:\n\(Did you mean (?<near>.*)\?\))?\n$/s,
    ({ word = "", near }) => `${word}: there is no such option.${meant(near)}`,
  ],
  [
    /^error: unknown command '(?<word>.*?)'(?:\n\(Did you mean (?<near>.*)\?\))?\n$/s,
    // A whole name is meant more likely than one that resembles another.
    ({ word = "", near }, { called }) =>
      `${quoted(word)}: there is no such command.${meant(called(word).join(" or ") || near)}`,
  ],
  [
    /^error: command-argument value '(?<value>.*)' is invalid for argument '(?<name>.*)'\. Allowed choices are (?<all>.*)\.\n$/s,
    ({ value = "", name = "", all = "" }) =>
      `${quoted(value)}: there is no such ${name} here.\nSay ${all.replace(/, (?=[^,]*$)/, " or ")}.`,
  ],
  [/^error: missing required argument '(?<name>.*)'\n$/, ({ name = "" }) => `<${name}> is missing.`],
  [
    /^error: too many arguments(?: for '(?<command>.*)')?\. Expected (?<most>\d+) arguments? but got (?<got>\d+)(?:: (?<all>.*))?\.\n$/s,
    ({ command = "", most = "", got = "" }, { below }) =>
      (most === "0" ? noneBelow(command, below(command)) : undefined) ??
      `${command}: it takes ${most === "0" ? "no argument" : `${most} at most`}, and here ${got === "1" ? "is" : "are"} ${got}.\nPut what belongs together in quotes; an option may lack its --.`,
  ],
];

/** Of a command that has others and takes no argument itself, a word behind it was to be one of those. */
function noneBelow(command: string, { names, said }: ReturnType<KnownCommands["below"]>): string | undefined {
  const [word] = said;
  if (names.length === 0 || word === undefined) return undefined;
  const all = [command, ...names.map((name) => `${command} ${name}`)].map((one) => `looptrace ${one}`);
  const near = nearest(word, names);
  const hint = near === undefined ? `\nSay ${all.join(" or ")}.` : meant(near);
  return `${command} ${quoted(word)}: there is no such command.${hint}`;
}

function meant(near: string | undefined): string {
  return near === undefined ? "" : `\nDid you mean ${near}?`;
}

/** `--slow` of `-s, --slow <duration>`. */
function named(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}

/** An empty value would not be seen, and what a terminal obeys is spelt out. */
function quoted(value: string): string {
  return value.trim() === "" || /[\s\p{Cc}]/u.test(value) ? JSON.stringify(value) : value;
}
