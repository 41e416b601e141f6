import { type Ended, outcomeText } from "../../analysis/outcome.js";
import { cost, count, duration, known } from "../../text/format.js";
import type { TraceData } from "../data/report-data.js";
import { Content } from "./content.js";

interface TurnsProps {
  readonly traces: readonly TraceData[];
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  /** How many rows of each turn hold what is searched for; null while nothing is. */
  readonly matches: readonly number[] | null;
}

/** Several turns or sessions; the chosen one is shown below. */
export function Turns({ traces, chosen, onChoose, matches }: TurnsProps) {
  return (
    <section class="turns" aria-label="Turns">
      <h2>{traces.length} turns</h2>
      <div class="wide turn-list">
        <table>
          <thead>
            <tr>
              <th scope="col">Prompt</th>
              <th scope="col">Outcome</th>
              {["Time", "Steps", "Tokens", "Cost", "Errors"].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {traces.map((trace, index) => (
              <tr key={trace.traceId} class={index === chosen ? "chosen" : undefined}>
                <td>
                  <button
                    type="button"
                    class="link"
                    aria-current={index === chosen ? "true" : undefined}
                    onClick={() => onChoose(index)}
                  >
                    <Content text={firstLine(trace.prompt)} />
                  </button>
                  {(matches?.[index] ?? 0) > 0 && <mark class="found">{count(matches?.[index] ?? 0)}</mark>}
                </td>
                <td>
                  <Outcome ended={trace} />
                </td>
                <td class="number">{duration(trace.duration)}</td>
                <td class="number">{count(trace.totals.steps)}</td>
                <td class="number">{known(trace.totals.tokens)}</td>
                <td class="number">{cost(trace.totals.cost)}</td>
                <td class="number">{count(trace.errors.length)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Outcome({ ended }: { readonly ended: Ended }) {
  return <span class={`outcome ${ended.outcome}`}>{outcomeText(ended)}</span>;
}

/** A prompt may be as long as a book. */
function firstLine(prompt: string): string {
  const line = prompt.trim().split("\n", 1)[0] ?? "";
  if (line === "") return "(no prompt)";
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
