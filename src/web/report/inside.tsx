import { useState } from "preact/hooks";
import { count, duration } from "../../text/format.js";
import type { ReportRow } from "../data/report-data.js";
import { Content } from "./content.js";

interface InsideProps {
  readonly rows: readonly ReportRow[];
  /** Those directly below the row that is opened. */
  readonly below: readonly number[];
  readonly query: string;
  readonly onOpen: (row: number) => void;
}

/** So many are listed at first. */
const FIRST = 50;

/** What a step or a subagent is made of, each part with the way to it. */
export function Inside({ rows, below, query, onOpen }: InsideProps) {
  const [all, showAll] = useState(false);
  return (
    <details open class="section">
      <summary>What is in it</summary>
      <ul class="inside">
        {(all ? below : below.slice(0, FIRST)).map((at) => {
          const row = rows[at];
          if (!row) return null;
          return (
            <li key={at} class={row.tone}>
              <span class={`dot ${row.kind} ${row.tone}`} aria-hidden="true" />
              <span class="number">{row.kind === "event" ? "" : duration(row.end - row.start)}</span>
              <button type="button" class="link" onClick={() => onOpen(at)}>
                <Content text={row.name} query={query} />
              </button>
              <Content text={row.text} query={query} />
            </li>
          );
        })}
      </ul>
      {!all && below.length > FIRST && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show all {count(below.length)}
        </button>
      )}
    </details>
  );
}
