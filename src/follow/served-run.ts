import type { RunEvidence } from "../opencode/evidence.js";
import { type EventEvidence, evidenceWithin } from "../opencode/server.js";
import type { Loop } from "../trace/model.js";

/**
 * How a turn ended that a server ran for another client, with what the server's events told of it.
 *
 * @param before what was told from then on belongs to the next turn, ms since the epoch
 * @param family the session and its subagents'
 */
export function servedRun(
  loop: Loop,
  before: number,
  evidence: EventEvidence,
  family: ReadonlySet<string>,
): RunEvidence {
  const { retries, permissions, errors } = evidenceWithin(evidence, family, loop.start, before - 1);
  return {
    exit: { kind: "served" },
    startedAt: loop.start,
    // A turn that came to nothing is told of a little later than it ended.
    endedAt: Math.max(loop.end, ...errors.map(({ at }) => at)),
    stderr: "",
    // A subagent's failure is an answer of its tool, not the turn's own.
    streamErrors: errors
      .filter(({ sessionId }) => sessionId === loop.sessionId)
      .map(({ error: { name, data }, at }) => ({ error: { name, data }, at })),
    ...(permissions.length > 0 && { permissions: permissions.map(({ requestId: _, ...permission }) => permission) }),
    ...(retries.length > 0 && { retries: [...retries] }),
  };
}
