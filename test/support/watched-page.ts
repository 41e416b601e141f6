import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { onTestFinished } from "vitest";

/** A page in a browser, with all that it did beside showing itself. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, exceptions, violations of the policy. */
  readonly troubles: string[];
  /** Whatever was asked for that was not expected. */
  readonly requests: string[];
}

/**
 * Opens a page in a context of its own, which goes away with the test.
 *
 * @param isExpected whether the page may ask for this URL
 */
export async function openWatched(
  browser: Browser,
  url: string,
  isExpected: (url: string) => boolean,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const troubles: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("dialog", (dialog) => {
    troubles.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!isExpected(request.url())) requests.push(request.url());
  });
  await page.exposeFunction("reportViolation", (what: string) => troubles.push(what));
  await page.addInitScript({ content: TELL_VIOLATIONS });
  await page.goto(url);
  return { page, troubles, requests };
}

/** Runs in the page, before all that is in it. */
const TELL_VIOLATIONS = `
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
  reportViolation(violatedDirective + " " + blockedURI + " " + sample);
});
`;
