import { afterAll, beforeAll, expect, test } from "vitest";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { count } from "../../src/text/format.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { syntheticSession } from "../bench/synthetic-session.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { onlyOne } from "../support/fixtures.js";
import { type ReportBrowser, reportBrowser } from "../support/report-page.js";
import { assistant, exportOf, stepFinish, stepStart, T0, text, tool, treeOf, user } from "../trace/make-session.js";
import { toolsIn } from "../trace/walk-trace.js";

allowColdStarts();

let browser: ReportBrowser;

beforeAll(async () => {
  browser = await reportBrowser();
});

afterAll(() => browser?.close());

/** One turn with so many steps, each with a call and a tool. */
function manySteps(steps: number): LoopTrace {
  const messages = Array.from({ length: steps }, (_, index) => {
    const at = 10 + index * 100;
    return assistant(at, at + 90, [
      stepStart(at + 1),
      text(at + 5, at + 20, `Step ${index} says something.`),
      tool(at + 25, at + 30, at + 80, { callID: `call_${index}` }),
      stepFinish(at + 85),
    ]);
  });
  return onlyOne(traceSession(treeOf(exportOf([user(0, "Go on and on."), ...messages]))));
}

test("5,000 steps open, with as many rows in the document as can be seen", async () => {
  const trace = manySteps(5000);
  expect(trace.loop.start).toBeGreaterThanOrEqual(T0);
  const { page, troubles } = await browser.open([trace]);
  expect(await page.locator('[data-figure="steps"] dd').first().textContent()).toBe(count(5000));
  const rows = page.locator(".row");
  const most = 100;
  expect(await rows.count()).toBeGreaterThan(10);
  expect(await rows.count()).toBeLessThan(most);
  expect(await page.locator(".calls li").count()).toBeLessThan(most);
  await page.locator(".tree").focus();
  await page.keyboard.press("End");
  // A long trace begins with its steps folded, which show their tools then.
  const last = page.locator('.row.selected:has(b:text-is("loop.step-4999"))');
  expect(await last.locator(".chip").allTextContents()).toEqual(["bash"]);
  // Zoomed to what is in sight the bars can be seen, and come along when the rows are scrolled.
  const bars = () => page.locator(".row .piece").count();
  await page.keyboard.press("f");
  await expect.poll(bars).toBeGreaterThan(10);
  await page.keyboard.press("Home");
  await expect.poll(bars).toBeGreaterThan(10);
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("End");
  await page.locator('.row.selected:has(b:text-is("tool.bash"))').waitFor();
  expect(await rows.count()).toBeLessThan(most);
  await page.keyboard.press("/");
  await page.keyboard.insertText("Step 4321 says");
  await page
    .locator(".matches")
    .filter({ hasText: /rows?$/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".row.selected.match").waitFor();
  expect(await page.locator(".row.selected").textContent()).toMatch(/llm-call-4321|opencode.loop/);
  expect(await rows.count()).toBeLessThan(most);
  expect(troubles).toEqual([]);
});

test("a session of many megabytes opens, and every text of it can be had", async () => {
  const { exports } = syntheticSession(12_000_000);
  const trees = assembleSessions(exports.map((one, index) => readExport(one, `export ${index}`)));
  const traces = trees.flatMap((tree) => traceSession(tree));
  const { page, troubles } = await browser.open(traces);
  const last = traces.at(-1) ?? expect.fail();
  await page.locator(".turn-list button").last().click();
  const longest = toolsIn(last.loop).toSorted((a, b) => (b.output?.length ?? 0) - (a.output?.length ?? 0))[0];
  const output = longest?.output ?? expect.fail();
  await page.keyboard.press("/");
  await page.keyboard.insertText(output.slice(-60).split("\n").at(-1) ?? "");
  await page
    .locator(".matches")
    .filter({ hasText: /[1-9]\d* rows?$/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".tree").focus();
  await page.keyboard.press("Enter");
  expect(await page.locator(".detail mark").count()).toBeGreaterThan(0);
  expect(await page.locator(".row").count()).toBeLessThan(100);
  expect(troubles).toEqual([]);
});
