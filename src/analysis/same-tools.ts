import { isFields } from "../text/json-fields.js";
import type { LoopTrace } from "../trace/model.js";

/** What opencode 1 calls a tool that opencode 2 has under another name. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["bash", "shell"],
  ["task", "subagent"],
]);

/** The same of arguments, by opencode 2's name of the tool. */
const ARGUMENTS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ...["read", "edit", "write"].map((tool) => [tool, new Map([["filePath", "path"]])] as const),
  ["subagent", new Map([["subagent_type", "agent"]])],
]);

/** Whether a session is opencode 2's. @param version the opencode that made it */
export function isOf2(version: string): boolean {
  return /^v?2\./.test(version);
}

/** Whether sessions of both generations are among those that traces are of. */
export function areOfBoth(traces: readonly LoopTrace[]): boolean {
  const are2 = traces.map(({ session }) => isOf2(session.opencodeVersion));
  return are2.includes(true) && are2.includes(false);
}

/** A call as opencode 2 would have it, so that calls of both generations can be compared. */
export function callIn2(call: { readonly name: string; readonly arguments: unknown }): typeof call {
  const name = NAMES.get(call.name) ?? call.name;
  const renamed = ARGUMENTS.get(name);
  if (!renamed || !isFields(call.arguments)) return { name, arguments: call.arguments };
  const entries = Object.entries(call.arguments).map(([key, value]) => [renamed.get(key) ?? key, value]);
  return { name, arguments: Object.fromEntries(entries) };
}

/**
 * What is called by names of both generations, put together under both: `bash, shell`. All else stays as it is.
 *
 * @param byName keyed by the tools' names, in the order in which they came
 * @param merge of two entries one
 */
export function withSameTools<T>(byName: ReadonlyMap<string, T>, merge: (one: T, other: T) => T): Map<string, T> {
  const merged = new Map(byName);
  for (const [old, name] of NAMES) {
    const [one, other] = [merged.get(old), merged.get(name)];
    if (one === undefined || other === undefined) continue;
    merged.delete(old);
    merged.delete(name);
    merged.set(`${old}, ${name}`, merge(one, other));
  }
  return merged;
}
