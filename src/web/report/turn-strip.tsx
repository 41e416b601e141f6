import { duration } from "../../text/format.js";
import type { TraceData } from "../data/report-data.js";

interface TurnStripProps {
  readonly traces: readonly TraceData[];
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  /** How many rows of each turn hold what is searched for; null while nothing is. */
  readonly matches: readonly number[] | null;
}

/** All turns in one line, each as long as it took and in the colours of where its time went; what lay between is left out. */
export function TurnStrip({ traces, chosen, onChoose, matches }: TurnStripProps) {
  return (
    <fieldset class="turn-strip" aria-label="Turns by their time">
      {traces.map(({ traceId, duration: ms, account, errors, outcome }, index) => {
        const text = `Turn ${index + 1}: ${duration(ms)}, ${outcome}`;
        return (
          <button
            key={traceId}
            type="button"
            class={`${errors.length > 0 ? "failed" : ""} ${(matches?.[index] ?? 0) > 0 ? "found" : ""}`}
            style={{ flexGrow: String(Math.max(1, ms)) }}
            title={text}
            aria-label={text}
            aria-current={index === chosen ? "true" : undefined}
            onClick={() => onChoose(index)}
          >
            <span class="stack" aria-hidden="true">
              {account.map(({ kind, label, ms: part }) => (
                <span key={label} class={`part ${kind}`} style={{ flexGrow: String(part) }} />
              ))}
            </span>
            <span class="turn-number">{index + 1}</span>
          </button>
        );
      })}
    </fieldset>
  );
}
