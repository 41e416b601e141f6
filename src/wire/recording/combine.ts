/** Recordings in parts and together: a session's of a process that had several, those of several looks as one. */
import type { WireEvidence, WireExchange, WireTool } from "../model.js";
import { parseExchangeId, recordingName } from "./exchange-id.js";

/** What several looks at recordings told, as one. What was seen twice counts as it was seen last. */
export function mergeWires(wires: readonly (WireEvidence | undefined)[]): WireEvidence | undefined {
  const told = wires.filter((wire) => wire !== undefined);
  const [only] = told;
  if (!only || told.length === 1) return only;
  const exchanges = new Map<string, WireExchange>();
  const tools = new Map<string, WireTool>();
  for (const wire of told) {
    for (const exchange of wire.exchanges) {
      const before = exchanges.get(exchange.id);
      // A look may come while an answer does.
      if (!before || before.end.how === "open" || exchange.end.how !== "open") exchanges.set(exchange.id, exchange);
    }
    for (const tool of wire.tools ?? []) {
      const key = JSON.stringify([tool.sessionId, tool.callId, tool.start, tool.traceparent]);
      if (tool.end !== null || !tools.has(key)) tools.set(key, tool);
    }
  }
  return wireOf(
    [...exchanges.values()],
    [...tools.values()],
    told.flatMap(({ notes }) => notes),
  );
}

/**
 * Each recording by its name. What is of none (tools, notes) is put to the last one.
 *
 * @param otherwise the name where there is no request
 */
export function recordingsIn(wire: WireEvidence, otherwise: string): ReadonlyMap<string, WireEvidence> {
  const byName = new Map<string, WireExchange[]>();
  for (const exchange of wire.exchanges) {
    const name = parseExchangeId(exchange.id)?.recording ?? recordingName(otherwise);
    const own = byName.get(name);
    if (own) own.push(exchange);
    else byName.set(name, [exchange]);
  }
  const { tools = [], notes } = wire;
  if (byName.size === 0 && tools.length + notes.length > 0) byName.set(recordingName(otherwise), []);
  const last = [...byName.keys()].at(-1);
  return new Map(
    [...byName].map(([name, exchanges]) => [
      name,
      name === last ? wireOf(exchanges, tools, notes) : wireOf(exchanges, [], []),
    ]),
  );
}

/** A request whose answer came while others of its session were asked for is of it, by so much, in ms. */
const SLACK_MS = 2_000;

/**
 * What of a recording is a session's and of those below it. A request that names no session is theirs where nothing
 * else can be: no other session was at work then.
 */
export function wireOfSessions(wire: WireEvidence, sessionIds: Iterable<string>): WireEvidence {
  const ids = withBelow(wire.exchanges, sessionIds);
  const isOwn = ({ sessionId, parentSessionId }: WireExchange): boolean =>
    (sessionId !== null && ids.has(sessionId)) || (parentSessionId !== null && ids.has(parentSessionId));
  const own = wire.exchanges.filter(isOwn);
  const nameless = wire.exchanges.filter(({ sessionId }) => sessionId === null);
  const others = wire.exchanges.filter((exchange) => exchange.sessionId !== null && !isOwn(exchange));
  const byRecording = spansOf(own);
  const ofOthers = spansOf(others);
  const joined = nameless.filter((exchange) => {
    if (isOwn(exchange)) return false;
    const recording = parseExchangeId(exchange.id)?.recording ?? "";
    return covers(byRecording.get(recording), exchange.sentAt) && !covers(ofOthers.get(recording), exchange.sentAt);
  });
  const all = new Set([...own, ...joined]);
  return wireOf(
    wire.exchanges.filter((exchange) => all.has(exchange)),
    (wire.tools ?? []).filter(({ sessionId }) => ids.has(sessionId)),
    wire.notes,
  );
}

/** Sessions with all those that the headers put below them. */
function withBelow(exchanges: readonly WireExchange[], sessionIds: Iterable<string>): ReadonlySet<string> {
  const ids = new Set(sessionIds);
  const below = new Map<string, Set<string>>();
  for (const { sessionId, parentSessionId } of exchanges) {
    if (sessionId === null || parentSessionId === null) continue;
    below.set(parentSessionId, (below.get(parentSessionId) ?? new Set()).add(sessionId));
  }
  // Grows while it is walked.
  for (const id of ids) for (const child of below.get(id) ?? []) ids.add(child);
  return ids;
}

interface Span {
  from: number;
  to: number;
}

/** When sessions were at work, by recording: each session from its first request to the end of its last one. */
function spansOf(exchanges: readonly WireExchange[]): ReadonlyMap<string, readonly Span[]> {
  const spans = new Map<string, Map<string, Span>>();
  for (const { id, sessionId, parentSessionId, sentAt, end, response } of exchanges) {
    const recording = parseExchangeId(id)?.recording ?? "";
    const bySession = spans.get(recording) ?? new Map<string, Span>();
    spans.set(recording, bySession);
    const key = sessionId ?? parentSessionId ?? "";
    const to = end.at ?? response?.chunks.at(-1)?.at ?? sentAt;
    const span = bySession.get(key);
    if (span) {
      span.from = Math.min(span.from, sentAt);
      span.to = Math.max(span.to, to);
    } else bySession.set(key, { from: sentAt, to });
  }
  return new Map([...spans].map(([recording, bySession]) => [recording, [...bySession.values()]]));
}

function covers(spans: readonly Span[] = [], at: number): boolean {
  return spans.some(({ from, to }) => at >= from - SLACK_MS && at <= to + SLACK_MS);
}

function wireOf(
  exchanges: readonly WireExchange[],
  tools: readonly WireTool[],
  notes: readonly string[],
): WireEvidence {
  return {
    exchanges: [...exchanges].sort((a, b) => a.sentAt - b.sentAt),
    ...(tools.length === 0 ? {} : { tools: [...tools].sort((a, b) => a.start - b.start) }),
    notes: [...new Set(notes)],
  };
}
