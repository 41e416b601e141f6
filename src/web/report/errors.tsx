import { useState } from "preact/hooks";
import { count } from "../../text/format.js";
import type { ErrorEntry } from "../data/report-data.js";
import { Content } from "./content.js";
import { errorGroups } from "./error-groups.js";
import { Facts } from "./facts.js";
import { type RowIndex, stepText } from "./row-index.js";

interface ErrorsProps {
  readonly errors: readonly ErrorEntry[];
  readonly index: RowIndex;
  readonly onOpen: (row: number) => void;
}

/** So many are listed at first. */
const MOST = 10;

/** All that failed, with its typed state. */
export function Errors({ errors, index, onOpen }: ErrorsProps) {
  const [all, showAll] = useState(false);
  if (errors.length === 0) return null;
  const groups = errorGroups(errors);
  return (
    <section class="errors" aria-label="Errors">
      <h2>Errors</h2>
      {(all ? groups : groups.slice(0, MOST)).map(({ error, rows }) => (
        <ErrorCard key={rows[0]} error={error} where={stepText(index, error.row)} times={rows.length} onOpen={onOpen} />
      ))}
      {!all && groups.length > MOST && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show all {count(groups.length)}
        </button>
      )}
    </section>
  );
}

interface ErrorCardProps {
  readonly error: ErrorEntry;
  readonly query?: string;
  /** The step that it happened in. */
  readonly where?: string;
  /** How often it happened. */
  readonly times?: number;
  /** Without it the card has no button. */
  readonly onOpen?: (row: number) => void;
}

export function ErrorCard({ error, query = "", where = "", times = 1, onOpen }: ErrorCardProps) {
  return (
    <article class={`error ${error.of}`}>
      <h3>
        <code>
          <Content text={error.code} query={query} />
        </code>{" "}
        <span class="of">
          {NAMES[error.of]}
          {times > 1 && ` ${count(times)} times, first`}
        </span>
        {onOpen && (
          <button type="button" class="link" onClick={() => onOpen(error.row)}>
            <Content text={error.where} />
          </button>
        )}
        {where !== "" && <span class="percent">{where}</span>}
      </h3>
      <p class="message">
        <Content text={error.message} query={query} />
      </p>
      {error.advice !== null && (
        <p class="advice">
          <Content text={error.advice} query={query} />
        </p>
      )}
      {error.state.length > 0 && <Facts facts={error.state} query={query} />}
    </article>
  );
}

const NAMES: Readonly<Record<ErrorEntry["of"], string>> = {
  turn: "ended the turn",
  subagent: "ended a subagent",
  call: "failed a call",
  retry: "was tried again",
  tool: "failed a tool",
};
