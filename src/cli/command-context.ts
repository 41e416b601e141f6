import type { Destination } from "../deliver/destinations/destination.js";
import { resolveDestinations } from "../deliver/destinations/resolve-destinations.js";
import { TraceExporter } from "../export/trace-exporter.js";
import type { StorePaths } from "../files/store-paths.js";
import type { Masking } from "../masking/mask.js";
import type { TraceOptions } from "../otel/options.js";
import { type MaskFlags, maskingOf } from "./masking.js";
import { ownStore } from "./own-store.js";
import { readSettings, type Settings, type TraceFlags } from "./settings.js";
import type { Terminal } from "./terminal.js";

/** What a command that sends traces works with. */
export interface CommandContext {
  readonly settings: Settings;
  readonly destinations: readonly Destination[];
  readonly paths: StorePaths;
  readonly masking: Masking;
  /** Sends traces. @param trace what they say; default what the settings say */
  readonly exporter: (trace?: TraceOptions) => TraceExporter;
}

/**
 * Reads what flags, environment and configuration say of a command that sends traces.
 *
 * @param secrets what is masked beside the destinations' own keys
 * @throws {ConfigurationError} when a setting cannot be used, or looptrace's folder is not this user's alone
 */
export function commandContext(
  flags: TraceFlags & MaskFlags,
  terminal: Terminal,
  secrets: readonly string[] = [],
): CommandContext {
  const settings = readSettings(flags, terminal);
  const destinations = resolveDestinations(settings.destinations);
  const paths = ownStore(terminal);
  const keys = destinations.flatMap((destination) => destination.secrets);
  const masking = maskingOf(flags, settings.file, terminal, [...keys, ...secrets]);
  const { outboxLimitBytes } = settings;
  const exporter = (trace: TraceOptions = settings.trace): TraceExporter =>
    new TraceExporter({ destinations, trace, paths, masking, outboxLimitBytes });
  return { settings, destinations, paths, masking, exporter };
}
