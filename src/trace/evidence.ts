import type { LogEvidence } from "../opencode/log-evidence.js";
import type { ErrorObject } from "../opencode/schema/session-export.js";

/** How the process that ran the last turn ended; known only where looptrace drove it. */
export interface RunEvidence {
  /** Errors of the run's event stream; for an unknown model they are the only trace of what went wrong. */
  readonly streamErrors: readonly ErrorObject[];
  readonly exit:
    | { readonly kind: "exited"; readonly code: number }
    | { readonly kind: "signalled"; readonly signal: string; readonly by: "deadline" | "caller" | "other" };
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The last lines of what opencode said on stderr; attached to errors, never interpreted. */
  readonly stderr: string;
}

/** What is known beside the export; all of it optional, none of it changes an id. */
export interface Evidence {
  readonly log?: LogEvidence;
  readonly run?: RunEvidence;
}
