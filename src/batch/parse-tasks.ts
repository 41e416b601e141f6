import { createHash } from "node:crypto";
import { ConfigurationError } from "../errors/configuration-error.js";
import { isTooDeep, TOO_DEEP } from "../text/json-depth.js";
import { jsonProblem } from "../text/json-problem.js";
import { type Task, type TaskInput, type TaskRequest, taskRequestSchema } from "./task.js";
import { taskProblem } from "./task-problem.js";

/** As many problems as a person reads at once. */
const MOST_PROBLEMS = 20;

/**
 * Reads a list of tasks: JSON Lines, each line an object with a `prompt` and what differs for the task, or a text, which
 * is a prompt. Empty lines are skipped.
 *
 * @param name what the list is called in messages: its file
 * @returns at least one task, no two of the same id. A task without an id gets one of its content, and where
 *   several are equal, of its count among them: the same list always gives the same ids
 * @throws {ConfigurationError} naming the file and every line that is wrong, up to 20
 */
export function parseTasks(text: string, name: string): readonly Task[] {
  const problems: string[] = [];
  const tasks: Task[] = [];
  const lines = new Map<string, number>();
  const equal = new Map<string, number>();
  for (const [index, content] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    if (content.trim() === "") continue;
    const line = index + 1;
    const read = readRequest(content);
    if ("problems" in read) {
      problems.push(...read.problems.map((problem) => `${name}:${line}: ${problem}`));
      continue;
    }
    const { request } = read;
    const digest = digestOf(request);
    const count = (equal.get(digest) ?? 0) + 1;
    if (request.id === undefined) equal.set(digest, count);
    const id = request.id ?? `task-${digest}${count === 1 ? "" : `-${count}`}`;
    const before = lines.get(id);
    if (before !== undefined) {
      problems.push(`${name}:${line}: has the same id as line ${before}: ${JSON.stringify(id)}`);
      continue;
    }
    lines.set(id, line);
    tasks.push({ id, line, digest, request });
  }
  if (problems.length > 0) throw new ConfigurationError(name, problemsText(text, name, problems));
  if (tasks.length > 0) return tasks;
  throw new ConfigurationError(
    name,
    `${name} holds no task. Write one a line, such as {"prompt":"Fix the failing test"}.`,
  );
}

/**
 * A task that stands in no list.
 *
 * @param asked what it asks for, as a line of tasks says it
 * @param id what it is known by; by default its own, else one of its content
 * @throws {ConfigurationError} when that is no task; the message says which field, and what is wrong with it
 */
export function taskOf(asked: TaskInput, id?: string): Task {
  const read = requestOf(asked);
  if ("problems" in read) throw new ConfigurationError("task", `The task ${read.problems.join("; ")}.`);
  const digest = digestOf(read.request);
  return { id: id ?? read.request.id ?? `task-${digest}`, line: null, digest, request: read.request };
}

type Read = { readonly request: TaskRequest } | { readonly problems: readonly string[] };

function readRequest(content: string): Read {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    return {
      problems: [`is not valid JSON: ${jsonProblem(content.trimEnd(), error, (_, column) => `column ${column}`)}`],
    };
  }
  return requestOf(typeof json === "string" ? { prompt: json } : json);
}

function requestOf(asked: unknown): Read {
  if (isTooDeep(asked)) return { problems: [TOO_DEEP] };
  const result = taskRequestSchema.safeParse(asked, { reportInput: true });
  if (result.success) return { request: result.data };
  return { problems: result.error.issues.map(taskProblem) };
}

function problemsText(text: string, name: string, problems: readonly string[]): string {
  if (isOneDocument(text)) {
    return `${name} is one JSON document, not JSON Lines: write each task on a line of its own, for instance by \`jq -c '.[]' tasks.json\`.`;
  }
  const more = problems.length - MOST_PROBLEMS;
  return [
    `nothing was started, since the tasks cannot be used:`,
    ...problems.slice(0, MOST_PROBLEMS).map((problem) => `  ${problem}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    // A list of prompts, say.
    ...(/^\uFEFF?\s*["{]/.test(text)
      ? []
      : ['Write each task as JSON on a line, such as {"prompt":"Fix the failing test"}.']),
  ].join("\n");
}

/** Whether the file is a list in brackets, or an object over several lines. */
function isOneDocument(text: string): boolean {
  if (!/^\uFEFF?\s*[[{]/.test(text)) return false;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return Array.isArray(value) || text.trim().includes("\n");
  } catch {
    return false;
  }
}

/** Of what a task asks for: not of its id, and whatever the order of its fields. */
function digestOf({ id: _, ...request }: TaskRequest): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(request)))
    .digest("hex")
    .slice(0, 16);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
