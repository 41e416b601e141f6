import type { ListChanges } from "../data/list-changes.js";
import type { ListedSession } from "../data/listed-session.js";

/** What the page knows. */
export interface Known {
  readonly sessions: ReadonlyMap<string, ListedSession>;
  /** How many are still to be read; null before that is known. */
  readonly pending: number | null;
}

export const NOTHING_KNOWN: Known = { sessions: new Map(), pending: null };

/** What the page knows after the server has told of changes. */
export function applyChanges(known: Known, { whole, sessions, gone, pending }: ListChanges): Known {
  if (!whole && sessions.length === 0 && gone.length === 0) return { ...known, pending };
  const after = new Map(whole ? [] : known.sessions);
  for (const session of sessions) after.set(session.id, session);
  for (const id of gone) after.delete(id);
  return { sessions: after, pending };
}
