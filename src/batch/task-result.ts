import { z } from "zod";
import type { DestinationReport } from "../deliver/delivery-report.js";
import { errorFactsSchema } from "../errors/error-facts.js";
import { taskFiguresSchema } from "./task-figures.js";
import { verifiedSchema } from "./verify.js";

const count = z.int().min(0);

const totals = z
  .object({
    steps: count,
    calls: count,
    retries: count,
    tools: count,
    toolFailures: count,
    usage: z
      .object({
        input: z.number(),
        output: z.number(),
        reasoning: z.number(),
        cacheRead: z.number(),
        cacheWrite: z.number(),
      })
      .readonly(),
    cost: z.number().nullable(),
    missingSubagents: count,
    /** Results of before it was counted have none. */
    doubtfulCalls: count.default(0),
  })
  .readonly();

const wire = z
  .object({
    /** Recorded requests: all, those of attempts that died, those beside the steps. */
    requests: count,
    retries: count,
    otherCalls: count,
    /** What those beside the steps took. */
    otherTokens: z.number(),
    otherCost: z.number().nullable(),
    requestBytes: count,
    /** Tokens. */
    longestPrompt: z.number().nullable(),
    cacheBreaks: count,
    tokensReadAnew: z.number(),
  })
  .readonly();

const delivery = z
  .object({
    /** The destination's name for people. */
    destination: z.string(),
    /** Spans that it has, also from before. */
    acknowledged: count,
    /** Spans, scores and the like that wait in the outbox. */
    pending: count,
    /** Those that could not even be stored there. */
    unsaved: count,
    /** Those that it will never take. */
    rejected: count,
    lastError: z.string().nullable(),
  })
  .readonly();

/**
 * What became of a task, as plain data: a line of the results. Fields that it does not know are dropped, so
 * that what a later version writes can be read.
 */
export const taskResultSchema = z
  .object({
    id: z.string(),
    /** Where the task stood in its file, from 1. */
    line: z.int().nullable(),
    /** Of what the task asked for: see `Task`. */
    digest: z.string(),
    status: z.enum(["done", "failed"]),
    /** Why it failed; null when it is done. */
    error: errorFactsSchema.nullable(),
    /** The answer, or as much of it as there was. */
    text: z.string().nullable(),
    /** The same, or the value where a structured one was asked for. */
    output: z.unknown(),
    /** Of the last attempt. */
    sessionId: z.string().nullable(),
    /** Of the last run; null where none came about. */
    runId: z.string().nullable(),
    /** Of all runs: a task that was put back because of a rate limit has several. */
    attempts: z
      .array(
        z
          .object({
            model: z.string().nullable(),
            sessionId: z.string().nullable(),
            error: errorFactsSchema.nullable(),
          })
          .readonly(),
      )
      .readonly(),
    /** Of all attempts with their subagents; cost in USD. */
    totals,
    /** What opencode sent to models; null where it was not recorded, as in results of before it was counted. */
    wire: wire.nullable().default(null),
    traceIds: z.array(z.string()).readonly(),
    /** What the turns came to beside their totals; null where none came about, and in results of before there were any. */
    figures: taskFiguresSchema.nullable().default(null),
    /** What became of the verify command; null where there was none to run. */
    verify: verifiedSchema.nullable().default(null),
    /** Where the traces can be looked at, by their ids. */
    urls: z.record(z.string(), z.string()).readonly(),
    /** ms since the epoch: when the task was first started, and when it was over. */
    startedAt: z.number(),
    endedAt: z.number(),
    /** Where its traces are, by destination. */
    delivery: z.array(delivery).readonly(),
    /** Whether the session is kept on the machine that ran it. */
    kept: z.boolean(),
    /** That machine's name, by which its session and its requests are found; null where it is not known. */
    host: z.string().nullable().default(null),
    /** What a person should know. */
    notes: z.array(z.string()).readonly(),
  })
  .readonly();

/** What became of a task, as a file of results has it; times are ms since the epoch, costs USD. */
export type TaskResult = z.output<typeof taskResultSchema>;
/** What became of a task's spans at one destination. */
export type TaskDelivery = z.output<typeof delivery>;

/** What became of a task's traces at one destination. */
export function deliveryOf(report: DestinationReport): TaskDelivery {
  const { destination, acknowledged, alreadyAcknowledged, pending, rejected, lastError } = report;
  const beside = Object.values(report.beside);
  return {
    destination: destination.label,
    acknowledged: acknowledged + alreadyAcknowledged,
    pending: beside.reduce((sum, one) => sum + one.pending, pending.spans),
    unsaved: beside.reduce((sum, one) => sum + one.unsaved, pending.unsavedSpans),
    rejected: beside.reduce((sum, one) => sum + one.rejected, rejected),
    lastError: lastError ?? null,
  };
}

/** Whether a task's traces are where they belong. */
export function isResultDelivered({ delivery, kept, traceIds }: TaskResult): boolean {
  if (delivery.length === 0) return kept || traceIds.length === 0;
  return delivery.every(({ pending, rejected }) => pending === 0 && rejected === 0);
}
