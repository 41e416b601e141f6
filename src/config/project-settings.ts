import type { AgentSettings } from "../agent/agent-settings.js";
import { settingsSaid } from "../agent/setting-surfaces.js";
import type { DestinationOptions } from "../deliver/destinations/resolve-destinations.js";
import type { Masking } from "../masking/mask.js";
import type { TraceOptions } from "../otel/options.js";
import { maskingOf } from "./masking.js";
import { type ProjectPlace, readProjectConfig } from "./project-config.js";
import { destinationKeys, settingsWith } from "./settings.js";

/** What the project's `looptrace.config.json` and the environment say, as the library takes it. */
export interface ProjectSettings {
  /** How opencode works, for `new OpenCode(…)`. */
  readonly agent: AgentSettings;
  /** What traces say, for a `TraceExporter`. */
  readonly trace: TraceOptions;
  /** Where traces go, for `resolveDestinations`. */
  readonly destinations: DestinationOptions;
  /** What is masked: by the file's patterns too, and the keys of the destinations. */
  readonly masking: Masking;
  /** How many bytes of requests may wait on the disk for each destination; undefined leaves it at the default. */
  readonly outboxLimitBytes: number | undefined;
}

/**
 * Reads the settings that the commands use: of the environment, then of the `looptrace.config.json` in the working
 * directory or above it in its project.
 *
 * @throws {ConfigurationError} when the file cannot be used, or decides what the user has not allowed by
 *   `looptrace trust`; the message says which setting, and how to allow it
 *
 * @example
 * ```ts
 * import { OpenCode, readProjectSettings, resolveDestinations, TraceExporter } from "looptrace";
 *
 * const { agent, destinations, ...settings } = readProjectSettings();
 * const exporter = new TraceExporter({ destinations: resolveDestinations(destinations), ...settings });
 * const { traces } = await new OpenCode({ ...agent, masking: settings.masking }).run("Fix the failing test");
 * await exporter.export(traces);
 * ```
 */
export function readProjectSettings(place: Partial<ProjectPlace> = {}): ProjectSettings {
  const { directory = process.cwd(), environment = process.env, onNote } = place;
  const file = readProjectConfig({ directory, environment, onNote });
  const { trace, destinations, outboxLimitBytes } = settingsWith(file, {}, environment);
  // The variable names an opencode before the file does.
  const opencode = environment.LOOPTRACE_OPENCODE ? undefined : file.opencode;
  return {
    agent: { ...settingsSaid("config", file), opencode },
    trace,
    destinations,
    masking: maskingOf({}, file, environment, destinationKeys(file, environment)),
    outboxLimitBytes,
  };
}
