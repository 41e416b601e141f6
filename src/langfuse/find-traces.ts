import type { LangfuseApi } from "./api/langfuse-api.js";
import { listObservations, type ObservationQuery } from "./api/list-observations.js";
import type { Observation } from "./api/observation.js";
import { type RemoteTrace, readTrace } from "./read/read-trace.js";
import { numberOf, sentMetadata } from "./read/stored-values.js";

/** Which traces of a Langfuse are meant. */
export type RemoteSelection =
  /** Trace ids (32 hexadecimal digits) and ids of sessions. */
  | { readonly kind: "named"; readonly ids: readonly string[] }
  /** The session in which something began last. */
  | { readonly kind: "last" }
  /** Those that began since then, ms since the epoch. */
  | { readonly kind: "since"; readonly at: number };

/** What a selection is narrowed by. */
export interface RemoteFilter {
  /** Tags that a trace must all have. */
  readonly tags?: readonly string[] | undefined;
  /** Langfuse's environment. */
  readonly environment?: string | undefined;
}

/** A trace that is there, before it is read. */
interface FoundTrace {
  readonly traceId: string;
  readonly sessionId: string | null;
  readonly startedAt: number;
}

/** How many traces are asked for at once: an address has its limits. */
const AT_ONCE = 20;

export const TRACE_ID = /^[0-9a-f]{32}$/i;

/**
 * Reads traces back, one after the other: those of one session together, in the order of its turns, the session that
 * was at work last first.
 *
 * @param use called with each trace; waited for before the next ones are asked for
 * @param onMissing told of each id that nothing is known of
 * @throws {LangfuseApiError} when the server does not answer
 */
export async function readTraces(
  api: LangfuseApi,
  selection: RemoteSelection,
  filter: RemoteFilter,
  use: (remote: RemoteTrace) => void | Promise<void>,
  onMissing: (id: string) => void,
): Promise<void> {
  const turns = new SessionTurns(api);
  const found = await findTraces(api, selection, filter, turns, onMissing);
  for (let at = 0; at < found.length; at += AT_ONCE) {
    const some = found.slice(at, at + AT_ONCE);
    const observations = await observationsOf(
      api,
      some.map(({ traceId }) => traceId),
    );
    for (const { traceId, sessionId } of some) {
      const own = observations.get(traceId) ?? [];
      const session = sessionId ?? own.find((one) => one.sessionId !== null)?.sessionId ?? null;
      const remote = readTrace(traceId, own, { turns: await turns.of(session) });
      if (remote) await use(remote);
      else onMissing(traceId);
    }
  }
}

/**
 * All observations of some traces, whole, by trace.
 *
 * @param traceIds however many: they are asked for some at a time
 * @throws {LangfuseApiError} when the server does not answer
 */
