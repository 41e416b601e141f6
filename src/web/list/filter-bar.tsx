import { useEffect, useId, useRef, useState } from "preact/hooks";
import { named } from "../report/segments.js";
import { amountOf, type Choices, type Filters, NO_FILTERS } from "./filters.js";

interface FilterBarProps {
  readonly filters: Filters;
  readonly choices: Choices;
  readonly onChange: (changed: Partial<Filters>) => void;
}

/** The limits that can be set, the lower and the upper one of each. */
const AMOUNTS = [
  [
    { name: "minCost", label: "Cost from", unit: "$" },
    { name: "maxCost", label: "to", unit: "$" },
  ],
  [
    { name: "minTime", label: "Time from", unit: "s" },
    { name: "maxTime", label: "to", unit: "s" },
  ],
] as const;

/** Search and filters. */
export function FilterBar({ filters, choices, onChange }: FilterBarProps) {
  const field = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const set = Object.values(filters).filter((value) => value !== "").length;
  const beside = set - (filters.query === "" ? 0 : 1);
  const outcomes = [
    ["completed", "completed"],
    ["failed", "failed"],
    ["unfinished", "unfinished"],
    ["unreadable", "cannot be read"],
    ...choices.errors.map((code) => [`error:${code}`, code]),
  ] as const;
  return (
    <search class={isOpen ? "filters open" : "filters"}>
      <input
        type="search"
        class="query"
        ref={field}
        value={filters.query}
        placeholder="Search titles, prompts, answers, tools ( / )"
        aria-label="Search"
        onInput={({ currentTarget }) => onChange({ query: currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Escape") onChange({ query: "" });
        }}
      />
      {/* Where there is room, all of them are there at once. */}
      <button type="button" class="fold-filters" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        Filters{beside > 0 ? ` (${beside})` : ""}
      </button>
      <Choice
        label="Outcome"
        any="any outcome"
        value={filters.outcome}
        options={outcomes}
        onChoose={(outcome) => onChange({ outcome })}
      />
      <Choice
        label="Model"
        any="any model"
        value={filters.model}
        options={choices.models.map((model) => [model, model])}
        onChoose={(model) => onChange({ model })}
      />
      {choices.projects.length > 1 && (
        <Choice
          label="Project"
          any="any project"
          value={filters.project}
          options={choices.projects}
          onChoose={(project) => onChange({ project })}
        />
      )}
      {choices.tags.length > 0 && (
        <Choice
          label="Tag"
          any="any tag"
          value={filters.tag}
          options={choices.tags.map((tag) => [tag, tag])}
          onChoose={(tag) => onChange({ tag })}
        />
      )}
      <span class="range">
        <Day label="From" value={filters.from} onInput={(from) => onChange({ from })} />
        <Day label="to" value={filters.to} onInput={(to) => onChange({ to })} />
      </span>
      {AMOUNTS.map((limits) => (
        <span key={limits[0].name} class="range">
          {limits.map(({ name, label, unit }) => (
            <Amount
              key={name}
              label={label}
              unit={unit}
              value={filters[name]}
              onInput={(value) => onChange({ [name]: value })}
            />
          ))}
        </span>
      ))}
      <button type="button" class="all" disabled={set === 0} onClick={() => onChange(NO_FILTERS)}>
        Show all
      </button>
    </search>
  );
}

interface ChoiceProps {
  readonly label: string;
  /** What stands there while nothing is chosen. */
  readonly any: string;
  readonly value: string;
  readonly options: readonly (readonly string[])[];
  readonly onChoose: (value: string) => void;
}

function Choice({ label, any, value, options, onChoose }: ChoiceProps) {
  // What an address asks for may not be among the sessions that are there.
  const isThere = value === "" || options.some(([one]) => one === value);
  return (
    <select aria-label={label} value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
      <option value="">{any}</option>
      {(isThere ? options : [...options, [value, value]]).map(([one = "", text = ""]) => (
        <option key={one} value={one}>
          {named(text)}
        </option>
      ))}
    </select>
  );
}

interface DayProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

function Day({ label, value, onInput }: DayProps) {
  const id = useId();
  return (
    <span class="amount day">
      <label for={id}>{label}</label>
      <input id={id} type="date" value={value} onInput={({ currentTarget }) => onInput(currentTarget.value)} />
    </span>
  );
}

interface AmountProps {
  readonly label: string;
  readonly unit: "$" | "s";
  readonly value: string;
  readonly onInput: (value: string) => void;
}

function Amount({ label, unit, value, onInput }: AmountProps) {
  const id = useId();
  return (
    <span class="amount">
      <label for={id}>{label}</label>
      <input
        id={id}
        inputMode="decimal"
        size={5}
        value={value}
        placeholder={unit}
        aria-invalid={value !== "" && amountOf(value) === null}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </span>
  );
}
