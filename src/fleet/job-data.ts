import { z } from "zod";
import { taskRequestSchema } from "../batch/task.js";
import { taskResultSchema } from "../batch/task-result.js";
import { isTooDeep } from "../text/json-depth.js";

/** Raised when a worker of an earlier version could not make sense of a job any more. */
export const JOB_VERSION = 1;

/** The name of every job in the queue. */
export const JOB_NAME = "task";

const count = z.int().min(0);

/** What a batch allows for a task, as its flags say. */
const jobPolicy = z
  .object({
    /** How long a provider's rate limit is waited for, ms. */
    patienceMs: z.number().min(0),
    /** How often the task is put back because of one before that is its result. */
    requeues: count,
    /** Whether it is started although its provider has refused the key or the credit. */
    keepGoing: z.boolean(),
  })
  .readonly();

/** What earlier runs of the task have left. */
const jobState = z
  .object({
    /** How often it was put back because of a rate limit. */
    putBacks: count,
    /** How often it was tried again after other failures, by the error's code. */
    retries: z.record(z.string(), count).readonly(),
    /** Its runs so far as one; null before the first has ended. */
    earlier: taskResultSchema.nullable(),
  })
  .readonly();

/**
 * A job of the queue: one task, and how it stands. Another program wrote what is in the queue, so it is
 * checked like any input.
 */
export const jobDataSchema = z
  .object({
    version: z.literal(JOB_VERSION),
    /** The batch that it belongs to. */
    batch: z.string().min(1),
    task: z
      .object({
        id: z.string().min(1),
        line: z.int().nullable(),
        digest: z.string().min(1),
        /** What the task asks for, the flags of its batch included. */
        request: taskRequestSchema,
      })
      .readonly(),
    policy: jobPolicy,
    state: jobState,
    /** Its result as soon as there is one: a worker that takes the job then only closes it. */
    result: taskResultSchema.nullable(),
  })
  .readonly();

/** A job of the queue: one task, and how it stands. */
export type JobData = z.output<typeof jobDataSchema>;
/** What a batch allows for a task; durations are ms. */
export type JobPolicy = z.output<typeof jobPolicy>;

/** Reads what the queue has of a job. @returns undefined where it is no job of looptrace's of this version */
export function readJobData(data: unknown): JobData | undefined {
  // Checking a value goes as deep as the value does.
  return isTooDeep(data) ? undefined : jobDataSchema.safeParse(data).data;
}

export const NO_RUNS: JobData["state"] = { putBacks: 0, retries: {}, earlier: null };

/** How far a job's run has come: what a worker says of it now and then. */
export const jobProgressSchema = z
  .object({
    /** The host that works on it. */
    worker: z.string(),
    sessionId: z.string().nullable(),
    /** Which iteration of the loop, from 0; null before the first. */
    step: z.int().nullable(),
    phase: z.string(),
    toolsDone: count,
    /** Of the root session's finished calls, cached ones included. */
    tokens: z.number(),
    /** USD, as far as opencode knows prices. */
    cost: z.number(),
  })
  .readonly();

/** How far a job's run has come; costs are USD. */
export type JobProgress = z.output<typeof jobProgressSchema>;
