import type { Report } from "./build-report.js";
import { embeddedJson } from "./embedded-json.js";
import { escapeHtml, type PageAssets, pagePolicy } from "./page-policy.js";

/**
 * The report as one HTML page that needs nothing else: no request is made, and the policy in it allows none.
 *
 * @returns pieces to be written one after the other: together they may be longer than one string can be
 */
export function reportHtml({ data, chunks }: Report, assets: PageAssets): string[] {
  const { script, style } = assets;
  return [
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(assets, false)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="looptrace ${escapeHtml(data.version)}">
<title>${escapeHtml(data.title)}</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This page draws a trace of opencode and needs JavaScript for it. It loads nothing from the network.</noscript>
<script type="application/json" id="report">${embeddedJson(data)}</script>
`,
    ...chunks.map(
      (chunk, index) => `<script type="application/json" id="chunk-${index}">${embeddedJson(chunk)}</script>\n`,
    ),
    `<script>${script}</script>\n</body>\n</html>\n`,
  ];
}
