import { type DriveResult, permissionOf } from "../opencode/drive.js";
import { howLong } from "../text/how-long.js";
import { nearest } from "../text/nearest.js";
import type { Loop, LoopTrace, Tool } from "../trace/model.js";
import { addTotals, totalsOf } from "../trace/totals.js";
import type { RunLimits } from "./run-watch.js";

/** opencode answers for an agent that it does not have with another one, and only its stderr says so. */
export function agentNotes(
  asked: string | undefined,
  loop: Loop | undefined,
  known: readonly string[] = [],
): readonly string[] {
  const ran = loop?.agent ?? null;
  if (asked === undefined || ran === null || ran === asked) return [];
  const meant = nearest(asked, known);
  const hint = meant === undefined ? "" : ` Did you mean ${JSON.stringify(meant)}?`;
  return [
    `Asked for the agent ${JSON.stringify(asked)}, opencode ran with ${JSON.stringify(ran)}: it has no such agent, or has it for subagents only (\`opencode agent list\` shows them).${hint}`,
  ];
}

/**
 * What subagents were at when a turn was cut off: the error itself names only the tool that had started them.
 * Before 1.18 a subagent that asks for a permission gets no answer, and waits until the deadline.
 *
 * @param endedAt ms since the epoch
 */
export function subagentNotes(
  loop: Loop | undefined,
  asking: DriveResult["progress"]["asking"],
  endedAt: number,
): readonly string[] {
  if (loop?.error?.code !== "timeout" && loop?.error?.code !== "aborted") return [];
  return openTools(loop).flatMap((task) =>
    task.loops.flatMap(openBelow).map(({ name, start }) => {
      // The subagent's session says nothing of the end: it just stops.
      const work = `When the turn was cut off, ${name} had been at work for ${howLong(endedAt - start)} in the subagent that ${task.name} had started`;
      if (asking?.permission !== permissionOf(name)) return `${work}.`;
      const since = howLong(endedAt - asking.since);
      return `${work}. It had asked for a permission ${since} before (${asking.permission} ${asking.detail}); opencode before 1.18 never answers a subagent. Allow it under \`permission\` in opencode's config.`;
    }),
  );
}

/**
 * What a limit could not see: a run is ended by what opencode says of its calls, and some providers say
 * nothing, or what cannot be true.
 */
export function limitNotes(
  { maxTokens, maxCost }: Pick<RunLimits, "maxTokens" | "maxCost">,
  traces: readonly LoopTrace[],
): readonly string[] {
  const { calls, doubtfulCalls } = traces.map(({ loop }) => loop.totalsWithSubagents).reduce(addTotals, totalsOf([]));
  const limits = [...(maxTokens === undefined ? [] : ["tokens"]), ...(maxCost === undefined ? [] : ["cost"])];
  if (limits.length === 0 || doubtfulCalls === 0) return [];
  return [
    `The limit for ${limits.join(" and ")} could not be held for certain: of ${doubtfulCalls} of ${calls} calls opencode recorded no tokens, or some that cannot be true.`,
  ];
}

/** The names of opencode's own options that were handed on, without their values. */
export function extraArgumentNotes(extra: readonly string[]): readonly string[] {
  if (extra.length === 0) return [];
  const names = extra.map((argument) => (argument.startsWith("-") ? argument.replace(/=.*$/s, "=…") : "…"));
  return [
    `opencode was given these extra arguments: ${names.join(" ")}. To one that it does not know it answers with its usage; \`opencode run --help\` shows those it knows.`,
  ];
}

function openTools(loop: Loop): readonly Tool[] {
  return (loop.steps.at(-1)?.tools ?? []).filter(({ outcome }) => outcome === "unfinished");
}

/** The open tools of a subagent; where one of them is a subagent again, those of that one. */
function openBelow(loop: Loop): readonly Tool[] {
  return openTools(loop).flatMap((tool) => {
    const below = tool.loops.flatMap(openBelow);
    return below.length > 0 ? below : [tool];
  });
}
