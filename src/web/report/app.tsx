import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { ReportData } from "../data/report-data.js";
import { Content } from "./content.js";
import type { Details } from "./details.js";
import { inTraces, placesOf } from "./places.js";
import { stringsIn } from "./search.js";
import { partsByRow } from "./sent-search.js";
import { SessionNav } from "./session-nav.js";
import { sourcesText } from "./sources-text.js";
import { useTheme } from "./theme.js";
import { TracePage } from "./trace-page.js";
import { TurnStrip } from "./turn-strip.js";
import { Turns } from "./turns.js";
import { useLinked } from "./use-linked.js";
import { useLoaded } from "./use-loaded.js";
import { useSearch } from "./use-search.js";

/** The whole page: its head, a table of the turns where there are several, and the turn that was chosen. */
export function App({ data, details }: { readonly data: ReportData; readonly details: Details }) {
  const { traces, bills } = data;
  const { detailOf, textOf } = details;
  const { linked, isLost } = useLinked(traces);
  const [picked, pick] = useState<number | null>(null);
  // A link that is followed leads to its turn, whichever was looked at.
  useEffect(() => pick(null), [linked]);
  const chosen = picked ?? linked?.trace ?? 0;
  const [query, setQuery] = useState("");
  const { isDark, toggle } = useTheme();
  const places = useMemo(() => placesOf(traces.map(({ rows }) => rows.length)), [traces]);
  const sentIn = useMemo(() => traces.map(({ prompts }) => partsByRow(prompts)), [traces]);
  const textsOf = useCallback(
    function* (index: number) {
      const place = places[index];
      const row = place && traces[place.trace]?.rows[place.row];
      if (!row) return;
      yield row.name;
      yield row.text;
      yield* stringsIn(detailOf(row));
      for (const part of sentIn[place.trace]?.(place.row) ?? []) yield textOf(part) ?? "";
    },
    [places, traces, sentIn, detailOf, textOf],
  );
  const isLoaded = useLoaded();
  const { rows, done } = useSearch(isLoaded ? places.length : 0, textsOf, query);
  const found = useMemo(() => inTraces(rows, places, traces.length), [rows, places, traces]);
  const trace = traces[chosen];
  const first = places.findIndex((place) => place.trace === chosen);
  const textsOfRow = useCallback((row: number) => textsOf(first + row), [textsOf, first]);
  const turnMatches = query === "" ? null : found.map(({ length }) => length);
  return (
    <>
      {data.kept && <SessionNav {...data.kept} />}
      <header class="top">
        <h1>
          <Content text={data.title} />
        </h1>
        <button type="button" class="theme" aria-pressed={isDark} onClick={toggle}>
          {isDark ? "Light" : "Dark"}
        </button>
      </header>
      <main>
        {isLost && <p class="remark">The span that this address names is in none of the turns of this report.</p>}
        {traces.length > 1 && <Turns traces={traces} chosen={chosen} onChoose={pick} matches={turnMatches} />}
        {trace && (
          <TracePage
            key={trace.traceId}
            trace={trace}
            bill={bills?.[trace.sessionId]}
            findings={data.findings?.[trace.sessionId] ?? []}
            details={details}
            isLoaded={isLoaded}
            isDark={isDark}
            query={query}
            onQuery={setQuery}
            found={found[chosen] ?? NOTHING}
            isDone={done}
            textsOf={textsOfRow}
            linked={linked && linked.trace === chosen ? linked.row : null}
            turns={
              traces.length > 1 && <TurnStrip traces={traces} chosen={chosen} onChoose={pick} matches={turnMatches} />
            }
          />
        )}
      </main>
      <footer class="bottom">
        Made by looptrace {data.version}. {sourcesText(data)}
      </footer>
    </>
  );
}

const NOTHING: readonly number[] = [];
