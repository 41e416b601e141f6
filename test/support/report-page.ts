import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { inject, onTestFinished } from "vitest";
import { bundlePage } from "../../build-page.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { reportBuilder } from "../../src/view/report/build-report.js";
import { reportHtml } from "../../src/view/report/report-html.js";
import { launchBrowser } from "./browser.js";

/** A report in a browser, with all that it did beside showing itself. */
export interface OpenReport {
  readonly page: Page;
  /** Console errors and warnings, exceptions, violations of the policy. */
  readonly troubles: string[];
  /** Whatever was asked for but the file itself. */
  readonly requests: string[];
}

export interface ReportBrowser {
  open(traces: readonly LoopTrace[], options?: BrowserContextOptions): Promise<OpenReport>;
  close(): Promise<void>;
}

/** A browser for the reports of one test file. The page is bundled from the sources as they are now. */
export async function reportBrowser(): Promise<ReportBrowser> {
  const [browser, assets] = await Promise.all([launchBrowser(inject("browserFolder")), bundlePage()]);
  const folder = await mkdtemp(join(tmpdir(), "looptrace-report-"));
  let files = 0;
  return {
    async open(traces, options = {}) {
      const builder = reportBuilder("1.2.3");
      for (const trace of traces) builder.add(trace);
      files += 1;
      const path = join(folder, `${files}.html`);
      await writeFile(path, reportHtml(builder.finish(), assets).join(""));
      return openFile(browser, path, options);
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openFile(browser: Browser, path: string, options: BrowserContextOptions): Promise<OpenReport> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const url = pathToFileURL(path).href;
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
    if (request.url() !== url) requests.push(request.url());
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
