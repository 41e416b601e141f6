/** What is known of a session whose turn is traced while it runs. */
interface LiveSessionState {
  /** Whether it has changed since the last look began. */
  readonly changed: boolean;
  /** What the last look took of a processor, without sending, ms. */
  readonly costMs: number;
  /** When that was, or when the session was first told of, ms of a clock that is never set, as all moments here. */
  readonly lookedAt: number;
  /** Steps of the turn at work that went out, by span id. */
  readonly sent: ReadonlySet<string>;
}

/** The sessions that are traced while they run, by the ids of their roots. */
export type LiveState = ReadonlyMap<string, LiveSessionState>;

export const nothingLive: LiveState = new Map();

/** Looking takes longer the longer the session is; all looks together may have a twentieth of a processor's time. */
const COST_SHARE = 20;

/** The state after a session has changed. */
export function withUpdate(state: LiveState, rootId: string, now: number): LiveState {
  const known = state.get(rootId) ?? { changed: false, costMs: 0, lookedAt: now, sent: new Set() };
  if (known.changed) return state;
  return new Map(state).set(rootId, { ...known, changed: true });
}

/** The state after a look has begun: what changes from here on is for the next one. */
export function withLookBegun(state: LiveState, rootId: string): LiveState {
  return changedIn(state, rootId, { changed: false });
}

/** The state after a look. @param costMs what it took of a processor, ms */
export function withLook(state: LiveState, rootId: string, now: number, costMs: number): LiveState {
  return changedIn(state, rootId, { lookedAt: now, costMs });
}

/** The state after spans went out. */
export function withSent(state: LiveState, rootId: string, spanIds: Iterable<string>): LiveState {
  const known = state.get(rootId);
  return known ? changedIn(state, rootId, { sent: new Set([...known.sent, ...spanIds]) }) : state;
}

/** The state without a session that is not traced any more. */
export function withoutSession(state: LiveState, rootId: string): LiveState {
  return new Map([...state].filter(([id]) => id !== rootId));
}

/**
 * When a session is to be looked at next; undefined where nothing of it has changed.
 *
 * @param everyMs the least time between two looks, ms
 */
export function nextLookAt(state: LiveState, rootId: string, everyMs: number): number | undefined {
  const known = state.get(rootId);
  return known?.changed ? known.lookedAt + Math.max(everyMs, known.costMs * COST_SHARE * state.size) : undefined;
}

/** Of all sessions together: a delivery costs nearly the same for ten as for one. */
const LOOKS_A_SECOND = 2;
const LONGEST_EVERY_MS = 5_000;

/** The least time between two looks at a session: with many at work each waits a little longer. @param everyMs of one */
export function lookEveryMs(state: LiveState, everyMs: number): number {
  return Math.max(everyMs, Math.min(LONGEST_EVERY_MS, (state.size * everyMs) / LOOKS_A_SECOND));
}

/**
 * When something is to be looked at next; undefined where nothing has changed.
 *
 * @param everyMs as for {@link lookEveryMs}
 */
export function nextRoundAt(state: LiveState, everyMs: number): number | undefined {
  const each = lookEveryMs(state, everyMs);
  const moments = [...state.keys()].flatMap((id) => nextLookAt(state, id, each) ?? []);
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

/** The sessions that are looked at together now: those that it is time for, and those that it soon is. */
export function roundAt(state: LiveState, everyMs: number, now: number): readonly string[] {
  const each = lookEveryMs(state, everyMs);
  return [...state.keys()].filter((id) => (nextLookAt(state, id, each) ?? Number.POSITIVE_INFINITY) <= now + each / 2);
}

function changedIn(state: LiveState, rootId: string, change: Partial<LiveSessionState>): LiveState {
  const known = state.get(rootId);
  return known ? new Map(state).set(rootId, { ...known, ...change }) : state;
}
