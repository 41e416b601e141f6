import { count } from "../../text/format.js";
import type { ReportRow } from "../data/report-data.js";
import { EVERYTHING, isFiltering, type RowFilter } from "./filters.js";
import { pure } from "./pure.js";
import { type RowIndex, subagentText } from "./row-index.js";

interface FilterBarProps {
  readonly rows: readonly ReportRow[];
  readonly index: RowIndex;
  readonly filter: RowFilter;
  readonly onFilter: (filter: RowFilter) => void;
  readonly longestFirst: boolean;
  readonly onSort: (longestFirst: boolean) => void;
  /** Something is searched for. */
  readonly isSearching: boolean;
  /** Not all of the time is shown. */
  readonly isZoomed: boolean;
  /** How many rows are wanted. */
  readonly wanted: number;
}

const TIMES: readonly (readonly [ms: number, text: string])[] = [
  [100, "100 ms"],
  [500, "500 ms"],
  [1_000, "1 s"],
  [5_000, "5 s"],
  [10_000, "10 s"],
  [30_000, "30 s"],
  [60_000, "1 min"],
  [300_000, "5 min"],
];

/** Which rows are shown, and in which order. */
export const FilterBar = pure(function FilterBar(props: FilterBarProps) {
  const { rows, index, filter, onFilter, longestFirst, isSearching, isZoomed, wanted } = props;
  const set = (wish: Partial<RowFilter>): void => onFilter({ ...filter, ...wish });
  const { slowerThan, tool, model, subagent } = filter;
  const isActive = isFiltering(filter);
  return (
    <fieldset class="filters" aria-label="Filters">
      <select
        aria-label="Order"
        value={longestFirst ? "longest" : "time"}
        onChange={({ currentTarget }) => props.onSort(currentTarget.value === "longest")}
      >
        <option value="time">In order of time</option>
        <option value="longest">Longest first</option>
      </select>
      <select
        aria-label="Slower than"
        class={slowerThan === null ? undefined : "set"}
        value={slowerThan ?? ""}
        onChange={({ currentTarget: { value } }) => set({ slowerThan: value === "" ? null : Number(value) })}
      >
        <option value="">Any time</option>
        {TIMES.map(([ms, text]) => (
          <option key={ms} value={ms}>
            Slower than {text}
          </option>
        ))}
      </select>
      {index.tools.length > 0 && (
        <Choice
          label="Tool"
          every="All tools"
          value={tool}
          choices={index.tools.map((name) => [name, name])}
          onChoose={(name) => set({ tool: name })}
        />
      )}
      {index.models.length > 1 && (
        <Choice
          label="Model"
          every="All models"
          value={model}
          choices={index.models.map((name) => [name, name])}
          onChoose={(name) => set({ model: name })}
        />
      )}
      {index.subagents.length > 0 && (
        <Choice
          label="Subagent"
          every="Turn and subagents"
          value={subagent === null ? null : String(subagent)}
          choices={index.subagents.map((row) => [String(row), subagentText(rows, index, row)])}
          onChoose={(row) => set({ subagent: row === null ? null : Number(row) })}
        />
      )}
      <Toggle text="Errors" pressed={filter.failed} onPress={(failed) => set({ failed })} />
      <Toggle text="Critical path" pressed={filter.onPath} onPress={(onPath) => set({ onPath })} />
      {(isSearching || filter.found) && (
        <Toggle text="Only what was found" pressed={filter.found} onPress={(found) => set({ found })} />
      )}
      {(isZoomed || filter.inSight) && (
        <Toggle text="Only this stretch" pressed={filter.inSight} onPress={(inSight) => set({ inSight })} />
      )}
      {isActive && (
        <button type="button" onClick={() => onFilter(EVERYTHING)}>
          Clear
        </button>
      )}
      <output class="wanted">{isActive ? `${count(wanted)} of ${count(rows.length)} rows` : ""}</output>
    </fieldset>
  );
});

interface ChoiceProps {
  readonly label: string;
  /** What stands there while nothing is chosen. */
  readonly every: string;
  readonly value: string | null;
  readonly choices: readonly (readonly [value: string, text: string])[];
  readonly onChoose: (value: string | null) => void;
}

/** So many can be chosen from; a list of thousands is none. */
const MOST_CHOICES = 500;

/** Values are told by their places: a tool may have any name, the empty one too. */
function Choice({ label, every, value, choices, onChoose }: ChoiceProps) {
  const chosen = choices.findIndex(([one]) => one === value);
  return (
    <select
      aria-label={label}
      class={chosen < 0 ? undefined : "set"}
      value={chosen}
      onChange={({ currentTarget }) => onChoose(choices[Number(currentTarget.value)]?.[0] ?? null)}
    >
      <option value={-1}>{every}</option>
      {choices.slice(0, MOST_CHOICES).map(([one, text], at) => (
        <option key={one} value={at}>
          {text}
        </option>
      ))}
    </select>
  );
}

interface ToggleProps {
  readonly text: string;
  readonly pressed: boolean;
  readonly onPress: (pressed: boolean) => void;
}

function Toggle({ text, pressed, onPress }: ToggleProps) {
  return (
    <button type="button" aria-pressed={pressed} onClick={() => onPress(!pressed)}>
      {text}
    </button>
  );
}
