import { createHash } from "node:crypto";

/** A page's own program and its looks, as they were bundled. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/**
 * The Content-Security-Policy of a page: its own script and style by their hashes, and nothing else.
 *
 * @param asksServer whether it may ask the server that it came from; else it asks no server at all
 */
export function pagePolicy({ script, style }: PageAssets, asksServer: boolean): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    ...(asksServer ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    // Whatever would make markup out of a string throws.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** A text as it may stand in HTML, between tags and in attributes with quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * What every page begins with, up to its own content.
 *
 * @param page.asksServer as for `pagePolicy`
 * @param page.version looptrace's own
 * @param page.back the address of the list of sessions, where it is to be linked
 */
export function pageHead(
  assets: PageAssets,
  page: {
    readonly title: string;
    readonly version: string;
    readonly asksServer: boolean;
    readonly back?: string | undefined;
  },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(assets, page.asksServer)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="looptrace ${escapeHtml(page.version)}">
<title>${escapeHtml(page.title)}</title>
<style>${assets.style}</style>
</head>
<body>
${page.back === undefined ? "" : `<nav class="back"><a href="${escapeHtml(page.back)}">← All sessions</a></nav>\n`}<div id="page"></div>
`;
}