export async function observationsOf(
  api: LangfuseApi,
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Observation[]>> {
  const byTrace = new Map<string, Observation[]>();
  for (let at = 0; at < traceIds.length; at += AT_ONCE)
    for await (const one of listObservations(api, ofTraces(traceIds.slice(at, at + AT_ONCE)), "whole")) {
      const { traceId } = one;
      if (traceId === null) continue;
      const own = byTrace.get(traceId);
      if (own) own.push(one);
      else byTrace.set(traceId, [one]);
    }
  return byTrace;
}

function ofTraces(traceIds: readonly string[]): ObservationQuery {
  const [only] = traceIds;
  return only !== undefined && traceIds.length === 1
    ? { traceId: only }
    : { filter: [{ type: "stringOptions", column: "traceId", operator: "any of", value: traceIds }] };
}

async function findTraces(
  api: LangfuseApi,
  selection: RemoteSelection,
  { tags = [], environment }: RemoteFilter,
  turns: SessionTurns,
  onMissing: (id: string) => void,
): Promise<readonly FoundTrace[]> {
  const filter = tags.length === 0 ? [] : [{ type: "arrayOptions", column: "tags", operator: "all of", value: tags }];
  const narrowed = { filter, environment };
  const isNarrowed = filter.length > 0 || environment !== undefined;
  // The last turn may be one that the filter leaves out.
  const learn: SessionTurns["learn"] = (sessionId, heads) => {
    if (!isNarrowed) turns.learn(sessionId, heads);
  };
  const inOrder: FoundTrace[] = [];
  switch (selection.kind) {
    case "named":
      for (const id of new Set(selection.ids)) {
        if (TRACE_ID.test(id)) {
          const traceId = id.toLowerCase();
          if (isNarrowed && (await headsOf(api, { traceId, ...narrowed }, 1)).length === 0) onMissing(id);
          else inOrder.push({ traceId, sessionId: null, startedAt: 0 });
          continue;
        }
        const own = await headsOf(api, { sessionId: id, ...narrowed });
        learn(id, own);
        if (own.length === 0) onMissing(id);
        inOrder.push(...tracesAmong(own));
      }
      break;
    case "last": {
      const [newest] = await headsOf(api, { isRootObservation: true, ...narrowed }, 1);
      if (!newest) break;
      const { sessionId, traceId } = newest;
      if (sessionId === null) inOrder.push(...tracesAmong(traceId === null ? [] : [newest]));
      else {
        const own = await headsOf(api, { sessionId, ...narrowed });
        learn(sessionId, own);
        inOrder.push(...tracesAmong(own));
      }
      break;
    }
    case "since": {
      const roots = await headsOf(api, { isRootObservation: true, from: selection.at, ...narrowed });
      // The newest turn of a session is among them, and tells how many there are.
      for (const [sessionId, own] of bySession(roots)) learn(sessionId, own);
      inOrder.push(...tracesAmong(roots));
      break;
    }
    default:
      selection satisfies never;
  }
  return [...new Map(inOrder.map((one) => [one.traceId, one])).values()];
}

async function headsOf(api: LangfuseApi, query: ObservationQuery, most?: number): Promise<readonly Observation[]> {
  const heads: Observation[] = [];
  for await (const one of listObservations(api, query, "heads", most)) heads.push(one);
  return heads;
}

function bySession(observations: readonly Observation[]): ReadonlyMap<string, readonly Observation[]> {
  const sessions = new Map<string, Observation[]>();
  for (const one of observations) {
    if (one.sessionId === null) continue;
    const own = sessions.get(one.sessionId);
    if (own) own.push(one);
    else sessions.set(one.sessionId, [one]);
  }
  return sessions;
}

/** The traces of some observations: sessions by what began in them last, in each by when they began. */
function tracesAmong(observations: readonly Observation[]): readonly FoundTrace[] {
  const byTrace = new Map<string, FoundTrace>();
  for (const { traceId, sessionId, startTime } of observations) {
    if (traceId === null) continue;
    const known = byTrace.get(traceId);
    if (known && known.startedAt <= startTime) continue;
    byTrace.set(traceId, { traceId, sessionId: known?.sessionId ?? sessionId, startedAt: startTime });
  }
  const sessions = new Map<string, FoundTrace[]>();
  for (const trace of byTrace.values()) {
    const key = trace.sessionId ?? trace.traceId;
    sessions.set(key, [...(sessions.get(key) ?? []), trace]);
  }
  return [...sessions.values()]
    .map((traces) => traces.sort((a, b) => a.startedAt - b.startedAt))
    .sort((a, b) => (b.at(-1)?.startedAt ?? 0) - (a.at(-1)?.startedAt ?? 0))
    .flat();
}

/** How many turns sessions have; each is asked for once. */
class SessionTurns {
  readonly #known = new Map<string, number | undefined>();
  readonly #api: LangfuseApi;

  constructor(api: LangfuseApi) {
    this.#api = api;
  }

  learn(sessionId: string, heads: readonly Observation[]): void {
    const turns = heads.flatMap(({ metadata }) => numberOf(sentMetadata(metadata).turn) ?? []);
    // As arguments of one call they could be too many.
    this.#known.set(sessionId, turns.length === 0 ? undefined : turns.reduce((a, b) => Math.max(a, b)) + 1);
  }

  async of(sessionId: string | null): Promise<number | undefined> {
    if (sessionId === null) return undefined;
    if (!this.#known.has(sessionId))
      this.learn(sessionId, await headsOf(this.#api, { sessionId, isRootObservation: true }));
    return this.#known.get(sessionId);
  }
}
