import { z } from "zod";
import { gitFacts } from "../../git/git-facts.js";
import { permissionWait, seenRetry } from "./event-facts.js";

/** How one turn that looptrace drove or followed ended. Kept beside the session, hence a schema. */
export const runEvidence = z.object({
  /** What all attempts at one prompt have in common, and which of them this was, from 0. */
  id: z.string().optional(),
  attempt: z.number().optional(),
  /** The version of the opencode that ran it; the session may have been made by another one. */
  opencode: z.string().optional(),
  /** What the directory stood on before the run; absent outside of a repository, and where it was not asked. */
  git: gitFacts.optional(),
  /** The caller's own tags. */
  tags: z.array(z.string()).optional(),
  /** Errors of the run's event stream; for an unknown model they are the only trace of what went wrong. */
  streamErrors: z.array(
    z.object({ error: z.object({ name: z.string(), data: z.unknown().optional() }), at: z.number() }),
  ),
  exit: z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("exited"),
      code: z.number(),
      /** Who had already asked it to stop when it came to its own end. */
      asked: z.enum(["deadline", "caller", "other"]).optional(),
    }),
    z.object({
      kind: z.literal("signalled"),
      signal: z.string(),
      by: z.enum(["deadline", "caller", "other"]),
    }),
    z.object({
      /** No process ended with the turn: it was one of a server's, which went on. */
      kind: z.literal("served"),
      /** Who had it aborted. */
      asked: z.enum(["deadline", "caller"]).optional(),
    }),
    z.object({
      /** looptrace itself was killed while it drove the turn, and took opencode with it. */
      kind: z.literal("abandoned"),
    }),
  ]),
  /** Where opencode's events were followed: what it asked permission for, and what it tried again. */
  permissions: z.array(permissionWait).optional(),
  retries: z.array(seenRetry).optional(),
  /** Where a structured answer does not fit the schema that was asked for. */
  schemaProblems: z.array(z.string()).optional(),
  /** Why looptrace itself ended it before its time. */
  halted: z
    .discriminatedUnion("by", [
      z.object({
        by: z.literal("doom-loop"),
        /** null where no tool was called: the model repeated an answer, or requests were too large again and again. */
        tool: z.string().nullable(),
        arguments: z.unknown().optional(),
        /** What it answered each time; absent where it was a tool's call, or no answer came. */
        answer: z.object({ text: z.string(), finish: z.string() }).optional(),
        count: z.number(),
        lastError: z.string().optional(),
      }),
      z.object({
        by: z.literal("limit"),
        of: z.enum(["steps", "tokens", "cost"]),
        allowed: z.number(),
        reached: z.number(),
      }),
      z.object({ by: z.literal("retries"), attempts: z.number() }),
    ])
    .optional(),
  /** ms since the epoch. */
  startedAt: z.number(),
  endedAt: z.number(),
  /** On a server: when it was there for the turn, and when it waited until another one had started. */
  readyAt: z.number().optional(),
  lock: z.object({ start: z.number(), end: z.number() }).optional(),
  /** The last lines of what opencode said on stderr; attached to errors, never interpreted. */
  stderr: z.string(),
});
/** What is known of a run of opencode beside its export; times are ms since the epoch. */
export type RunEvidence = z.infer<typeof runEvidence>;
/** Why looptrace ended a run before its time. */
export type Halt = NonNullable<RunEvidence["halted"]>;
