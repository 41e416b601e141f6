import { outcomeText } from "../../analysis/outcome.js";
import type { ListedSession } from "../data/listed-session.js";

/** The columns, by what they sort. */
export const SORT_KEYS = ["at", "title", "model", "outcome", "steps", "tokens", "cost", "duration"] as const;

export type SortKey = (typeof SORT_KEYS)[number];

export interface Sorting {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** The newest first. */
export const NEWEST_FIRST: Sorting = { key: "at", isDescending: true };

/** Sorts by a column; what is not known comes last whichever way, and among equals the newest comes first. */
export function sorted(sessions: readonly ListedSession[], { key, isDescending }: Sorting): readonly ListedSession[] {
  return sessions
    .map((session) => ({ session, value: sortValue(session, key) }))
    .sort((a, b) => {
      const order = compare(a.value, b.value, isDescending ? -1 : 1);
      return order || b.session.at - a.session.at || (a.session.id < b.session.id ? -1 : 1);
    })
    .map(({ session }) => session);
}

/** A click on a column turns it round; on another one it begins with what is most looked for. */
export function sortingAfter({ key, isDescending }: Sorting, clicked: SortKey): Sorting {
  if (clicked === key) return { key, isDescending: !isDescending };
  return { key: clicked, isDescending: !["title", "model", "outcome"].includes(clicked) };
}

type Value = number | string | null;

function compare(a: Value, b: Value, direction: 1 | -1): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -direction : direction;
}

function sortValue(session: ListedSession, key: SortKey): Value {
  if (key === "at") return session.at;
  if (session.kind === "unreadable") return null;
  switch (key) {
    case "title":
      return session.title.toLowerCase();
    case "model":
      return session.models[0] ?? null;
    case "outcome":
      return `${outcomeText(session)} ${session.errors.join(" ")}`;
    default:
      return session[key];
  }
}
