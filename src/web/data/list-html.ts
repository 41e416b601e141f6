import { escapeHtml, type PageAssets, pagePolicy } from "./page-policy.js";

/**
 * The page of the list, without what it lists: that comes from the server that the page is from, the only one that its
 * policy lets it ask.
 *
 * @param version looptrace's own
 */
export function listHtml(assets: PageAssets, version: string): string {
  const { script, style } = assets;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(assets, true)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="looptrace ${escapeHtml(version)}">
<title>Sessions · looptrace</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This page lists the sessions that looptrace has kept and needs JavaScript for it.</noscript>
<script>${script}</script>
</body>
</html>
`;
}
