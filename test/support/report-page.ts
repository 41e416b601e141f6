import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BrowserContextOptions } from "playwright-core";
import { sessionFindings } from "../../src/analysis/findings/session-findings.js";
import type { SegmentTexts } from "../../src/analysis/segment-texts.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { reportBuilder } from "../../src/web/data/build-report.js";
import { pageAssets } from "../../src/web/data/page-assets.js";
import { reportHtml } from "../../src/web/data/report-html.js";
import { sharedBrowser } from "./shared-browser.js";
import { openWatched, type WatchedPage } from "./watched-page.js";

/** A report in a browser; `requests` is whatever was asked for but the file itself. */
export type OpenReport = WatchedPage;

export interface ReportBrowser {
  /** @param texts what the parts of prompts say, by their hashes */
  open(traces: readonly LoopTrace[], options?: BrowserContextOptions, texts?: SegmentTexts): Promise<OpenReport>;
  close(): Promise<void>;
}

/** A browser for the reports of one test file. The page is the one that was bundled when the tests began. */
export async function reportBrowser(): Promise<ReportBrowser> {
  const [browser, assets] = await Promise.all([sharedBrowser(), pageAssets("report")]);
  const folder = await mkdtemp(join(tmpdir(), "looptrace-report-"));
  let files = 0;
  return {
    async open(traces, options, texts) {
      const builder = reportBuilder("1.2.3");
      for (const trace of traces) builder.add(trace, texts);
      const [first] = traces;
      builder.addFindings(sessionFindings(traces.filter(({ session }) => session.id === first?.session.id)));
      files += 1;
      const path = join(folder, `${files}.html`);
      await writeFile(path, reportHtml(builder.finish(), assets).join(""));
      const url = pathToFileURL(path).href;
      return openWatched(browser, url, (asked) => asked === url, options);
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
