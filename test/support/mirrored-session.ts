import { expect } from "vitest";
import { addEvidence, noEvidence } from "../../src/opencode/server/event-evidence.js";
import { applyEvent, emptyMirror, rawExports, treeOf } from "../../src/opencode/server/session-mirror.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { eventsIn, spansIn } from "../trace/walk-trace.js";
import type { PlayedOnServer } from "./play-on-server.js";

/** What events tell beside the session itself. */
export interface Evidence {
  /** How many requests were tried again. */
  readonly retries: number;
  /** How the permissions that were asked for were answered. */
  readonly permissions: readonly string[];
  /** At how many moments at least something more of the trace is closed than before. */
  readonly moments: number;
}

/**
 * Holds the events of a session to what its server tells when all is over, and the traces of each moment to the last
 * one: what is closed of them stays as it is.
 */
export function expectTold(
  { sessionId, events, read }: PlayedOnServer,
  { retries = 0, permissions = [], moments = 2 }: Partial<Evidence> = {},
): void {
  const mirror = events.reduce(applyEvent, emptyMirror);
  const parsed = (texts: Iterable<readonly [string, string]>) =>
    Object.fromEntries([...texts].map(([id, text]) => [id, JSON.parse(text)]));
  expect(parsed(rawExports(mirror, sessionId))).toEqual(parsed(read.raw));
  const tree = treeOf(mirror, sessionId);
  if (!tree) throw new Error("the session is not mirrored");
  expect(tree).toEqual(read.tree);
  const last = traceSession(tree);
  expect(last).toEqual(traceSession(read.tree));

  const finalStarts = new Map(last.flatMap(startsOf));
  let growing = emptyMirror;
  const counts: number[] = [];
  for (const event of events) {
    growing = applyEvent(growing, event);
    const now = treeOf(growing, sessionId);
    const traces = now ? traceSession(now) : [];
    const closed = traces.flatMap((trace) => {
      const open = openSpanIds(trace);
      return startsOf(trace).filter(([id]) => !open.has(id));
    });
    for (const [id, start] of closed) expect([id, finalStarts.get(id)]).toEqual([id, start]);
    counts.push(closed.length);
  }
  expect(counts.at(-1)).toBe(finalStarts.size);
  expect(new Set(counts).size).toBeGreaterThanOrEqual(moments);

  const evidence = events.reduce(addEvidence, noEvidence);
  expect(evidence.permissions.map(({ answer }) => answer)).toEqual(permissions);
  const attempts = evidence.retries.map(({ attempt, sessionId: of }) => [of, attempt]);
  expect(attempts).toEqual(Array.from({ length: retries }, (_, index) => [sessionId, index + 1]));
}

/** The ids and starts of all spans of a trace. */
function startsOf({ loop }: LoopTrace): (readonly [string, number])[] {
  return [
    ...spansIn(loop).map(({ spanId, start }) => [spanId, start] as const),
    ...eventsIn(loop).map(({ spanId, at }) => [spanId, at] as const),
  ];
}
