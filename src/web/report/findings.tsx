import { useMemo, useState } from "preact/hooks";
import { count } from "../../text/format.js";
import type { FindingData, TraceData } from "../data/report-data.js";
import { Content } from "./content.js";

interface FindingsProps {
  /** Those of the whole session, the dearest first. */
  readonly findings: readonly FindingData[];
  /** The turn that is shown: what is in it can be opened. */
  readonly trace: TraceData;
  readonly onOpen: (row: number) => void;
}

/** So many are listed at first. */
const MOST = 5;

/** What could have been spared in the session, and what to do. */
export function Findings({ findings, trace, onOpen }: FindingsProps) {
  const [all, showAll] = useState(false);
  if (findings.length === 0) return null;
  return (
    <section class="findings" aria-label="Findings">
      <h2>What could have been spared{trace.turns > 1 && " in the whole session"}</h2>
      <ol>
        {(all ? findings : findings.slice(0, MOST)).map((one) => (
          <li key={`${one.title} ${one.evidence[0]}`}>
            <h3>
              <Content text={one.title} />
            </h3>
            <p class="price">{one.price}</p>
            {one.evidence.map((line) => (
              <p key={line}>
                <Content text={line} />
              </p>
            ))}
            <Places where={one.where} trace={trace} onOpen={onOpen} />
            <p class="advice">
              <Content text={one.advice} />
            </p>
          </li>
        ))}
      </ol>
      {!all && findings.length > MOST && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show all {count(findings.length)}
        </button>
      )}
    </section>
  );
}

/** The steps that a finding is in; those of another turn are told of with that turn. */
function Places({ where, trace, onOpen }: Pick<FindingData, "where"> & Omit<FindingsProps, "findings">) {
  const rows = useMemo(() => new Map(trace.rows.map(({ id }, row) => [id, row])), [trace]);
  const own = where.flatMap(({ turn, step, spanId }) => {
    const row = turn === trace.turn ? rows.get(spanId) : undefined;
    return row === undefined ? [] : [{ step, row }];
  });
  if (own.length === 0) return null;
  return (
    <p class="places">
      {own.map(({ step, row }) => (
        <button key={row} type="button" class="link" onClick={() => onOpen(row)}>
          step {step}
        </button>
      ))}
    </p>
  );
}
