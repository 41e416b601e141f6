import { useState } from "preact/hooks";
import type { ListedSession } from "../data/listed-session.js";
import { projectKey } from "./projects.js";
import { SessionRow } from "./session-row.js";
import { type Sorting, type SortKey, sortingAfter } from "./sort.js";

interface SessionTableProps {
  readonly sessions: readonly ListedSession[];
  readonly sorting: Sorting;
  readonly onSort: (sorting: Sorting) => void;
  /** How projects are called, by their keys. */
  readonly projects: ReadonlyMap<string, string>;
  /** The ids of those that are ticked, two at most. */
  readonly ticked: readonly string[];
  readonly onTick: (id: string) => void;
}

const COLUMNS: readonly (readonly [key: SortKey, label: string, isNumber: boolean])[] = [
  ["at", "When", false],
  ["title", "Session", false],
  ["model", "Model", false],
  ["outcome", "Outcome", false],
  ["steps", "Steps", true],
  ["tokens", "Tokens", true],
  ["cost", "Cost", true],
  ["duration", "Time", true],
];

/** So many are drawn at first, and so many more each time: thousands at once would make typing slow. */
const MOST = 200;

export function SessionTable({ sessions, sorting, onSort, projects, ticked, onTick }: SessionTableProps) {
  const [most, setMost] = useState(MOST);
  const more = sessions.length - most;
  return (
    <>
      <div class="wide">
        <table class="session-list">
          <thead>
            <tr>
              <th scope="col" class="tick">
                <span class="unseen">Compare</span>
              </th>
              {COLUMNS.map(([key, label, isNumber]) => (
                <th
                  key={key}
                  scope="col"
                  class={isNumber ? "number" : undefined}
                  aria-sort={key !== sorting.key ? undefined : sorting.isDescending ? "descending" : "ascending"}
                >
                  <button type="button" class="link" onClick={() => onSort(sortingAfter(sorting, key))}>
                    {label}
                    {key === sorting.key && <span aria-hidden="true">{sorting.isDescending ? " ↓" : " ↑"}</span>}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sessions.slice(0, most).map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                project={session.kind === "session" ? (projects.get(projectKey(session)) ?? "") : ""}
                isTicked={ticked.includes(session.id)}
                onTick={onTick}
              />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && (
        <button type="button" class="more" onClick={() => setMost(most + MOST)}>
          Show {Math.min(more, MOST)} more
        </button>
      )}
    </>
  );
}
