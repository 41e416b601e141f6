import { useCallback, useMemo, useState } from "preact/hooks";
import type { ReportData } from "../data/report-data.js";
import { Content } from "./content.js";
import type { Details } from "./details.js";
import { inTraces, placesOf } from "./places.js";
import { stringsIn } from "./search.js";
import { partsByRow } from "./sent-search.js";
import { sourcesText } from "./sources-text.js";
import { useTheme } from "./theme.js";
import { TracePage } from "./trace-page.js";
import { Turns } from "./turns.js";
import { useSearch } from "./use-search.js";

/** The whole page: its head, a table of the turns where there are several, and the turn that was chosen. */
export function App({ data, details }: { readonly data: ReportData; readonly details: Details }) {
  const { traces, bills } = data;
  const { detailOf, textOf } = details;
  const [chosen, choose] = useState(0);
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
  const { rows, done } = useSearch(places.length, textsOf, query);
  const found = useMemo(() => inTraces(rows, places, traces.length), [rows, places, traces]);
  const trace = traces[chosen];
  return (
    <>
      <header class="top">
        <h1>
          <Content text={data.title} />
        </h1>
        <button type="button" class="theme" aria-pressed={isDark} onClick={toggle}>
          {isDark ? "Light" : "Dark"}
        </button>
      </header>
      <main>
        {traces.length > 1 && (
          <Turns
            traces={traces}
            chosen={chosen}
            onChoose={choose}
            matches={query === "" ? null : found.map(({ length }) => length)}
          />
        )}
        {trace && (
          <TracePage
            key={trace.traceId}
            trace={trace}
            bill={bills?.[trace.sessionId]}
            details={details}
            isDark={isDark}
            query={query}
            onQuery={setQuery}
            found={{ rows: found[chosen] ?? [], done }}
          />
        )}
      </main>
      <footer class="bottom">
        Made by looptrace {data.version}. {sourcesText(data)}
      </footer>
    </>
  );
}
