import { cost, costDecimals, count } from "../../text/format.js";
import type { BillData } from "../data/report-data.js";
import { Content } from "./content.js";

/** What the prompts of the whole session have cost, by owner. */
export function Bill({
  bill: { calls, rows, paidTokens, cachedTokens, cost: usd, unused, error },
}: {
  readonly bill: BillData;
}) {
  const decimals = costDecimals(rows.flatMap((row) => row.cost ?? []));
  const all = { group: "rest", name: "all", calls, paidTokens, cachedTokens, cost: usd } as const;
  return (
    <>
      <h3>What the session's prompts have cost</h3>
      {unused.length > 0 && (
        <ul class="unused">
          {unused.map((line) => (
            <li key={line}>
              <Content text={line} />
            </li>
          ))}
        </ul>
      )}
      <div class="wide">
        <table class="bill">
          <thead>
            <tr>
              <th scope="col">Whose</th>
              {["Calls", "Paid tokens", "Cached", "Cost"].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...rows, all].map((row) => (
              <tr key={`${row.group} ${row.name}`}>
                <th scope="row">
                  {row !== all && <span class={`dot ${row.group}`} />}
                  <Content text={row.name} />
                </th>
                <td class="number">{count(row.calls)}</td>
                <td class="number">{count(row.paidTokens)}</td>
                <td class="number">
                  {row.paidTokens === 0 ? "–" : `${Math.round((row.cachedTokens / row.paidTokens) * 100)}%`}
                </td>
                <td class="number">{cost(row.cost, decimals)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">{error}</p>
    </>
  );
}
