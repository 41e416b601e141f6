/** Which recorded requests were made for compactions: opencode 2 tells of a compaction when it begins, not when it ends. */
import { type SessionWire, sentWithin, type WireRequest, wireError } from "../../model/session-wire.js";
import type { SessionExportV2 } from "../schema/session-export.js";

/** How much older than its message a request for a compaction can seem: the tap's clock and opencode's are not one. */
const CLOCK_SLACK_MS = 100;

/**
 * A session's requests with those for its compactions known as such. Only the plugin hears what a request is for; of
 * others their time tells it: after the compaction's message and before the answer that comes next.
 */
export function withCompactions(wire: SessionWire, { messages }: SessionExportV2): SessionWire {
  const unnamed = wire.requests.filter(({ kind, exchange }) => kind === "answer" && exchange.purpose === null);
  if (unnamed.length === 0) return wire;
  const found = new Set<WireRequest>();
  for (const [index, { type, time }] of messages.entries()) {
    if (type !== "compaction") continue;
    const start = time.created - CLOCK_SLACK_MS;
    const next = messages.slice(index + 1).find((one) => one.type === "assistant" || one.type === "compaction");
    const end = (next?.time.created ?? Number.POSITIVE_INFINITY) - 1;
    const candidates = sentWithin(unnamed, { start, end }).filter(({ endedAt }) => endedAt > time.created);
    // What follows the one that was answered well is the next answer's: builds before 2.0 note that too late.
    const answered = candidates.findIndex(({ exchange }) => wireError(exchange) === null);
    for (const one of answered < 0 ? candidates : candidates.slice(0, answered + 1)) found.add(one);
  }
  if (found.size === 0) return wire;
  const requests = wire.requests.map((one): WireRequest => (found.has(one) ? { ...one, kind: "compaction" } : one));
  return { ...wire, requests };
}

/** A compaction is noted as it begins: what is asked for it from then on is its own, until the next one begins. */
export function compactionRequestsIn(
  { messages }: SessionExportV2,
  { requests }: SessionWire,
): (messageId: string) => readonly WireRequest[] {
  const own = requests.filter(({ kind }) => kind === "compaction");
  const begun = messages.filter(({ type }) => type === "compaction");
  return (messageId) => {
    const index = begun.findIndex(({ id }) => id === messageId);
    const start = begun[index]?.time.created ?? Number.POSITIVE_INFINITY;
    const next = begun[index + 1]?.time.created ?? Number.POSITIVE_INFINITY;
    return sentWithin(own, { start: start - CLOCK_SLACK_MS, end: next - CLOCK_SLACK_MS - 1 });
  };
}
