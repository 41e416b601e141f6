import { resolve } from "node:path";
import type { ConfigFile } from "../config/config-file.js";
import type { Risk } from "../config/config-risks.js";
import { type MaskFlags, maskingOf } from "../config/masking.js";
import { type ProjectPlace, readProjectConfig } from "../config/project-config.js";
import { destinationKeys, type Settings, settingsWith, type TraceFlags } from "../config/settings.js";
import { userPricesOf } from "../config/user-prices.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { resolveDestinations } from "../deliver/destinations/resolve-destinations.js";
import { TraceExporter } from "../export/trace-exporter.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import { storeProblem } from "../files/trusted-store.js";
import type { Masking } from "../masking/mask.js";
import type { UserPrices } from "../opencode/model.js";
import type { TraceOptions } from "../otel/options.js";
import { oneLine } from "../text/terminal-text.js";
import type { Terminal } from "./terminal.js";

export interface ContextOptions {
  /** What of the file's risks the command takes; default all. */
  readonly uses?: readonly Risk[];
  /** What is masked beside the destinations' own keys. */
  readonly secrets?: readonly string[];
}

/**
 * What flags, environment and configuration say, for one command. Each part is read when it is asked for, once: a
 * command that has no use for a part does not fail over it, and one that has asks before a model costs anything.
 */
export class CommandContext {
  readonly #flags: TraceFlags & MaskFlags;
  readonly #terminal: Terminal;
  readonly #options: ContextOptions;
  #file: ConfigFile | undefined;
  #settings: Settings | undefined;
  #destinations: readonly Destination[] | undefined;
  #paths: StorePaths | undefined;
  #masking: Masking | undefined;

  constructor(flags: TraceFlags & MaskFlags, terminal: Terminal, options: ContextOptions = {}) {
    this.#flags = flags;
    this.#terminal = terminal;
    this.#options = options;
  }

  /** @throws {ConfigurationError} when the project's file cannot be used, or is not allowed yet */
  get file(): ConfigFile {
    this.#file ??= readProjectConfig(placeOf(this.#terminal), this.#options.uses);
    return this.#file;
  }

  get environment(): Terminal["env"] {
    return this.#terminal.env;
  }

  /** @throws {ConfigurationError} when a setting of the trace cannot be used */
  get settings(): Settings {
    this.#settings ??= settingsWith(this.file, this.#flags, this.#terminal.env);
    return this.#settings;
  }

  /** @throws {ConfigurationError} when the settings make no destination that could be sent to */
  get destinations(): readonly Destination[] {
    this.#destinations ??= resolveDestinations(this.settings.destinations);
    return this.#destinations;
  }

  /**
   * Those that can be read from: what switches sending off says nothing of reading.
   *
   * @throws {ConfigurationError} when the settings make no destination that could be asked
   */
  get readable(): readonly Destination[] {
    return resolveDestinations({ ...this.settings.destinations, reading: true });
  }

  /**
   * Where looptrace keeps its files, if no other user can have put some there: what waits in an outbox is sent with the
   * user's keys, and what is kept is shown as what happened.
   *
   * @throws {ConfigurationError} when one of its folders belongs to another user, can be written to by every user, or
   *   is a link
   */
  get paths(): StorePaths {
    const { env } = this.#terminal;
    const paths = this.#paths ?? storePaths(env);
    const problem = this.#paths ? undefined : storeProblem(paths.root, env);
    if (problem !== undefined) throw problem;
    this.#paths = paths;
    return paths;
  }

  /** @throws {ConfigurationError} when a pattern is none */
  get masking(): Masking {
    const { env } = this.#terminal;
    const { secrets = [] } = this.#options;
    this.#masking ??= maskingOf(this.#flags, this.file, env, [...destinationKeys(this.file, env), ...secrets]);
    return this.#masking;
  }

  /** What models cost by the user's own word. */
  get prices(): UserPrices {
    return userPricesOf(this.file);
  }

  /** Sends traces. @param trace what they say; default what the settings say */
  exporter(trace: TraceOptions = this.settings.trace): TraceExporter {
    const { destinations, paths, masking, settings } = this;
    return new TraceExporter({ destinations, trace, paths, masking, outboxLimitBytes: settings.outboxLimitBytes });
  }

  /** The opencode that was named by a flag or the file; undefined leaves it to the search. */
  openCodePath(flag: string | undefined): string | undefined {
    return openCodePath(flag, this.file, this.#terminal);
  }
}

/** The same with a file that is read already. The search begins with `LOOPTRACE_OPENCODE`. */
export function openCodePath(
  flag: string | undefined,
  { opencode }: ConfigFile,
  { cwd, env }: Terminal,
): string | undefined {
  if (flag !== undefined) return resolve(cwd, flag);
  return env.LOOPTRACE_OPENCODE ? undefined : opencode;
}

/** Where a command looks for the project's configuration, and says what it leaves out. */
export function placeOf({ cwd, env, err }: Pick<Terminal, "cwd" | "env" | "err">): ProjectPlace {
  return { directory: cwd, environment: env, onNote: (note) => err(`looptrace: ${oneLine(note)}\n`) };
}
