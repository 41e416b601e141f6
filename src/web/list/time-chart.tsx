import { useState } from "preact/hooks";
import { cost, count, duration, plural } from "../../text/format.js";
import { type Bar, MEASURES, type Measure, type OverTime } from "./over-time.js";
import { short } from "./totals-bar.js";

interface TimeChartProps {
  readonly over: OverTime;
  readonly measure: Measure;
  readonly onMeasure: (measure: Measure) => void;
  /** The days that are filtered by; empty for none. */
  readonly days: { readonly from: string; readonly to: string };
  readonly onDays: (days: { readonly from: string; readonly to: string }) => void;
}

const LABELS: Readonly<Record<Measure, string>> = {
  sessions: "Sessions",
  cost: "Cost",
  tokens: "Tokens",
  duration: "Time",
};

/** A few bars are no broader for it, and leave the days room beside each other. */
const WIDEST_BAR_PX = 42;
const LEAST_PLOT_PX = 200;

/** Bars over time; a click on one leaves its sessions alone. */
export function TimeChart({ over: { unit, bars }, measure, onMeasure, days, onDays }: TimeChartProps) {
  const [pointed, point] = useState<number | null>(null);
  if (bars.length === 0) return null;
  const most = Math.max(...bars.map(({ value }) => value));
  const told = pointed === null ? undefined : bars[pointed];
  const [first, last] = [bars[0], bars.at(-1)];
  return (
    <div class="over-time">
      <div class="chart-head">
        <fieldset class="measures" aria-label="What the chart shows">
          {MEASURES.map((one) => (
            <button key={one} type="button" aria-pressed={one === measure} onClick={() => onMeasure(one)}>
              {LABELS[one]}
            </button>
          ))}
        </fieldset>
        <p class="told">
          {told ? barText(told, measure) : `by ${unit} of the last turn, up to ${amountText(most, measure)}`}
        </p>
      </div>
      {/* The days below begin and end where the bars do. */}
      <div class="plot" style={{ maxWidth: `max(${LEAST_PLOT_PX}px, ${bars.length * WIDEST_BAR_PX}px)` }}>
        <div class="bars">
          {bars.map((bar, index) => {
            const isChosen = bar.from === days.from && bar.to === days.to;
            return (
              <button
                key={bar.from}
                type="button"
                class="bar"
                aria-label={barText(bar, measure)}
                aria-pressed={isChosen}
                disabled={bar.sessions === 0}
                onMouseEnter={() => point(index)}
                onMouseLeave={() => point(null)}
                onFocus={() => point(index)}
                onBlur={() => point(null)}
                onClick={() => onDays(isChosen ? { from: "", to: "" } : { from: bar.from, to: bar.to })}
              >
                <span class="fine" style={{ height: heightOf(bar.value - bar.failed, most) }} />
                <span class="bad" style={{ height: heightOf(bar.failed, most) }} />
              </button>
            );
          })}
        </div>
        <p class="axis" aria-hidden="true">
          <span>{first?.from}</span>
          {bars.length > 1 && <span>{last?.to}</span>}
        </p>
      </div>
    </div>
  );
}

/** What is no nothing is to be seen. */
function heightOf(value: number, most: number): string {
  return value <= 0 || most <= 0 ? "0" : `max(2px, ${((100 * value) / most).toFixed(2)}%)`;
}

function barText({ from, to, value, failed, sessions }: Bar, measure: Measure): string {
  const when = from === to ? from : `${from} to ${to}`;
  const amount = measure === "sessions" ? "" : `, ${amountText(value, measure)}`;
  const bad = failed > 0 ? `, ${amountText(failed, measure)} with a failure` : "";
  return `${when}: ${plural(sessions, "session")}${amount}${bad}`;
}

function amountText(value: number, measure: Measure): string {
  switch (measure) {
    case "sessions":
      return count(value);
    case "cost":
      return cost(value);
    case "tokens":
      return `${short(value)} tokens`;
    case "duration":
      return duration(value);
    default:
      return measure satisfies never;
  }
}
