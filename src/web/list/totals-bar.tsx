import { cost, count, duration } from "../../text/format.js";
import type { ListTotals } from "./totals.js";

/** What the sessions that pass the filters come to. */
export function TotalsBar({ totals }: { readonly totals: ListTotals }) {
  const { usage } = totals;
  const output = usage.output + usage.reasoning;
  const figures: readonly (readonly [label: string, value: string, note: string])[] = [
    ["Sessions", count(totals.sessions), `${count(totals.turns)} turns, ${count(totals.steps)} steps`],
    ["With a failure", count(totals.failed), totals.sessions === 0 ? "" : share(totals.failed / totals.sessions)],
    ["Cost", cost(totals.cost), perSession(totals)],
    [
      "Tokens",
      short(totals.tokens),
      [totals.cached === null ? "" : `${share(totals.cached)} of prompts cached`, `${short(output)} written`]
        .filter(Boolean)
        .join(", "),
    ],
    ["Time", duration(totals.duration), totals.turns === 0 ? "" : `${duration(totals.duration / totals.turns)} a turn`],
  ];
  return (
    <dl class="totals" aria-label="Totals of the sessions below">
      {figures.map(([label, value, note]) => (
        <div key={label} class={label === "With a failure" && totals.failed > 0 ? "total bad" : "total"}>
          <dt>{label}</dt>
          <dd>
            <b>{value}</b>
            {note !== "" && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function perSession({ cost: sum, sessions }: ListTotals): string {
  return sum === null || sessions === 0 ? "" : `${cost(sum / sessions)} a session`;
}

function share(part: number): string {
  return `${(100 * part).toFixed(part > 0 && part < 0.0995 ? 1 : 0)} %`;
}

/** `812`, `15.3 k`, `2.4 M`: what a figure of many digits is read as. */
export function short(value: number): string {
  if (value < 10_000) return count(value);
  const [scaled, unit] = value < 1e6 ? [value / 1e3, "k"] : value < 1e9 ? [value / 1e6, "M"] : [value / 1e9, "G"];
  return `${scaled < 99.95 ? scaled.toFixed(1) : count(scaled)} ${unit}`;
}
