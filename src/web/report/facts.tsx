import type { Fact } from "../data/report-data.js";
import { Content } from "./content.js";

/** Labels with what stands behind them. */
export function Facts({ facts, query }: { readonly facts: readonly Fact[]; readonly query: string }) {
  return (
    <dl class="facts">
      {facts.map(([label, value], index) => (
        // A label may stand there twice, as notes do.
        <div key={index}>
          <dt>
            <Content text={label} />
          </dt>
          <dd>
            <Content text={value} query={query} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
