import { useEffect, useMemo, useState } from "preact/hooks";
import { useTheme } from "../report/theme.js";
import { FilterBar } from "./filter-bar.js";
import { choicesOf, filtered } from "./filters.js";
import { hashOf, stateOf } from "./list-state.js";
import { SessionTable } from "./session-table.js";
import { sorted } from "./sort.js";
import { StatusLine } from "./status-line.js";
import { useSessions } from "./use-sessions.js";

/** The whole page: search and filters, and the table of what passes them. */
export function App() {
  const followed = useSessions();
  const [state, setState] = useState(() => stateOf(location.hash));
  const { filters, sorting } = state;
  const { isDark, toggle } = useTheme();
  const all = useMemo(() => [...followed.sessions.values()], [followed.sessions]);
  const choices = useMemo(() => choicesOf(all), [all]);
  const shown = useMemo(() => sorted(filtered(all, filters), sorting), [all, filters, sorting]);
  useEffect(() => {
    history.replaceState(null, "", `#${hashOf(state)}`);
  }, [state]);
  return (
    <>
      <header class="top">
        <h1>Sessions</h1>
        <button type="button" class="theme" aria-pressed={isDark} onClick={toggle}>
          {isDark ? "Light" : "Dark"}
        </button>
      </header>
      <main>
        <section class="sessions" aria-label="Sessions">
          <FilterBar
            filters={filters}
            choices={choices}
            onChange={(changed) => setState({ sorting, filters: { ...filters, ...changed } })}
          />
          <StatusLine followed={followed} shown={shown.length} />
          <SessionTable sessions={shown} sorting={sorting} onSort={(next) => setState({ filters, sorting: next })} />
        </section>
      </main>
    </>
  );
}
