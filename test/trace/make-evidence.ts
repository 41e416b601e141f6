/** Evidence of runs whose events were followed, made by hand. What is given wins over what is filled in. */

import type { RunEvidence } from "../../src/opencode/evidence.js";
import type { PermissionWait } from "../../src/opencode/schema/event-facts.js";
import { SESSION, T0 } from "./make-session.js";

/** A run that was there from before the session began. */
export function followed(more: Partial<RunEvidence> = {}): RunEvidence {
  return {
    streamErrors: [],
    exit: { kind: "served" },
    startedAt: T0 - 500,
    endedAt: T0 + 10_000,
    stderr: "",
    ...more,
  };
}

/** @param from when it was asked for, and @param to when it was answered, or null: ms since the session's beginning */
export function asked(from: number, to: number | null, more: Partial<PermissionWait> = {}): PermissionWait {
  return {
    sessionId: SESSION,
    permission: "bash",
    patterns: ["npm test"],
    askedAt: T0 + from,
    answeredAt: to === null ? null : T0 + to,
    answer: to === null ? null : "once",
    by: "other",
    ...more,
  };
}
