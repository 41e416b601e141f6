import { useMemo, useState } from "preact/hooks";
import { count, duration as durationText } from "../../text/format.js";
import type { PathPart, TraceData } from "../data/report-data.js";
import { Content } from "./content.js";
import { partName, pathShares } from "./path-marks.js";
import { type RowIndex, stepText } from "./row-index.js";

interface CriticalProps {
  readonly trace: TraceData;
  readonly index: RowIndex;
  readonly onOpen: (row: number) => void;
}

/** So many waits are listed at first, and so many at most. */
const FIRST = 8;
const MOST = 300;

/** What the turn's end really waited for: as shares of its time, and wait by wait. */
export function Critical({ trace, index, onOpen }: CriticalProps) {
  const { path, rows, duration } = trace;
  const [inOrder, setInOrder] = useState(false);
  const [all, showAll] = useState(false);
  const shares = useMemo(() => pathShares(path, rows), [path, rows]);
  const waits = useMemo(() => {
    const longest = path.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, all ? MOST : FIRST);
    return inOrder ? longest.sort((a, b) => a.start - b.start) : longest;
  }, [path, all, inOrder]);
  if (path.length === 0) return null;
  return (
    <section class="critical" aria-label="Critical path">
      <h2>What the end waited for</h2>
      <div class="stack" aria-hidden="true">
        {shares.map(({ name, of, ms }) => (
          <span key={name} class={`part wait ${of}`} style={{ flexGrow: String(ms) }} />
        ))}
      </div>
      <dl class="legend">
        {shares.map(({ name, of, ms, times }) => (
          <div key={name} data-wait={of}>
            <dt>
              <span class={`dot wait ${of}`} />
              <Content text={name} />
            </dt>
            <dd>
              {durationText(ms)}{" "}
              <span class="percent">
                {percent(ms, duration)}
                {times > 1 && `, ${count(times)} times`}
              </span>
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Of what ran side by side only the last to end is here: were it quicker, the turn would be. The parts add up to
        the turn's time.
      </p>
      <div class="toolbar">
        <h3>The longest waits</h3>
        <button type="button" aria-pressed={inOrder} onClick={() => setInOrder(!inOrder)}>
          In order of time
        </button>
      </div>
      <ol class="waits">
        {waits.map((part) => (
          <Wait key={part.start} part={part} trace={trace} index={index} onOpen={onOpen} />
        ))}
      </ol>
      {!all && path.length > FIRST && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show {path.length > MOST ? `the ${MOST} longest of ${count(path.length)}` : `all ${count(path.length)}`}
        </button>
      )}
    </section>
  );
}

interface WaitProps extends CriticalProps {
  readonly part: PathPart;
}

function Wait({ part, trace: { rows, duration }, index, onOpen }: WaitProps) {
  const { row, of, start, end } = part;
  return (
    <li>
      <span class="number">{durationText(end - start)}</span>
      <span class="number percent">{percent(end - start, duration)}</span>
      <span class={`dot wait ${of}`} aria-hidden="true" />
      <span class="what">
        <button type="button" class="link" onClick={() => onOpen(row)}>
          <Content text={partName(part, rows)} />
        </button>{" "}
        <span class="percent">
          {[stepText(index, row), `from ${durationText(start)} on`].filter(Boolean).join(", ")}
        </span>
      </span>
      <Content text={of === "call" || of === "tool" || of === "retry" ? (rows[row]?.text ?? "") : ""} />
    </li>
  );
}

function percent(ms: number, of: number): string {
  const share = of === 0 ? 0 : (ms / of) * 100;
  return share > 0 && share < 1 ? "<1%" : `${Math.round(share)}%`;
}
