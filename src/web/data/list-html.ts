import { type PageAssets, pageHead } from "./page-policy.js";

/**
 * The page of the list, without what it lists: that comes from the server that the page is from, the only one that its
 * policy lets it ask.
 *
 * @param version looptrace's own
 */
export function listHtml(assets: PageAssets, version: string): string {
  const { script } = assets;
  return `${pageHead(assets, { title: "Sessions · looptrace", version, asksServer: true })}<noscript>This page lists the sessions that looptrace has kept and needs JavaScript for it.</noscript>
<script>${script}</script>
</body>
</html>
`;
}
