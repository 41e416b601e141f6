import type { z } from "zod";
import type { AgentSettings } from "./agent-settings.js";
import type { AgentCommand, FlagValues, Setting, SettingValues } from "./setting.js";
import { AGENT_SETTINGS } from "./settings.js";

type Table = typeof AGENT_SETTINGS;

/** A setting's name in the library. */
export type SettingName = keyof Table;
type KindOf<K extends SettingName> = Table[K]["kind"];
type NamesOfKind<Kind> = { [K in SettingName]: KindOf<K> extends Kind ? K : never }[SettingName];

/** The settings in their order. */
export const SETTINGS: readonly (readonly [name: SettingName, setting: Setting])[] = Object.keys(AGENT_SETTINGS)
  .filter(isSettingName)
  .map((name) => [name, AGENT_SETTINGS[name]]);

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(AGENT_SETTINGS, name);
}

type FlagsOf<K extends SettingName> = Table[K]["flags"];
type TakenBy<K extends SettingName, Flag> = Flag extends { readonly takes: infer T extends keyof FlagValues }
  ? FlagValues[T]
  : SettingValues[KindOf<K>];
type IsOn<Flag, C extends AgentCommand> = Flag extends { readonly help: string }
  ? C extends "worker"
    ? false
    : true
  : Flag extends { readonly help: { readonly [P in C]: string } }
    ? true
    : false;
type FlagsOn<K extends SettingName, C extends AgentCommand> = {
  readonly [F in keyof FlagsOf<K> as IsOn<FlagsOf<K>[F], C> extends true ? F : never]?: TakenBy<K, FlagsOf<K>[F]>;
};
type Together<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer All) => void ? All : never;

/** The flags that a command has for the settings, as its parser hands them over. */
export type AgentFlags<C extends AgentCommand> = Together<{ [K in SettingName]: FlagsOn<K, C> }[SettingName]>;
/** Those of all commands. */
export type AnyAgentFlags = AgentFlags<"run"> & AgentFlags<"batch"> & AgentFlags<"worker">;

/** A flag as one command has it. */
export interface CommandFlag {
  readonly name: string;
  readonly flag: string;
  readonly takes: Setting["kind"];
  readonly from: number;
  readonly help: string;
}

/** The flags that a setting has on a command, in their order. */
export function flagsOn(command: AgentCommand, setting: Setting): readonly CommandFlag[] {
  return Object.entries(setting.flags).flatMap(([name, { flag, takes, from, help: texts }]) => {
    const help = typeof texts === "object" ? texts[command] : command === "worker" ? undefined : texts;
    if (help === undefined) return [];
    return [{ name, flag, takes: takes ?? setting.kind, from: from ?? setting.from ?? 0, help }];
  });
}

/** Where settings stand as fields, under names of their own. */
type Surface = "config" | "task";
type NamedOn<S extends Surface> = {
  [K in SettingName]: Table[K] extends { readonly [P in S]: string } ? K : never;
}[SettingName];
type NameOn<S extends Surface, K extends SettingName> = Table[K] extends {
  readonly [P in S]: infer N extends string;
}
  ? N
  : never;

/** How a surface reads each kind of value that settings have there. */
export type Readers<S extends Surface> = {
  readonly [Kind in KindOf<NamedOn<S>>]: (setting: Setting) => z.ZodType;
};
/** The fields of a surface, as a schema of zod's takes them. */
export type FieldsOn<S extends Surface, R extends Readers<S>> = {
  readonly [K in NamedOn<S> as NameOn<S, K>]: R[KindOf<K> & keyof R] extends (setting: Setting) => infer Schema
    ? Schema
    : never;
};

/** The fields of a surface in the table's order, each with the schema that reads its kind. */
export function fieldsOn<S extends Surface, R extends Readers<S>>(surface: S, readers: R): FieldsOn<S, R>;
export function fieldsOn(
  surface: Surface,
  readers: Readonly<Record<string, (setting: Setting) => z.ZodType>>,
): Readonly<Record<string, z.ZodType>> {
  return Object.fromEntries(
    SETTINGS.flatMap(([, setting]) => {
      const name = setting[surface];
      const read = readers[setting.kind];
      return name === undefined || read === undefined ? [] : [[name, read(setting)]];
    }),
  );
}

/** What the fields of a surface say. */
export type SaidOn<S extends Surface> = {
  readonly [K in NamedOn<S> as NameOn<S, K>]?: AgentSettings[K];
};

/** What the fields of a surface say, under the library's names. */
export function settingsSaid<S extends Surface>(surface: S, said: SaidOn<S>): Pick<AgentSettings, NamedOn<S>>;
export function settingsSaid(surface: Surface, said: object): object {
  const values = new Map<string, unknown>(Object.entries(said));
  return Object.fromEntries(
    SETTINGS.flatMap(([name, setting]) => {
      const field = setting[surface];
      return field === undefined ? [] : [[name, values.get(field)]];
    }),
  );
}

/** The same the other way: settings under a surface's names, those that have none there left out. */
export function fieldsFor(surface: Surface, settings: AgentSettings): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    SETTINGS.flatMap(([name, setting]) => {
      const field = setting[surface];
      return field === undefined ? [] : [[field, settings[name]]];
    }),
  );
}

/** What is typed as something else than it means: a path, a file's name, a list of pairs. */
const TRANSLATED = ["folder", "paths", "prose", "mcp", "schema", "permissions", "program"] as const;
type Translated = (typeof TRANSLATED)[number];
/** Settings whose flags have to be translated. */
export type TranslatedName = NamesOfKind<Translated>;
/** Settings whose flags give what the library takes. */
export type PlainName = Exclude<SettingName, TranslatedName>;

/**
 * What the flags of a command say, and where none was typed the configuration, of the settings that need no
 * translation.
 */
export function plainSettings(
  command: AgentCommand,
  flags: AnyAgentFlags,
  file: SaidOn<"config">,
): Pick<AgentSettings, PlainName>;
export function plainSettings(command: AgentCommand, flags: object, file: object): object {
  const typed = new Map<string, unknown>(Object.entries(flags));
  const kept = new Map<string, unknown>(Object.entries(file));
  const translated: readonly string[] = TRANSLATED;
  return Object.fromEntries(
    SETTINGS.filter(([, { kind }]) => !translated.includes(kind)).map(([name, setting]) => {
      const given = flagsOn(command, setting).map((flag) => saidBy(flag, typed));
      const last = given.findLast((value) => value !== undefined);
      return [name, last ?? (setting.config === undefined ? undefined : kept.get(setting.config))];
    }),
  );
}

/** The parser says `true` of a `--no-…` that was not typed. */
function saidBy({ name, flag }: CommandFlag, typed: ReadonlyMap<string, unknown>): unknown {
  const value = typed.get(name);
  return flag.startsWith("--no-") && value === true ? undefined : value;
}
