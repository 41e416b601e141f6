import { fieldsOf } from "./json-fields.js";

/** The arguments that say what a tool was asked for, the most telling first. */
const TELLING = ["filePath", "path", "command", "pattern", "url", "query", "name", "description", "subagent_type", "q"];

/** By what a person knows a tool's call again: its file, its command, its pattern. @returns null where no text says it */
export function tellingArgument(input: unknown): string | null {
  const fields = fieldsOf(input);
  for (const name of TELLING) {
    const value = fields[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return Object.values(fields).find((value): value is string => typeof value === "string" && value !== "") ?? null;
}
