import type { ListedSession } from "./listed-session.js";

/** What the server tells the list's page: first all that is there, then what becomes of it. */
export interface ListChanges {
  /** Nothing is listed but the sessions in here. */
  readonly whole: boolean;
  /** Sessions that are new or changed. */
  readonly sessions: readonly ListedSession[];
  /** The ids of those that are no more. */
  readonly gone: readonly string[];
  /** How many kept sessions are still to be read; null before that is known. */
  readonly pending: number | null;
}
