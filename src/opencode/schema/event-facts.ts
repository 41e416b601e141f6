/** What only the events of an opencode server tell about a turn; kept beside the session, hence schemas. */
import { z } from "zod";

/** A permission that opencode asked for while it could be answered. Times: ms since the epoch. */
export const permissionWait = z.object({
  /** The session that asked, which can be a subagent's. */
  sessionId: z.string(),
  /** The tool call that waits for it, where opencode says so. */
  callId: z.string().optional(),
  /** Such as `bash`, `edit`, `external_directory`, `doom_loop`. */
  permission: z.string(),
  /** What it was asked for: commands, paths. */
  patterns: z.array(z.string()),
  askedAt: z.number(),
  /** null when it was never answered. */
  answeredAt: z.number().nullable(),
  answer: z.enum(["once", "always", "reject"]).nullable(),
  /** looptrace, by the caller's policy, or another client, such as a person in front of opencode. */
  by: z.enum(["policy", "other"]),
});
/** A permission that opencode asked for, and how long it waited, ms. */
export type PermissionWait = z.infer<typeof permissionWait>;

/** A request to the model that failed and that opencode makes again, as its events tell it. */
export const seenRetry = z.object({
  sessionId: z.string(),
  /** When it failed, and when opencode tries again; ms since the epoch. */
  at: z.number(),
  next: z.number(),
  /** opencode's count, from 1. */
  attempt: z.number(),
  /** The provider's message. */
  reason: z.string(),
  /** What opencode 2 says of it, as an error object: its type is the name. */
  error: z.object({ name: z.string(), data: z.unknown().optional() }).optional(),
});
/** A request to the model that failed and was made again. */
export type SeenRetry = z.infer<typeof seenRetry>;
