import { InvalidArgumentError, Option } from "commander";
import { nearest } from "../text/nearest.js";

/** An option whose values are known: the parser refuses others, and shells complete them. */
export class ValuesOption extends Option {
  constructor(
    flags: string,
    description: string,
    readonly values: readonly string[],
  ) {
    super(flags, description);
  }
}

/** How such an option is said to take what it does not know. */
interface Naming {
  /** What a value is, in a word: `outcome`. */
  readonly what: string;
  /** Those that a message names, where all are too many. */
  readonly main?: readonly string[];
}

/** An option that takes one of some values. */
export function oneOf(flags: string, description: string, values: readonly string[], naming: Naming): ValuesOption {
  const option = new ValuesOption(flags, description, values);
  // Help lists them, where they are few.
  if (naming.main === undefined) option.argChoices = [...values];
  return option.argParser((text: string) => known(text, values, naming));
}

/** An option that takes some of them, with commas between; it can be given several times. */
export function someOf(flags: string, description: string, values: readonly string[], naming: Naming): ValuesOption {
  return new ValuesOption(flags, description, values).argParser(
    (text: string, before: readonly string[] = []): readonly string[] => [
      ...new Set([...before, ...text.split(",").map((one) => known(one.trim(), values, naming))]),
    ],
  );
}

/** `a, b or c` */
function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/**
 * The value that a text means, whatever the size of its letters.
 *
 * @throws {InvalidArgumentError} when it is none of them: it names the nearest, and those that there are
 */
function known(text: string, values: readonly string[], { what, main }: Naming): string {
  const value = values.find((one) => one === text.toLowerCase());
  if (value !== undefined) return value;
  const near = nearest(text, values);
  const meant = near === undefined ? "" : `Did you mean ${near}? `;
  throw new InvalidArgumentError(`there is no such ${what}.\n${meant}Give ${listed(main ?? values)}.`);
}
