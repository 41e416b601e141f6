import { duration } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { StartingPhase, StartingStretch } from "./live-turn.js";

/** More names than this are counted. */
const MOST_NAMES = 3;

/** What opencode is at before it asks a model, as a line says it: `connecting MCP servers (tickets)`. */
export function phaseWords(phase: StartingPhase): string {
  switch (phase.kind) {
    case "looptrace":
      return "loading looptrace";
    case "starting":
      return "starting opencode";
    case "finding":
      return "using the opencode that an earlier run left";
    case "loading":
      return "loading the project";
    case "mcp":
      return `connecting MCP servers (${namesText(phase.servers)})`;
    case "prompt":
      return "preparing the prompt";
    default:
      return phase satisfies never;
  }
}

function namesText(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).map(oneLine).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/**
 * The same in a list of what took how long: by the names that the phases have in the tree. `prompt` may hold what is
 * `loading` there: the log tells of that afterwards only.
 */
function shortWords(phase: StartingPhase): string {
  switch (phase.kind) {
    case "looptrace":
      return "looptrace itself";
    case "starting":
      return "starting";
    case "finding":
      return "finding it";
    case "loading":
      return "loading";
    case "mcp":
      return `mcp (${namesText(phase.servers)})`;
    case "prompt":
      return "prompt";
    default:
      return phase satisfies never;
  }
}

/** Less than this is not worth a word, in ms. */
export const SHORTEST_STRETCH_MS = 50;

/**
 * What opencode did before its first request: `started in 3.2s: starting 2.31s, loading 418ms, prompt 400ms`. Of one
 * that was there already, and was of use: `using the opencode that an earlier run left, ready in 293ms: finding it 151ms`.
 *
 * @param now ms since the epoch
 * @param isKnown whether it has been said before that an earlier run left it
 */
export function startingText(stretches: readonly StartingStretch[], now: number, isKnown = false): string {
  const times = new Map<string, number>();
  for (const { phase, start, end } of stretches) {
    const words = shortWords(phase);
    times.set(words, (times.get(words) ?? 0) + (end ?? now) - start);
  }
  const all = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const told = [...times]
    .filter(([, ms]) => ms >= SHORTEST_STRETCH_MS)
    .map(([words, ms]) => `${words} ${duration(ms)}`);
  const found = stretches.findLast(({ phase }) => phase.kind === "finding" || phase.kind === "starting");
  const isFound = found?.phase.kind === "finding";
  const how = isFound ? `${isKnown ? "" : `${phaseWords(found.phase)}, `}ready` : "started";
  return `${how} in ${duration(all)}${told.length > 0 ? `: ${told.join(", ")}` : ""}`;
}
