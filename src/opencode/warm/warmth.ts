import { isAbsolute } from "node:path";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { durationMs, durationProblem, isNone } from "../../text/duration-ms.js";
import { RUN_ID_VARIABLE } from "../program/child-environment.js";
import { ownMark, sessionLeader } from "./process-start.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Says for how long a server stays; `0` for none. */
export const WARM_VARIABLE = "LOOPTRACE_WARM";

/** How long a server stays without use where nothing else is said, ms. */
export const DEFAULT_WARM_MS = 10 * 60_000;

/** What another program says of the one run that it starts: a server that has it is of no use for another run. */
const OF_ONE_RUN = [RUN_ID_VARIABLE, "TRACEPARENT", "TRACESTATE", "BAGGAGE"];

/** Paths that mean another file in each directory. */
const PATHS = ["OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR", "OPENCODE_DB", "OPENCODE_MODELS_PATH"];

/** How long a server stays after a run, and why none does. */
export interface Warmth {
  /** 0 for none. */
  readonly ms: number;
  /** In words; undefined where one stays. */
  readonly whyNone: string | undefined;
}

/** How long a server stays after a run, ms, see `warmth`. @throws {ConfigurationError} as that does */
export function warmthOf(said: number | undefined, environment: Environment): number {
  return warmth(said, environment).ms;
}

/**
 * How long a server stays after a run; where none does, none is looked for either.
 *
 * None stays for a run that runs in another run, or that is one step of a trace: its environment is that of no other.
 * Nor where there is no `sh` to keep it (Windows), or where the terminal's session ends with looptrace itself.
 *
 * @param said by the caller; without it the environment decides: `LOOPTRACE_WARM`, else none where `CI` is set
 * @throws {ConfigurationError} when `LOOPTRACE_WARM` is no duration
 */
export function warmth(said: number | undefined, environment: Environment): Warmth {
  const none = (whyNone: string): Warmth => ({ ms: 0, whyNone });
  const wanted = said ?? warmthInEnvironment(environment) ?? DEFAULT_WARM_MS;
  if (!(wanted > 0)) return none(`none is to stay: ${whoWantsNone(environment)}`);
  if (process.platform === "win32" || process.geteuid === undefined) return none("none stays on this system");
  const step = OF_ONE_RUN.find((name) => environment[name]);
  if (step !== undefined) return none(`the variable ${step} says that this is part of another run`);
  const isRelative = (path: string | undefined): boolean => !!path && !isAbsolute(path) && path !== ":memory:";
  const relative = PATHS.find((name) => isRelative(environment[name]));
  if (relative !== undefined) return none(`the variable ${relative} means another file in each directory`);
  if (sessionLeader()?.pid === process.pid) return none("the session of this terminal ends with looptrace");
  return ownMark() === undefined ? none("none stays on this system") : { ms: wanted, whyNone: undefined };
}

/** What is in the environment may have been overruled by the same in another place. */
function whoWantsNone(environment: Environment): string {
  if (environment[WARM_VARIABLE]?.trim()) {
    if (warmthInEnvironment(environment) === 0) return `${WARM_VARIABLE} says so`;
  } else if (isOn(environment.CI)) return "CI is set";
  return "--cold or warm 0 says so";
}

/**
 * What the environment says of it.
 *
 * @returns ms; undefined where it says nothing
 * @throws {ConfigurationError} when `LOOPTRACE_WARM` is no duration
 */
export function warmthInEnvironment(environment: Environment): number | undefined {
  const text = environment[WARM_VARIABLE]?.trim();
  if (text) return parseWarmth(text);
  return isOn(environment.CI) ? 0 : undefined;
}

function parseWarmth(text: string): number {
  const ms = isNone(text) ? 0 : durationMs(text);
  if (ms !== undefined) return ms;
  throw new ConfigurationError(
    WARM_VARIABLE,
    `${WARM_VARIABLE} is ${JSON.stringify(text)}: ${durationProblem(text)} 0 leaves no server.`,
  );
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && !/^(?:0|false|no|off)$/i.test(value);
}
