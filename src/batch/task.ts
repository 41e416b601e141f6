import { z } from "zod";
import { fieldsOn } from "../agent/setting-surfaces.js";
import { durationMs } from "../text/duration-ms.js";
import { wholeNumber } from "../text/field-problem.js";

const text = z.string().trim().min(1);
/** Kept as it is, blanks at its ends too. */
const prose = z.string().refine((value) => value.trim() !== "", "is empty");
const texts = z.array(text).readonly();

/** `"10m"`, or a number of ms; read as ms. */
const timeSpan = z.unknown().transform((value, context) => {
  const ms = typeof value === "string" ? durationMs(value) : value;
  if (typeof ms === "number" && ms > 0) return ms;
  context.issues.push({
    code: "custom",
    input: value,
    message: 'must be a duration such as "10m", or a number of milliseconds above 0',
  });
  return z.NEVER;
});

/** A tool server that opencode reaches over HTTP, as the driver takes it. */
const mcpServer = z.strictObject({
  name: text,
  url: text,
  headers: z.record(z.string(), z.string()).exactOptional(),
  timeout: timeSpan.exactOptional(),
});

/**
 * How a task says each kind of value that a setting of opencode's work has; a relative path belongs to
 * looptrace's own working directory.
 */
const settings = fieldsOn("task", {
  text: () => text.exactOptional(),
  prose: () => prose.exactOptional(),
  texts: () => texts.exactOptional(),
  switch: () => z.boolean().exactOptional(),
  count: ({ from = 0 }) => wholeNumber(from).exactOptional(),
  usd: () => z.number().positive().exactOptional(),
  ms: () => timeSpan.exactOptional(),
  threshold: ({ from = 0 }) => z.union([z.boolean(), wholeNumber(from)]).exactOptional(),
  folder: () => text.exactOptional(),
  paths: () => texts.exactOptional(),
  permissions: () => z.enum(["allow", "deny"]).exactOptional(),
  schema: () => z.record(z.string(), z.json()).exactOptional(),
  mcp: () => z.array(mcpServer).readonly().exactOptional(),
});

/** Which run of an experiment a task is: `looptrace experiment` says so, and a file of tasks has no need to. */
const experimentRun = z.strictObject({
  name: text,
  arm: text,
  case: text,
  /** From 0. */
  run: wholeNumber(0),
  /** The dataset of Langfuse's that the case is an item of. */
  datasetId: text.exactOptional(),
  itemId: text.exactOptional(),
});

/**
 * What a task may say: a prompt, and what differs for it from what holds for all. Strict, so that a misspelt
 * field is reported instead of ignored.
 */
export const taskRequestSchema = z
  .strictObject({
    /** By what the task is known again; else its content is. A number counts as its digits. */
    id: z.union([text, z.int().transform(String)]).exactOptional(),
    prompt: prose,
    ...settings,
    /** Tags of the trace, beside those of all tasks. */
    tags: texts.exactOptional(),
    /** Goes into the metadata of the loop, beside that of all tasks. */
    metadata: z.record(z.string(), z.json()).exactOptional(),
    userId: text.exactOptional(),
    /** The opencode to use for it: a path. */
    opencode: text.exactOptional(),
    /**
     * It works in a git worktree of its own, which is removed after it: of its directory's repository, at `HEAD` or at
     * the commit, branch or tag that is named.
     */
    worktree: z.union([z.boolean(), text]).exactOptional(),
    /** The commit, branch or tag that the worktree has its instructions from: `AGENTS.md` and the like. */
    instructions: text.exactOptional(),
    /** A command of the shell, run in its directory after the turn: exit code 0 says that it was done well. */
    verify: prose.exactOptional(),
    /** How long that may take; default 10 minutes. */
    verifyTimeout: timeSpan.exactOptional(),
    /** What the answer should be, for the verify command to compare, and for Langfuse. */
    expectedOutput: z.json().exactOptional(),
    /** The experiment that it is a run of. */
    experiment: experimentRun.exactOptional(),
  })
  .readonly();

/** What a task says; a `timeout` is in ms here. */
export type TaskRequest = z.output<typeof taskRequestSchema>;
/** The same as it may be written down: a `timeout` also as `"10m"`. */
export type TaskInput = z.input<typeof taskRequestSchema>;

/** A task with what it is known by. */
export interface Task {
  /** Its own, or one that is derived from its content; no two tasks of a list share one. */
  readonly id: string;
  /** Where it stands in its file, from 1; null where it comes from none. */
  readonly line: number | null;
  /** Of what it asks for, without its id: another digest is another task, whatever its id. */
  readonly digest: string;
  /** What it asks for. */
  readonly request: TaskRequest;
}
