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

/**
 * How long a server stays after a run, ms; 0 for none, and then none is looked for either.
 *
 * None stays for a run that runs in another run, or that is one step of a trace: its environment is that of no other.
 * Nor where there is no `sh` to keep it (Windows), or where the terminal's session ends with looptrace itself.
 *
 * @param said by the caller; without it the environment decides: `LOOPTRACE_WARM`, else none where `CI` is set
 * @throws {ConfigurationError} when `LOOPTRACE_WARM` is no duration
 */
export function warmthOf(said: number | undefined, environment: Environment): number {
  const wanted = said ?? warmthInEnvironment(environment) ?? DEFAULT_WARM_MS;
  if (!(wanted > 0) || process.platform === "win32" || process.geteuid === undefined) return 0;
  if (OF_ONE_RUN.some((name) => environment[name])) return 0;
  if (PATHS.some((name) => environment[name] && !isAbsolute(environment[name]) && environment[name] !== ":memory:"))
    return 0;
  return sessionLeader()?.pid === process.pid || ownMark() === undefined ? 0 : wanted;
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
