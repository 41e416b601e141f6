import type { RefObject } from "preact";
import { count } from "../../text/format.js";
import type { Found } from "./use-search.js";

export interface ToolbarProps {
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly searchField: RefObject<HTMLInputElement | null>;
  /** What was found in this turn. */
  readonly found: Found;
  readonly selected: number;
  readonly onNext: (back: boolean) => void;
  readonly onZoom: (factor: number) => void;
  readonly onWhole: () => void;
  /** Shows the time of the rows that are in sight. */
  readonly onFitRows: () => void;
  readonly onFold: (all: "nothing" | "subagents" | "steps") => void;
  readonly hasSubagents: boolean;
}

/** Search, zoom and folds. */
export function Toolbar(props: ToolbarProps) {
  const { query, found, onNext, onZoom, onFold } = props;
  return (
    <div class="toolbar">
      <search class="find">
        <input
          type="search"
          ref={props.searchField}
          value={query}
          placeholder="Search steps and tools ( / )"
          aria-label="Search steps and tools"
          onInput={({ currentTarget }) => props.onQuery(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") onNext(event.shiftKey);
          }}
        />
        <button type="button" aria-label="Match before" disabled={!found.rows.length} onClick={() => onNext(true)}>
          ↑
        </button>
        <button type="button" aria-label="Next match" disabled={!found.rows.length} onClick={() => onNext(false)}>
          ↓
        </button>
        <output class="matches">{query === "" ? "" : matchesText(found, props.selected)}</output>
      </search>
      <div class="buttons">
        <button type="button" aria-label="Zoom in" onClick={() => onZoom(0.5)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => onZoom(2)}>
          −
        </button>
        <button type="button" onClick={props.onWhole}>
          Whole
        </button>
        <button type="button" title="Zoom to the rows in sight ( f )" onClick={props.onFitRows}>
          Fit rows
        </button>
        <button type="button" onClick={() => onFold("steps")}>
          Fold steps
        </button>
        {props.hasSubagents && (
          <button type="button" onClick={() => onFold("subagents")}>
            Fold subagents
          </button>
        )}
        <button type="button" onClick={() => onFold("nothing")}>
          Unfold all
        </button>
      </div>
    </div>
  );
}

function matchesText({ rows, done }: Found, selected: number): string {
  const at = rows.indexOf(selected);
  const many = `${at < 0 ? "" : `${count(at + 1)} of `}${count(rows.length)}`;
  return done ? `${many} ${rows.length === 1 ? "row" : "rows"}` : `${many} …`;
}
