import { duration as durationText } from "../../text/format.js";
import type { AccountPart } from "../data/report-data.js";

interface AccountProps {
  readonly parts: readonly AccountPart[];
  readonly duration: number;
}

/** Where the time went: one bar, and its parts by name. */
export function Account({ parts, duration }: AccountProps) {
  if (parts.length === 0) return null;
  return (
    <section class="account" aria-label="Time account">
      <h2>Where {durationText(duration)} went</h2>
      <div class="stack" aria-hidden="true">
        {parts.map(({ kind, label, ms }) => (
          <span key={label} class={`part ${kind}`} style={{ flexGrow: String(ms) }} />
        ))}
      </div>
      <dl class="legend">
        {parts.map(({ kind, label, ms, percent }) => (
          <div key={label} data-part={kind}>
            <dt>
              <span class={`dot part ${kind}`} />
              {label}
            </dt>
            <dd>
              {durationText(ms)} <span class="percent">{percent}%</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
