import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { patiently } from "./patience.js";

/** A page in a browser, with all that it did beside showing itself. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, exceptions, violations of the policy. */
  readonly troubles: string[];
  /** Whatever was asked for that was not expected. */
  readonly requests: string[];
}

/** What a page is watched for while one test has it. */
interface Watch extends Omit<WatchedPage, "page"> {
  isExpected(url: string): boolean;
}

/** A page that tests have one after the other. */
interface Tab {
  readonly page: Page;
  watch: Watch;
}

const VIEWPORT = { width: 1280, height: 900 };

/** The tabs that no test has. A process of the browser's for each test would take longer than most tests do. */
const idle = new WeakMap<Browser, Tab[]>();

/**
 * Opens a page that nothing of another test is left in. One with options is in a context of its own.
 *
 * @param isExpected whether the page may ask for this URL
 */
export async function openWatched(
  browser: Browser,
  url: string,
  isExpected: (url: string) => boolean,
  options?: BrowserContextOptions,
): Promise<WatchedPage> {
  const tabs = idle.get(browser) ?? [];
  idle.set(browser, tabs);
  const tab = (options ? undefined : tabs.pop()) ?? (await newTab(browser, options));
  const { page } = tab;
  const watch = { troubles: [], requests: [], isExpected };
  tab.watch = watch;
  onTestFinished(async ({ task }) => {
    if (options || task.result?.state === "fail") return await page.context().close();
    await clear(page);
    tabs.push(tab);
  });
  await page.goto(url);
  return { page, ...watch };
}

async function newTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: VIEWPORT, ...options });
  context.setDefaultTimeout(patiently(30_000));
  const page = await context.newPage();
  const tab: Tab = { page, watch: { troubles: [], requests: [], isExpected: () => true } };
  const trouble = (text: string): void => void tab.watch.troubles.push(text);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble(message.text());
  });
  page.on("pageerror", (error) => trouble(error.message));
  page.on("dialog", (dialog) => {
    trouble(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const { watch } = tab;
    if (!watch.isExpected(request.url())) watch.requests.push(request.url());
  });
  await page.exposeFunction("reportViolation", trouble);
  await page.addInitScript({ content: TELL_VIOLATIONS });
  return tab;
}

/** What a test may have changed is as it was. */
async function clear(page: Page): Promise<void> {
  await page.evaluate("sessionStorage.clear()");
  await page.goto("about:blank");
  await page.emulateMedia({ media: null, colorScheme: null });
  await page.setViewportSize(VIEWPORT);
  await page.mouse.move(0, 0);
}

/** Runs in the page, before all that is in it. */
const TELL_VIOLATIONS = `
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
  reportViolation(violatedDirective + " " + blockedURI + " " + sample);
});
`;
