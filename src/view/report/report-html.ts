import { createHash } from "node:crypto";
import type { Report } from "./build-report.js";
import { embeddedJson } from "./embedded-json.js";

/** The page's own program and its looks, as they were bundled. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/**
 * The report as one HTML page that needs nothing else: no request is made, and the policy in it allows none.
 *
 * @returns pieces to be written one after the other: together they may be longer than one string can be
 */
export function reportHtml({ data, chunks }: Report, { script, style }: PageAssets): string[] {
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    // Whatever would make markup out of a string throws.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return [
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="looptrace ${escapeHtml(data.version)}">
<title>${escapeHtml(data.title)}</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This page draws a trace of opencode and needs JavaScript for it. It asks nobody for anything.</noscript>
<script type="application/json" id="report">${embeddedJson(data)}</script>
`,
    ...chunks.map(
      (chunk, index) =>
        `<script type="application/json" id="chunk-${index}">${embeddedJson(chunk)}</script>\n`,
    ),
    `<script>${script}</script>\n</body>\n</html>\n`,
  ];
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
