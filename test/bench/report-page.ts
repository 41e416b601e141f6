/**
 * How quickly a long report opens and scrolls, measured in the browser that the tests use. It draws without a graphics
 * card, so that a real one is quicker.
 *
 *   npx tsx test/bench/report-page.ts
 *   npx tsx test/bench/report-page.ts --steps 10000 --out /tmp/long.html
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { z } from "zod";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { count } from "../../src/text/format.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { bundlePage } from "../../src/web/bundle-pages.js";
import { reportBuilder } from "../../src/web/data/build-report.js";
import { reportHtml } from "../../src/web/data/report-html.js";
import { launchBrowser } from "../support/browser.js";
import { syntheticSession } from "./synthetic-session.js";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "5000" },
    rounds: { type: "string", default: "5" },
    out: { type: "string" },
  },
});

/** About what a step takes whose tools tell little. */
const BYTES_A_STEP = 7_700;
const LONGEST_OUTPUT = 600;

/** One turn of so many steps, those of its subagents among them. */
async function longReport(wanted: number) {
  const { exports } = syntheticSession(wanted * BYTES_A_STEP, 1, LONGEST_OUTPUT, Number.POSITIVE_INFINITY);
  const trees = assembleSessions(exports.map((one, index) => readExport(one, `export ${index}`)));
  const builder = reportBuilder("bench");
  for (const tree of trees) for (const trace of traceSession(tree)) builder.add(trace);
  const report = builder.finish("A long session");
  const [trace] = report.data.traces;
  return {
    html: reportHtml(report, await bundlePage("report")).join(""),
    steps: trace?.totals.steps ?? 0,
    rows: trace?.rows.length ?? 0,
  };
}

async function measure(folder: string, url: string, rounds: number): Promise<void> {
  const browser = await launchBrowser(folder);
  try {
    for (const viewport of [
      { width: 1440, height: 900 },
      { width: 390, height: 844 },
    ]) {
      const context = await browser.newContext({ viewport });
      const opened: Opening[] = [];
      const scrolled: Scrolled[] = [];
      const plain: Scrolled[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const page = await context.newPage();
        opened.push(await openingOf(page, url));
        scrolled.push(await scrollingOf(page, ".tree"));
        await page.close();
        // The report's own rules let nothing be written into it.
        const beside = await context.newPage();
        await beside.setContent(PLAIN_PAGE);
        plain.push(await scrollingOf(beside, "#plain"));
        await beside.close();
      }
      await context.close();
      const figure = (name: keyof Opening): string => `${Math.round(median(opened.map((one) => one[name])))} ms`;
      process.stdout.write(
        `${viewport.width} px: rows are painted after ${figure("painted")} (${figure("work")} of work in the page), ` +
          `all is there after ${figure("loaded")} (${figure("workOfAll")})\n` +
          `  scrolling:      ${framesText(scrolled)}\n` +
          `  a plain page's: ${framesText(plain)}\n`,
      );
    }
  } finally {
    await browser.close();
  }
}

/** How long the page's thread was at work since the page was there, ms of CPU: a busy machine does not change it. */
async function workOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  };
}

const opening = z.object({ painted: z.number() });
interface Opening {
  /** ms since the navigation began, till rows were painted. */
  readonly painted: number;
  /** ms of CPU until then. */
  readonly work: number;
  /** The same till all of the page was there, and could be searched. */
  readonly loaded: number;
  readonly workOfAll: number;
}

async function openingOf(page: Page, url: string): Promise<Opening> {
  await page.addInitScript({
    content: `globalThis.opening = new Promise((resolve) => {
      const frame = () => {
        // What is in the document now is painted with this frame.
        if (document.querySelector(".row .bar")) setTimeout(() => resolve({ painted: performance.now() }));
        else requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });`,
  });
  const work = await workOf(page);
  const before = await work();
  await page.goto(url, { waitUntil: "commit" });
  const { painted } = opening.parse(await page.evaluate("globalThis.opening"));
  const spent = (await work()) - before;
  await page.waitForLoadState("load");
  const loaded = await page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart");
  return { painted, work: spent, loaded: z.number().parse(loaded), workOfAll: (await work()) - before };
}

interface Scrolled {
  /** How long each frame took, ms. */
  readonly frames: readonly number[];
  /** ms of CPU in all. */
  readonly work: number;
}

/**
 * Scrolls as far with each frame as a quick hand does, 3,000 px a second at 60 frames: however few frames the machine
 * draws in a second, each has the same to do.
 */
async function scrollingOf(page: Page, container: string): Promise<Scrolled> {
  const work = await workOf(page);
  const before = await work();
  const frames = await page.evaluate(`new Promise((resolve) => {
    const rows = document.querySelector(${JSON.stringify(container)});
    const frames = [];
    let last;
    const frame = (now) => {
      if (last !== undefined) frames.push(now - last);
      last = now;
      rows.scrollTop += ${PX_A_FRAME};
      if (frames.length < ${FRAMES}) requestAnimationFrame(frame);
      else resolve(frames);
    };
    requestAnimationFrame(frame);
  })`);
  return { frames: z.array(z.number()).parse(frames), work: (await work()) - before };
}

const PX_A_FRAME = 50;
const FRAMES = 180;

/** Rows of the same height with a name each, and nothing that moves: what a browser takes to scroll at all. */
const PLAIN_PAGE = `<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="plain" style="height:100vh;overflow:auto">${Array.from(
  { length: 1000 },
  (_, row) =>
    `<div style="height:28px;font:13px sans-serif">row ${row} of a plain page, with a text as long as a row's</div>`,
).join("")}</div>`;

function framesText(scrolled: readonly Scrolled[]): string {
  const frames = scrolled.flatMap((one) => one.frames).sort((a, b) => a - b);
  const seconds = frames.reduce((sum, ms) => sum + ms, 0) / 1000;
  const late = frames.filter((ms) => ms > 1.5 * (1000 / 60)).length;
  const worst = frames[Math.floor(frames.length * 0.99)] ?? 0;
  const work = scrolled.reduce((sum, one) => sum + one.work, 0) / frames.length;
  return `${(frames.length / seconds).toFixed(1)} frames a second, ${late} of ${frames.length} late, p99 ${worst.toFixed(1)} ms; ${work.toFixed(1)} ms of work in the page for each`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const folder = await mkdtemp(join(tmpdir(), "looptrace-report-page-"));
try {
  const path = values.out ?? join(folder, "report.html");
  const { html, steps, rows } = await longReport(Number(values.steps));
  await writeFile(path, html);
  process.stdout.write(
    `A page of ${count(steps)} steps, ${count(rows)} rows, ${(Buffer.byteLength(html) / 1e6).toFixed(1)} MB\n\n`,
  );
  await measure(folder, pathToFileURL(path).href, Number(values.rounds));
} finally {
  await rm(folder, { recursive: true, force: true });
}
