import { createHash } from "node:crypto";

/**
 * A turn's score of a name: derived, so that the same score is one in Langfuse however often and from wherever it is
 * sent.
 *
 * @param traceId that its spans have
 * @param loopId the turn's own span: below another program's span several turns share a trace
 */
export function scoreId(traceId: string, loopId: string, name: string): string {
  return createHash("sha256")
    .update(JSON.stringify(["score", traceId, loopId, name]))
    .digest("hex")
    .slice(0, 32);
}

/** What tells a score from the same one with another value or comment. */
export function revisionOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
}
