import { useEffect, useMemo, useState } from "preact/hooks";
import { Content } from "../report/content.js";
import { useTheme } from "../report/theme.js";
import { CompareBar } from "./compare-bar.js";
import { Comparison } from "./comparison.js";
import { FileButton } from "./file-button.js";
import { FilterBar } from "./filter-bar.js";
import { choicesOf, filtered } from "./filters.js";
import { overTime } from "./over-time.js";
import { projectNames } from "./projects.js";
import { SessionTable } from "./session-table.js";
import { sorted } from "./sort.js";
import { StatusLine } from "./status-line.js";
import { afterTick } from "./ticked.js";
import { TimeChart } from "./time-chart.js";
import { totalsOf } from "./totals.js";
import { TotalsBar } from "./totals-bar.js";
import { useFiles } from "./use-files.js";
import { useFoundInTexts } from "./use-found-in-texts.js";
import { useListState } from "./use-list-state.js";
import { useSessions } from "./use-sessions.js";

/** The whole page: search and filters, what all that passes them comes to, and the table of it; or two sessions. */
export function App() {
  const followed = useSessions();
  const [state, setState, compare] = useListState();
  const [ticked, setTicked] = useState<readonly string[]>([]);
  const { isOver, problem, open } = useFiles();
  const { filters, sorting, measure, compared } = state;
  const { isDark, toggle } = useTheme();
  const all = useMemo(() => [...followed.sessions.values()], [followed.sessions]);
  const choices = useMemo(() => choicesOf(all), [all]);
  const projects = useMemo(() => projectNames(all), [all]);
  const found = useFoundInTexts(filters, followed.sessions);
  const passed = useMemo(() => filtered(all, filters, found), [all, filters, found]);
  const shown = useMemo(() => sorted(passed, sorting), [passed, sorting]);
  const totals = useMemo(() => totalsOf(passed), [passed]);
  const over = useMemo(() => overTime(passed, measure), [passed, measure]);
  // What is gone cannot be compared.
  useEffect(() => {
    setTicked((before) =>
      before.every((id) => followed.sessions.has(id)) ? before : before.filter((id) => followed.sessions.has(id)),
    );
  }, [followed.sessions]);
  const titleOf = (id: string) => {
    const session = followed.sessions.get(id);
    return <Content text={(session?.kind === "session" && session.title.trim()) || id} />;
  };
  return (
    <>
      <header class="top">
        <h1>{compared ? "Two sessions" : "Sessions"}</h1>
        <span class="actions">
          {!compared && <FileButton onFiles={open} />}
          <button type="button" class="theme" aria-pressed={isDark} onClick={toggle}>
            {isDark ? "Light" : "Dark"}
          </button>
        </span>
      </header>
      <main class={isOver ? "over" : undefined}>
        {problem !== "" && (
          <p class="failure opened-problem" role="alert">
            <Content text={problem} />
          </p>
        )}
        {compared ? (
          <Comparison ids={compared} onClose={() => compare(null)} />
        ) : (
          <>
            {all.length > 0 && (
              <section class="overall" aria-label="Totals">
                <TotalsBar totals={totals} />
                <TimeChart
                  over={over}
                  measure={measure}
                  onMeasure={(next) => setState({ ...state, measure: next })}
                  days={filters}
                  onDays={(days) => setState({ ...state, filters: { ...filters, ...days } })}
                />
              </section>
            )}
            <section class="listed" aria-label="Sessions">
              <FilterBar
                filters={filters}
                choices={choices}
                onChange={(changed) => setState({ ...state, filters: { ...filters, ...changed } })}
              />
              <StatusLine followed={followed} shown={shown.length} />
              <SessionTable
                sessions={shown}
                sorting={sorting}
                onSort={(next) => setState({ ...state, sorting: next })}
                projects={projects}
                ticked={ticked}
                onTick={(id) => setTicked((before) => afterTick(before, id))}
              />
            </section>
            <CompareBar ticked={ticked} titleOf={titleOf} onCompare={compare} onClear={() => setTicked([])} />
          </>
        )}
      </main>
    </>
  );
}
