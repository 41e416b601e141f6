/** What a reader of a long report finds the way with: the overview, filters, the critical path, links to spans. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { criticalPath } from "../../src/analysis/critical-path.js";
import { LEAST_PHASE_MS } from "../../src/analysis/tree-rows.js";
import { duration } from "../../src/text/format.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";
import { type ReportBrowser, reportBrowser } from "../support/report-page.js";
import { callsIn, loopsIn, stepsIn, toolsIn } from "../trace/walk-trace.js";

allowColdStarts();

let browser: ReportBrowser;

beforeAll(async () => {
  browser = await reportBrowser();
});

afterAll(() => browser?.close());

function names(page: Page): Promise<readonly string[]> {
  return page.locator(".row b").allTextContents();
}

const NAME = "parallel-subagents@1.18.33";

test("rows are filtered, sorted by their time, and marked where the end waited for them", async () => {
  const trace = traceOf(NAME);
  const { page, troubles } = await browser.open([trace]);
  const all = await names(page);
  const tools = toolsIn(trace.loop);
  await page.getByLabel("Tool", { exact: true }).selectOption("bash");
  expect(await names(page)).toEqual([
    ...["opencode.loop", "loop.step-0", "tool.task", "opencode.loop", "loop.step-0", "tool.bash"],
  ]);
  expect(await page.locator(".wanted").textContent()).toBe(`1 of ${all.length} rows`);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("button", { name: "Errors", exact: true }).click();
  expect(await page.locator(".row.warning b, .row.failed b").allTextContents()).toEqual([
    ...["tool.task", "opencode.loop", "loop.step-0", "llm-call-0"],
  ]);
  await page.getByRole("button", { name: "Clear" }).click();

  await page.getByLabel("Order").selectOption("longest");
  const phases = [...loopsIn(trace.loop), ...stepsIn(trace.loop)].flatMap((one) => one.phases);
  const spans = [...callsIn(trace.loop), ...tools, ...phases.filter(({ start, end }) => end - start >= LEAST_PHASE_MS)];
  const times = spans.map(({ start, end }) => end - start).sort((a, b) => b - a);
  expect((await page.locator(".row .time").allTextContents()).map((text) => text.replace("~", ""))).toEqual(
    times.map(duration),
  );
  expect(await page.locator(".row.tool .unseen").first().textContent()).toBe(", step 0");
  await page.getByLabel("Order").selectOption("time");
  expect(await names(page)).toEqual(all);

  const waited = criticalPath(trace).filter(({ of }) => of === "call" || of === "tool");
  expect(await page.locator(".row.call .on-path, .row.tool .on-path").count()).toBe(waited.length);
  const [longest] = waited.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  const first = page.locator(".waits li").filter({ hasText: "tool.bash" });
  expect(await first.textContent()).toContain(duration((longest?.end ?? 0) - (longest?.start ?? 0)));
  await first.getByRole("button").click();
  expect(await page.locator(".row.selected b").textContent()).toBe("tool.bash");
  await page.keyboard.press("Escape");

  // What is folded shows what it hides.
  await page.getByRole("button", { name: "Fold steps" }).click();
  const step = page.locator(".row.step").first();
  expect(await step.locator(".chip").allTextContents()).toEqual(["task ×2, 1 failed"]);
  expect(await step.locator(".piece").count()).toBeGreaterThan(3);
  expect(troubles).toEqual([]);
});

test("the overview is drawn on, moved and cut by mouse, finger and keys", async () => {
  const { page, troubles } = await browser.open([traceOf(NAME)], { hasTouch: true });
  const strip = (await page.locator(".strip").boundingBox()) ?? expect.fail();
  const shown = async (): Promise<readonly number[]> => {
    const box = (await page.locator(".window").boundingBox()) ?? expect.fail();
    return [box.x - strip.x, box.x + box.width - strip.x].map((x) => Math.round((10 * x) / strip.width) / 10);
  };
  const drag = async (from: number, to: number): Promise<void> => {
    const y = strip.y + strip.height / 2;
    await page.mouse.move(strip.x + from * strip.width, y);
    await page.mouse.down();
    await page.mouse.move(strip.x + to * strip.width, y, { steps: 3 });
    await page.mouse.up();
  };
  expect(await shown()).toEqual([0, 1]);
  await drag(0.4, 0.8);
  expect(await shown()).toEqual([0.4, 0.8]);
  await drag(0.6, 0.5);
  expect(await shown()).toEqual([0.3, 0.7]);
  await drag(0.7, 0.9);
  expect(await shown()).toEqual([0.3, 0.9]);
  await page.getByRole("button", { name: "Only this stretch" }).click();
  const inSight = await names(page);
  await page.getByRole("button", { name: "Clear" }).click();
  expect(inSight.length).toBeLessThan((await names(page)).length);

  await page.getByRole("slider", { name: "Begin of what is shown" }).focus();
  await page.keyboard.press("Home");
  expect(await shown()).toEqual([0, 0.9]);
  await page.getByRole("slider", { name: "Stretch of time" }).focus();
  await page.keyboard.press("End");
  expect(await shown()).toEqual([0.1, 1]);
  await page.keyboard.press("0");
  expect(await shown()).toEqual([0, 1]);
  // A tap, and a click, go to what was at work then.
  await page.touchscreen.tap(strip.x + 0.85 * strip.width, strip.y + 20);
  expect(await page.locator(".row.selected b").textContent()).toBe("tool.bash");
  expect(troubles).toEqual([]);
});

test("an address leads to one span: it opens its turn, and what is folded above it", async () => {
  const traces = [...tracesOf(loadFixture("two-turns@1.18.33"), "log"), traceOf(NAME)];
  const { page, troubles } = await browser.open(traces);
  const { loop } = at(traces, 2);
  const bash = toolsIn(loop).find(({ name }) => name === "bash") ?? expect.fail();
  await page.evaluate(`location.hash = "#span=${bash.spanId}"`);
  await page.locator(".turn-strip [aria-current='true']", { hasText: "3" }).waitFor();
  expect(await page.locator(".row.selected b").textContent()).toBe("tool.bash");
  expect(await page.locator(".detail h2").textContent()).toBe("tool.bash");
  expect(await page.locator(".detail .where").textContent()).toBe("step 0/0/0");

  // The address follows what is opened, and is gone with it.
  const hash = () => page.evaluate("location.hash");
  await page.locator(".row.call").first().click();
  expect(await hash()).toBe(`#span=${at(callsIn(loop), 0).spanId}`);
  await page.evaluate(`navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }`);
  await page.getByRole("button", { name: "Copy a link to this span" }).click();
  expect(await page.evaluate("globalThis.copied")).toBe(await page.evaluate("location.href"));
  await page.reload();
  expect(await page.locator(".row.selected b").textContent()).toBe("llm-call-0");
  expect(await page.locator(".detail h2").textContent()).toBe("llm-call-0");
  await page.keyboard.press("Escape");
  expect(await hash()).toBe("");
  await page.evaluate(`location.hash = "#span=${"0".repeat(16)}"`);
  await page.getByText("is in none of the turns").waitFor();
  expect(troubles).toEqual([]);
});

test("on a phone rows keep their texts, and stay in sight above the sheet of what is opened", async () => {
  const { page, troubles } = await browser.open([traceOf(NAME)], { viewport: { width: 390, height: 844 } });
  await page.locator(".frame").scrollIntoViewIfNeeded();
  for (const text of await page.locator(".row.tool .text").all()) {
    expect((await text.boundingBox())?.width).toBeGreaterThan(60);
  }
  await page.locator(".row").last().click();
  const sheet = (await page.locator(".detail").boundingBox()) ?? expect.fail();
  const row = (await page.locator(".row.selected").boundingBox()) ?? expect.fail();
  expect(row.y + row.height).toBeLessThanOrEqual(sheet.y);
  expect(row.y).toBeGreaterThan(0);
  expect(troubles).toEqual([]);
});
