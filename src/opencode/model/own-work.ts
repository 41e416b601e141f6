/** What opencode does by itself in a turn, beside models, tools and waits; and around the turn. */
import type { Interval, Timing } from "./values.js";

/**
 * What opencode is at.
 *
 * - `starting`: its process begins, until it turns to the project.
 * - `loading`: configuration, plugins, providers and agents of the project.
 * - `mcp`: the MCP servers are asked for their tools.
 * - `snapshot`: the project's files are kept, or compared with what was kept, by git.
 * - `prompt`: the prompt is taken in, the next request put together.
 * - `saving`: what the model and the tools gave is taken up and written down.
 * - `compaction`: the same around a summary of the conversation.
 * - `title`: a title is asked for, and nothing else goes on.
 * - `lock`: another start of opencode has to be over first.
 * - `ending`: the loop is over, and opencode has yet to say so, or to end.
 */
export type PhaseKind =
  | "starting"
  | "loading"
  | "mcp"
  | "snapshot"
  | "prompt"
  | "saving"
  | "compaction"
  | "title"
  | "lock"
  | "ending";

/** What tells of it: opencode's log, the session itself, what was recorded of its requests, or the run's own clock. */
export type PhaseEvidence = "log" | "export" | "wire" | "run";

/** A stretch of it. */
export interface OwnWork extends Interval {
  readonly kind: PhaseKind;
  readonly evidence: PhaseEvidence;
  readonly timing: Timing;
}

/** What is known of it in a turn and around it. */
export interface TurnsOwnWork {
  /** In the turn, in any order; stretches may overlap each other, and what models and tools did. */
  readonly within: readonly OwnWork[];
  /** Before the turn and after it. */
  readonly around: readonly OwnWork[];
}

export const NO_OWN_WORK: TurnsOwnWork = { within: [], around: [] };

/** A stretch, where there is one: its end lies behind its start. */
export function ownWork(
  kind: PhaseKind,
  { start, end }: { readonly start: number | undefined; readonly end: number | undefined },
  evidence: PhaseEvidence,
  timing: Timing = "exact",
): readonly OwnWork[] {
  if (start === undefined || end === undefined || end <= start) return [];
  return [{ kind, start, end, evidence, timing }];
}
