import { embeddedJson } from "./embedded-json.js";
import { type PageAssets, pageHead } from "./page-policy.js";

/** A report as data: what its page is named by, and all else that it reads. */
export interface PagedReport {
  readonly data: { readonly title: string; readonly version: string };
  readonly chunks: readonly unknown[];
}

/**
 * The report as one HTML page that needs nothing else: no request is made, and the policy in it allows none.
 *
 * @returns pieces to be written one after the other: together they may be longer than one string can be
 */
export function reportHtml({ data, chunks }: PagedReport, assets: PageAssets): string[] {
  const { script } = assets;
  return [
    `${pageHead(assets, { title: data.title, version: data.version, asksServer: false })}<noscript>This page draws a trace of opencode and needs JavaScript for it. It loads nothing from the network.</noscript>
<script type="application/json" id="report">${embeddedJson(data)}</script>
<script>${script}</script>
`,
    // The rows are drawn before these are read: of a long session they are most of the page.
    ...chunks.map(
      (chunk, index) => `<script type="application/json" id="chunk-${index}">${embeddedJson(chunk)}</script>\n`,
    ),
    "</body>\n</html>\n",
  ];
}
