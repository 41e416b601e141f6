import type { Driver, PermissionPolicy } from "../opencode/drive.js";
import type { McpServer } from "../opencode/program.js";
import type { OutputSchema } from "./output-schema.js";

/**
 * What a setting holds, by its kind, as the library takes it. Each surface reads each kind in a way of its
 * own.
 */
export interface SettingValues {
  readonly text: string;
  /** A text that is kept as it is, blanks at its ends too. */
  readonly prose: string;
  readonly texts: readonly string[];
  readonly switch: boolean;
  /** A whole number, `from` or more. */
  readonly count: number;
  /** An amount above 0. */
  readonly usd: number;
  /** A duration. Written down it has a unit: `10m`. */
  readonly ms: number;
  /** A duration, or 0 for none. */
  readonly warmth: number;
  /** How often something may happen, `from` or more; `true` is the usual number. */
  readonly threshold: boolean | number;
  readonly program: string;
  readonly folder: string;
  readonly paths: readonly string[];
  readonly driver: Driver;
  readonly permissions: PermissionPolicy;
  readonly schema: OutputSchema;
  readonly mcp: readonly McpServer[];
}

/** Commands that have flags for these settings. */
export type AgentCommand = "run" | "batch" | "worker";

/** What a flag on the command line gives, by the kind of its value. */
export type FlagValues = Pick<
  SettingValues,
  "text" | "texts" | "switch" | "count" | "usd" | "ms" | "warmth" | "driver"
>;

/** A flag of a setting; its key in the table is the name by which the parser hands its value over. */
export interface SettingFlag {
  /** With its short form and its argument, as the help shows it. */
  readonly flag: string;
  /** The kind of its value; the setting's own by default. */
  readonly takes?: keyof FlagValues;
  /** The least that a count may be; the setting's own by default. */
  readonly from?: number;
  /**
   * What the help says of it: of `run` and `batch` alike, or by command. A command without a text has no such
   * flag.
   */
  readonly help: string | { readonly [C in AgentCommand]?: string };
}

/** A setting and what it is called where; its key in the table is the library's option. */
export interface Setting {
  readonly kind: keyof SettingValues;
  readonly from?: number;
  /** The field of `looptrace.config.json`, if it may stand there. */
  readonly config?: string;
  /** The field of a task, if it may differ from task to task. */
  readonly task?: string;
  /** Of several that are given the later one counts. */
  readonly flags: Readonly<Record<string, SettingFlag>>;
}

type KindOf<Value> = {
  [Kind in keyof SettingValues]: [SettingValues[Kind], Value] extends [Value, SettingValues[Kind]] ? Kind : never;
}[keyof SettingValues];

/** A setting whose kind is one that holds such values. */
export type SettingOf<Value> = Setting & { readonly kind: KindOf<Value> };
