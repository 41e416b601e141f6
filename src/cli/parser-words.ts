/** What commander finds wrong, in the shape of all errors: where and what, then what to do on a line of its own. */

/**
 * @param text as commander writes it, `error: …`
 * @param commandsCalled the commands below another one that have a name: `server stop` for `stop`
 */
export function parserWords(text: string, commandsCalled: (name: string) => readonly string[] = () => []): string {
  for (const [form, say] of FORMS) {
    const match = form.exec(text);
    if (match) return `looptrace: ${say(match.groups ?? {}, commandsCalled)}\n`;
  }
  return text.replace(/^error: /, "looptrace: ");
}

type Parts = Readonly<Record<string, string>>;

type Say = (parts: Parts, commandsCalled: (name: string) => readonly string[]) => string;

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
    ({ word = "", near }, commandsCalled) =>
      `${word}: there is no such command.${meant(commandsCalled(word).join(" or ") || near)}`,
  ],
  [
    /^error: command-argument value '(?<value>.*)' is invalid for argument '(?<name>.*)'\. Allowed choices are (?<all>.*)\.\n$/s,
    ({ value = "", name = "", all = "" }) =>
      `${quoted(value)}: there is no such ${name} here.\nSay ${all.replace(/, (?=[^,]*$)/, " or ")}.`,
  ],
  [/^error: missing required argument '(?<name>.*)'\n$/, ({ name = "" }) => `<${name}> is missing.`],
  [
    /^error: too many arguments(?: for '(?<command>.*)')?\. Expected (?<most>\d+) arguments? but got (?<got>\d+)(?:: (?<all>.*))?\.\n$/s,
    ({ command = "", most = "", got = "" }) =>
      `${command}: it takes ${most === "0" ? "no argument" : `${most} at most`}, and here ${got === "1" ? "is" : "are"} ${got}.\nPut what belongs together in quotes; an option may lack its --.`,
  ],
];

function meant(near: string | undefined): string {
  return near === undefined ? "" : `\nDid you mean ${near}?`;
}

/** `--slow` of `-s, --slow <duration>`. */
function named(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}

/** An empty value would not be seen. */
function quoted(value: string): string {
  return value.trim() === "" || /\s/.test(value) ? JSON.stringify(value) : value;
}
