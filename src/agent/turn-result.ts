import type { ErrorFacts } from "../errors/error-facts.js";
import type { Driver, UsedServer } from "../opencode/drive.js";
import type { OpenCodeProgram, RunExit } from "../opencode/program.js";
import type { SessionTree } from "../opencode/session.js";
import type { LoopTrace, Totals } from "../trace/model.js";

/** What became of one start of opencode for a prompt. Secrets are masked in all of it but the answer itself. */
export interface AttemptResult {
  /** The final text, or as much of it as there was when the turn failed. */
  readonly text: string | null;
  /** The loop's output: the text, or the structured value where one was asked for. */
  readonly output: unknown;
  /** Why the turn failed; null when it succeeded. */
  readonly error: ErrorFacts | null;
  /** The session's id; null when opencode had begun none. */
  readonly sessionId: string | null;
  /** The traces of its turns, in their order. */
  readonly traces: readonly LoopTrace[];
  /** The session with those of its subagents; null when it could not be read. */
  readonly session: SessionTree | null;
  /** Whether looptrace has stored the session. */
  readonly kept: boolean;
  /** The opencode that ran. */
  readonly opencode: OpenCodeProgram;
  /** How opencode was driven. */
  readonly driver: Exclude<Driver, "auto">;
  /**
   * The opencode server that ran it, and whether an earlier run had left that (`warm`); null where there was none, as
   * with the driver `cli`.
   */
  readonly server: UsedServer | null;
  /** How the run ended. */
  readonly exit: RunExit;
  /** What a person should know, a line each. */
  readonly notes: readonly string[];
}

/** What became of one prompt: its last attempt, and all of them in `attempts`. */
export interface TurnResult extends AttemptResult {
  /** The traces of all attempts, each a turn of a session; a run that succeeds at once has one. */
  readonly traces: readonly LoopTrace[];
  /** Tokens, cost in USD and counts of all attempts with their subagents. */
  readonly totals: Totals;
  /** What all attempts have in common; it stands in the metadata of their traces. */
  readonly runId: string;
  /** All attempts, in their order. */
  readonly attempts: readonly AttemptSummary[];
}

/** One attempt at a prompt, as short as it can be told. */
export interface AttemptSummary {
  /** The model that was asked for, as `provider/model`; null leaves the choice to opencode. */
  readonly model: string | null;
  /** Its session's id; null when opencode had begun none. */
  readonly sessionId: string | null;
  /** Why it failed; null when it succeeded. */
  readonly error: ErrorFacts | null;
}
