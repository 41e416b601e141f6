import type { ReportData } from "../data/report-data.js";

/** Where the page's figures come from: of a recorded session not all of them are opencode's. */
export function sourcesText({ traces, recorded }: Pick<ReportData, "recorded"> & CallCounts): string {
  if (recorded) {
    return "Times and costs are as opencode recorded them, or as its recorded requests tell; tokens and costs of prompts' parts are reckoned; ~ is an estimate.";
  }
  const isLacking = traces.some(({ totals }) => totals.calls > 0);
  return `All times and costs are as opencode recorded them; ~ is an estimate.${isLacking ? " Requests to models were not recorded." : ""}`;
}

/** Of each turn, how many calls it has. */
interface CallCounts {
  readonly traces: readonly { readonly totals: { readonly calls: number } }[];
}
