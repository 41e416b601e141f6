import type { z } from "zod";
import { fieldProblem } from "../text/field-problem.js";
import { nearest } from "../text/nearest.js";
import { taskRequestSchema } from "./task.js";

const FIELDS: readonly string[] = Object.keys(taskRequestSchema.unwrap().shape);
const MCP_FIELDS = ["name", "url", "headers", "timeout"];

const WORDS = {
  whole: "it",
  either: {
    id: "a text that is not empty, or a whole number",
    haltOnDoomLoop: "true, false or a number of 2 or more",
  },
  otherwise: "JSON",
} as const;

/** What is wrong with one field of a task, as a sentence without its end. */
export function taskProblem(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownField(key, issue.path)).join("; ");
  const field = issue.path.join(".");
  if (issue.code === "invalid_type" && field === "") return "must be an object with a prompt, or a text in quotes";
  if (issue.code === "invalid_type" && issue.input === undefined) return `has no ${field}`;
  return fieldProblem(issue, WORDS);
}

function unknownField(key: string, path: readonly PropertyKey[]): string {
  const known = path[0] === "mcp" ? MCP_FIELDS : FIELDS;
  const name = JSON.stringify([...path, key].join("."));
  const near = nearest(key, known, ALIASES);
  if (near !== undefined) return `there is no field ${name}; did you mean "${near}"?`;
  return `there is no field ${name}; known are ${known.join(", ")}`;
}

/** What tools of other vendors call it. */
const ALIASES: Readonly<Record<string, string>> = {
  message: "prompt",
  input: "prompt",
  text: "prompt",
  task: "prompt",
  dir: "directory",
  cwd: "directory",
  workdir: "directory",
  custom_id: "id",
  system: "systemPrompt",
  system_prompt: "systemPrompt",
  user: "userId",
  timeoutms: "timeout",
  response_format: "schema",
  json_schema: "schema",
  fallback_models: "fallbackModels",
};
