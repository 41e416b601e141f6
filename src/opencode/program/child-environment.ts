/** Inherited by everything that opencode starts, so that what a killed run leaves behind can be told from all else. */
export const RUN_ID_VARIABLE = "LOOPTRACE_RUN_ID";

/** What keeps opencode from the project's configuration; the second is what opencode 2 calls it. */
const NO_PROJECT_CONFIG = ["OPENCODE_DISABLE_PROJECT_CONFIG", "OPENCODE_CONFIG_PROJECT_DISABLE"] as const;

export interface ChildEnvironmentOptions {
  readonly runId: string;
  /** Where opencode's Bun unpacks its libraries: it leaves one of 5.5 MB at each start, for ever. */
  readonly temporary: string;
  /** The directory that opencode works in; it believes `PWD` more than its real working directory. */
  readonly directory?: string;
  /** JSON for OPENCODE_CONFIG_CONTENT, with what the caller's environment had there already merged in. */
  readonly configContent?: string | null;
  /** Whether opencode reads the project's own opencode.json; left as the environment has it when not given. */
  readonly projectConfig?: boolean;
  /** For commands that need no model: fetch nothing from the network. */
  readonly quiet?: boolean;
  /** What puts looptrace's tap into it (see `wireRecording`). */
  readonly wire?: Readonly<Record<string, string>>;
}

/**
 * The environment for opencode: the caller's (keys of providers, opencode's own settings) with what looptrace adds.
 *
 * `OTEL_EXPORTER_OTLP_*` is taken out: with it opencode sends about a thousand spans of its own insides for each run to
 * the same collector. Self-updates are off unless the caller's environment says something else, because a program that
 * is replaced while it runs cannot be exported from.
 */
export function childEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  options: ChildEnvironmentOptions,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !name.startsWith("OTEL_EXPORTER_OTLP_")) environment[name] = value;
  }
  Object.assign(environment, options.wire);
  environment.OPENCODE_DISABLE_AUTOUPDATE ??= "1";
  if (options.quiet) environment.OPENCODE_DISABLE_MODELS_FETCH = "1";
  for (const name of NO_PROJECT_CONFIG) {
    if (options.projectConfig === true) delete environment[name];
    if (options.projectConfig === false) environment[name] = "1";
  }
  if (options.configContent) environment.OPENCODE_CONFIG_CONTENT = options.configContent;
  if (options.directory !== undefined) environment.PWD = options.directory;
  // TMPDIR stays the caller's: opencode names it in the description of its tool bash, which stands first in every
  // prompt. One of the run's own would break the provider's cache from run to run.
  return { ...environment, ...runMark(base, options.runId), BUN_TMPDIR: options.temporary };
}

/**
 * The variable that marks what is started for a run. It holds a list, because an agent may itself run looptrace: the
 * outer run must still recognise the inner one's processes.
 */
export function runMark(
  { [RUN_ID_VARIABLE]: outer }: Readonly<Record<string, string | undefined>>,
  runId: string,
): Readonly<Record<string, string>> {
  return { [RUN_ID_VARIABLE]: outer ? `${outer},${runId}` : runId };
}
