import type { Call, Usage } from "../trace/model.js";
import { promptTokens, totalTokens } from "../trace/usage.js";
import { count, plural } from "./format.js";

/** In the words and sums of the tree's columns: what was cached is part of the input. */
export function tokenParts(usage: Usage, calls: readonly Call[]): string[] {
  const unknown = calls.filter((call) => call.usage === null).length;
  if (calls.length > 0 && unknown === calls.length) return ["unknown:", "opencode recorded none"];
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
  ];
}
