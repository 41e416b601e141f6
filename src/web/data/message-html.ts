import { escapeHtml, type PageAssets, pageHead } from "./page-policy.js";

/**
 * A page that says why there is nothing to show.
 *
 * @param version looptrace's own
 * @param text cleaned of control characters
 * @param back the address of the list
 */
export function messageHtml(assets: PageAssets, version: string, text: string, back: string): string {
  return `${pageHead(assets, { title: "looptrace", version, asksServer: false, back })}<main><section><p class="failure">${escapeHtml(text)}</p></section></main>
</body>
</html>
`;
}
