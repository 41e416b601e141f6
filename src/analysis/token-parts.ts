import { count, plural, UNKNOWN } from "../text/format.js";
import type { Call, Usage } from "../trace/model.js";
import { promptTokens, recordedUsage, totalTokens } from "../trace/usage.js";

/** In the words and sums of the tree's columns: what was cached is part of the input. */
export function tokenParts(usage: Usage, calls: readonly Call[]): string[] {
  const nothing = calls.filter((call) => totalTokens(recordedUsage(call)) === 0 && call.usage === null);
  const unknown = nothing.length;
  const inPart = calls.filter((call) => call.usage === null).length - unknown;
  if (calls.length > 0 && unknown === calls.length) return [UNKNOWN, "(opencode recorded none)"];
  const ofInput = [
    ...(usage.cacheRead > 0 ? [`cached ${count(usage.cacheRead)}`] : []),
    ...(usage.cacheWrite > 0 ? [`cache write ${count(usage.cacheWrite)}`] : []),
  ];
  return [
    count(totalTokens(usage)),
    `= in ${count(promptTokens(usage))}${ofInput.length > 0 ? ` (${ofInput.join(", ")})` : ""}`,
    `+ out ${count(usage.output)}`,
    ...(usage.reasoning > 0 ? [`+ think ${count(usage.reasoning)}`] : []),
    ...(unknown > 0 ? [`– without ${plural(unknown, "call")}`, "of unknown usage"] : []),
    ...(inPart > 0 ? [`– of ${plural(inPart, "call")}`, "only a part is known"] : []),
    ...contradictionOf(usage, calls),
  ];
}

/** What the sum is by opencode's own totals, where parts and totals contradict each other. */
function contradictionOf(usage: Usage, calls: readonly Call[]): string[] {
  const contradictory = calls.flatMap(({ usageDoubt: doubt }) =>
    doubt?.kind === "contradiction" && doubt.total !== null
      ? [{ parts: totalTokens(doubt.recorded), total: doubt.total }]
      : [],
  );
  if (contradictory.length === 0) return [];
  const byTotals = contradictory.reduce((sum, { parts, total }) => sum - parts + total, totalTokens(usage));
  return ["– by opencode's own totals", count(byTotals)];
}
