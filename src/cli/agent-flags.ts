import { type Command, Option } from "commander";
import type { AgentCommand, FlagValues } from "../agent/setting.js";
import { type CommandFlag, flagsOn, SETTINGS, type SettingName } from "../agent/setting-surfaces.js";
import { parseDuration, parseDurationOrNone } from "./parse-duration.js";
import { parseAmount, parseCount, parseCountFrom } from "./parse-number.js";
import { collect, parseText } from "./shared-options.js";

/** How a flag's value is read, by its kind. */
const READERS: { readonly [Kind in keyof FlagValues]: (option: Option, from: number) => Option } = {
  text: (option) => option.argParser(parseText),
  texts: (option) => option.argParser(collect),
  switch: (option) => option,
  count: (option, from) => option.argParser(from > 0 ? parseCountFrom(from) : parseCount),
  usd: (option) => option.argParser(parseAmount),
  ms: (option) => option.argParser(parseDuration),
  warmth: (option) => option.argParser(parseDurationOrNone),
  driver: (option) => option.choices(["auto", "server", "cli"]),
};

/**
 * Gives a command its flags for how opencode works, in the table's order.
 *
 * @param only those of these settings; by default all that the command does not have yet
 */
export function withAgentFlags(
  command: Command,
  as: AgentCommand,
  only: readonly SettingName[] = SETTINGS.map(([name]) => name),
): Command {
  for (const [name, setting] of SETTINGS) {
    if (!only.includes(name)) continue;
    for (const flag of flagsOn(as, setting)) {
      const option = optionOf(flag);
      if (!command.options.some(({ long }) => long === option.long)) command.addOption(option);
    }
  }
  return command;
}

function optionOf({ flag, takes, from, help }: CommandFlag): Option {
  const option = new Option(flag, help);
  if (!isFlagKind(takes)) throw new Error(`${flag} needs to say what it takes: no flag gives a ${takes}`);
  return READERS[takes](option, from);
}

function isFlagKind(kind: string): kind is keyof FlagValues {
  return Object.hasOwn(READERS, kind);
}
