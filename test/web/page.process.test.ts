import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { outcomeText } from "../../src/analysis/outcome.js";
import { cost, count, duration, known } from "../../src/text/format.js";
import { knownTokens, promptTokens, totalTokens } from "../../src/trace/usage.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { type OpenReport, type ReportBrowser, reportBrowser } from "../support/report-page.js";
import { callsIn, toolsIn } from "../trace/walk-trace.js";

allowColdStarts();

let browser: ReportBrowser;
let opened: OpenReport[] = [];

beforeAll(async () => {
  browser = await reportBrowser();
});

afterAll(() => browser?.close());

beforeEach(() => {
  opened = [];
});

afterEach(() => {
  for (const { troubles, requests } of opened) expect([troubles, requests]).toEqual([[], []]);
});

async function open(...[traces, options]: Parameters<ReportBrowser["open"]>): Promise<Page> {
  const report = await browser.open(traces, options);
  opened.push(report);
  return report.page;
}

function texts(page: Page, selector: string): Promise<readonly string[]> {
  return page.locator(selector).allTextContents();
}

function names(page: Page): Promise<readonly string[]> {
  return texts(page, ".row b");
}

describe.each(fixtureNames.filter((name) => name.endsWith("@1.18.33")))("%s", (name) => {
  test("opens without trouble, and its figures are the trace's", async () => {
    const traces = tracesOf(loadFixture(name), "log");
    const page = await open(traces);
    for (const [index, { loop }] of traces.entries()) {
      if (index > 0) await page.locator(".turn-list button").nth(index).click();
      const totals = loop.totalsWithSubagents;
      const figures = await page
        .locator(".figure")
        .evaluateAll((all) =>
          Object.fromEntries(all.map((one) => [one.getAttribute("data-figure"), one.querySelector("dd")?.textContent])),
        );
      expect(figures).toMatchObject({
        tokens: known(knownTokens(totals.calls, totalTokens(totals.usage))),
        cost: cost(totals.cost),
        steps: count(totals.steps),
        calls: count(totals.calls),
        tools: count(totals.tools),
      });
      expect(figures.time).toContain(duration(loop.end - loop.start));
      expect(await page.locator(".outcome").last().textContent()).toBe(
        outcomeText({ outcome: loop.outcome, errorCode: loop.error?.code ?? null }),
      );
    }
  });
});

test("the tokens of each call, the tools' latencies and the time account are the trace's", async () => {
  const { loop } = traceOf("multistep@1.18.33");
  const page = await open([traceOf("multistep@1.18.33")]);
  const rows = await page
    .locator(".calls li")
    .evaluateAll((all) => all.map((row) => [...row.children].slice(0, 7).map((cell) => cell.textContent)));
  expect(rows).toEqual(
    callsIn(loop).map(({ index, usage, cumulative }) => [
      `llm-call-${index}`,
      String(index),
      count(usage?.cacheRead ?? -1),
      count((usage?.input ?? -1) + (usage?.cacheWrite ?? 0)),
      count(usage?.output ?? -1),
      count(usage?.reasoning ?? -1),
      count(cumulative.contextTokens),
    ]),
  );
  const tools = toolsIn(loop);
  for (const name of new Set(tools.map((tool) => tool.name))) {
    const cells = await texts(page, `[data-tool="${name}"] td`);
    const own = tools.filter((tool) => tool.name === name).map(({ start, end }) => end - start);
    expect([cells[0], cells[5]]).toEqual([String(own.length), duration(Math.max(...own))]);
  }
  const account = (part: string) => texts(page, `[data-part="${part}"] dd`);
  expect((await account("tools")).join()).toContain(duration(loop.account.tools));
  const own = Object.values(loop.ownTime).filter((ms) => ms > 0);
  expect((await account("other")).map((text) => text.split(" ")[0]).toSorted()).toEqual(own.map(duration).toSorted());
});

test("a subagent is folded and unfolded by its triangle and by the arrow keys", async () => {
  const page = await open([traceOf("parallel-subagents@1.18.33")]);
  const all = await names(page);
  expect(all.filter((name) => name === "opencode.loop")).toHaveLength(3);
  const task = page.locator('.row:has(b:text-is("tool.task"))').first();
  await task.getByRole("button", { name: "Fold", exact: true }).click();
  expect(await task.getAttribute("aria-expanded")).toBe("false");
  expect((await names(page)).filter((name) => name === "opencode.loop")).toHaveLength(2);
  await page.locator(".tree").focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => names(page)).toEqual(all);
  await page.getByRole("button", { name: "Fold subagents" }).click();
  expect((await names(page)).filter((name) => name === "opencode.loop")).toHaveLength(1);
  await page.getByRole("button", { name: "Unfold all" }).click();
  await expect.poll(() => names(page)).toEqual(all);
});

test("the arrow keys walk, Enter opens the details, they follow, Escape closes them", async () => {
  const trace = traceOf("multistep@1.18.33");
  const page = await open([trace]);
  await page.locator(".tree").focus();
  const before = (await names(page)).indexOf("llm-call-0");
  for (let times = 0; times < before; times += 1) await page.keyboard.press("ArrowDown");
  expect(await texts(page, ".row.selected b")).toEqual(["llm-call-0"]);
  expect(await page.locator(".detail").count()).toBe(0);
  await page.keyboard.press("Enter");
  const call = at(callsIn(trace.loop), 0);
  const panel = page.locator(".detail");
  expect(await panel.textContent()).toContain(call.output.thinking);
  expect(await panel.textContent()).toContain(call.output.text);
  for (const { name } of call.output.toolCalls) expect(await panel.textContent()).toContain(`Tool call: ${name}`);
  expect(await panel.textContent()).toContain(`${count(promptTokens(call.usage ?? expect.fail()))} tokens`);
  expect(await texts(page, ".detail .causes .tokens")).toHaveLength(call.contextCauses.length);
  await page.keyboard.press("ArrowDown");
  expect(await panel.locator("h2").textContent()).toBe("tool.bash");
  expect(await panel.textContent()).toContain(at(toolsIn(trace.loop), 0).output);
  await page.keyboard.press("Escape");
  expect(await panel.count()).toBe(0);
  await page.keyboard.press("End");
  expect(await texts(page, ".row.selected b")).toEqual(["llm-call-3"]);
  await page.keyboard.press("ArrowLeft");
  expect(await texts(page, ".row.selected b")).toEqual(["loop.step-3"]);
});

test("Enter on what is open already goes into the details", async () => {
  const page = await open([traceOf("multistep@1.18.33")]);
  await page.locator(".tree").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  expect(await page.locator(".detail:focus").count()).toBe(1);
  await page.keyboard.press("Escape");
  expect(await page.locator(".tree:focus").count()).toBe(1);
});

test("a click opens a change as a diff, with its lines apart", async () => {
  const page = await open([traceOf("multistep@1.18.33")]);
  await page.locator('.row:has(b:text-is("tool.edit"))').click();
  expect(await texts(page, ".detail .line.removed")).toEqual(["-port = 8080"]);
  expect(await texts(page, ".detail .line.added")).toEqual(["+port = 9090"]);
});

test("/ searches everything, also what only the details hold; Enter walks through what was found", async () => {
  const page = await open([traceOf("subagent@1.18.33")]);
  const { loop } = traceOf("subagent@1.18.33");
  const bash = onlyOne(toolsIn(loop).filter(({ name }) => name === "bash"));
  await page.getByRole("button", { name: "Fold subagents" }).click();
  await page.keyboard.press("/");
  await page.keyboard.type(String(bash.output).trim().slice(0, 20));
  const matches = page.locator(".matches");
  await matches.filter({ hasText: /rows?$/ }).waitFor();
  const found = Number(/(\d+) rows?$/.exec((await matches.textContent()) ?? "")?.[1]);
  expect(found).toBeGreaterThan(0);
  // What is hidden in a folded subagent is unfolded.
  const walked = new Set<string>();
  for (let times = 0; times < found; times += 1) {
    await page.keyboard.press("Enter");
    walked.add((await texts(page, ".row.selected b")).join());
  }
  expect([...walked]).toContain("tool.bash");
  await page.locator('.row:has(b:text-is("tool.bash"))').click();
  expect(await page.locator(".detail mark").count()).toBeGreaterThan(0);
  await page.locator("input[type=search]").focus();
  await page.keyboard.press("Escape");
  expect(await page.locator(".row.other").count()).toBe(0);
  await page.keyboard.press("/");
  await page.keyboard.type("nothing holds this");
  await matches.filter({ hasText: /^0 rows$/ }).waitFor();
});

test("the search goes over all turns, and stays when another one is chosen", async () => {
  const page = await open(tracesOf(loadFixture("two-turns@1.18.33"), "log"));
  await page.keyboard.press("/");
  await page.keyboard.type("buy bread");
  const second = page.locator(".turn-list tbody tr").nth(1);
  await second.locator(".found").waitFor();
  await second.getByRole("button").click();
  const matches = page.locator(".matches").filter({ hasText: /rows?$/ });
  const found = Number(await second.locator(".found").textContent());
  expect(await matches.textContent()).toMatch(new RegExp(`^(1 of )?${found} rows?$`));
  expect(await page.locator(".row.match").count()).toBe(found);
});

test("zooming in spreads the bars, the whole trace comes back", async () => {
  const page = await open([traceOf("multistep@1.18.33")]);
  // The panel that opens beside the rows leaves them less room.
  const width = (): Promise<number> =>
    page
      .locator(".row.step .bar")
      .first()
      .evaluate((bar) => bar.getBoundingClientRect().width / (bar.parentElement?.getBoundingClientRect().width ?? 0));
  const before = await width();
  await page.locator(".row.step").first().dblclick();
  expect(await width()).toBeGreaterThan(before * 1.5);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Whole" }).click();
  expect(await width()).toBeCloseTo(before);
  await page.locator(".row.step .lane").first().hover();
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -300);
  await page.keyboard.up("Control");
  await expect.poll(width).not.toBeCloseTo(before);
});

test("the pointer shows what a row is, and nothing moves", async () => {
  const page = await open([traceOf("multistep@1.18.33")]);
  const height = () => page.evaluate("document.documentElement.scrollHeight");
  const before = await height();
  await page.locator(".row.call .lane").first().hover();
  const call = at(callsIn(traceOf("multistep@1.18.33").loop), 0);
  expect(await page.locator(".tooltip").textContent()).toContain(duration(call.end - call.start));
  await page.locator(".chart .u-over").hover();
  expect(await height()).toBe(before);
});

test("light or dark as the system is, until somebody switches", async () => {
  const page = await open([traceOf("multistep@1.18.33")], { colorScheme: "dark" });
  const back = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  const dark = await back();
  await page.emulateMedia({ colorScheme: "light" });
  await expect.poll(back).not.toBe(dark);
  const light = await back();
  await page.getByRole("button", { name: "Dark", exact: true }).click();
  await expect.poll(back).toBe(dark);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByRole("button", { name: "Light", exact: true }).click();
  await expect.poll(back).toBe(light);
});

test("the chart of tokens opens the call that is clicked", async () => {
  const page = await open([traceOf("multistep@1.18.33")]);
  const chart = page.locator(".chart .u-over");
  const box = (await chart.boundingBox()) ?? expect.fail();
  await chart.click({ position: { x: box.width - 40, y: box.height - 10 } });
  expect(await page.locator(".detail h2").textContent()).toBe("llm-call-3");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Sum so far" }).click();
  const { cacheRead } = traceOf("multistep@1.18.33").loop.totals.usage;
  expect(await page.locator(".reading dd").first().textContent()).toBe(count(cacheRead));
});

test("errors stand there with their typed state, and lead to their rows", async () => {
  const page = await open([traceOf("provider-401@1.18.33")]);
  const card = page.locator(".error.turn");
  expect(await card.locator("h3 code").textContent()).toBe("authentication_failed");
  const state = await card.locator(".facts").textContent();
  expect(state).toContain("retryablefalse");
  expect(state).toContain("statusCode401");
  expect(await card.locator(".advice").textContent()).toContain("opencode auth login");
  await card.getByRole("button").click();
  expect(await texts(page, ".row.selected b")).toEqual(["llm-call-0"]);
  expect(await page.locator(".detail .error.turn").count()).toBe(1);
});

test("equal errors are one card that says how often; a turn without tokens has no chart", async () => {
  const page = await open([traceOf("quota-exhausted@1.18.33")]);
  expect(await texts(page, ".errors .of")).toEqual(["ended the turn", "was tried again 5 times, first"]);
  expect(await page.locator('[data-figure="errors"] dd').first().textContent()).toBe("6");
  expect(await page.locator(".chart").count()).toBe(0);
  expect(await texts(page, ".calls li .content")).toEqual(["opencode recorded no tokens"]);
});

test.each([390, 768, 1280])("at %i px nothing is wider than the screen", async (width) => {
  const page = await open([traceOf("parallel-subagents@1.18.33"), traceOf("doom-loop@1.18.33")], {
    viewport: { width, height: 844 },
  });
  const overflow = () => page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  expect(await overflow()).toBe(0);
  await page.locator("#row-2").click();
  expect(await overflow()).toBe(0);
  const panel = (await page.locator(".detail").boundingBox()) ?? expect.fail();
  expect(panel.width).toBeCloseTo(width <= 1100 ? width : Math.min(620, width * 0.42), 0);
});

test("on paper all rows are there, and nothing that is for clicking", async () => {
  const page = await open([traceOf("doom-loop@1.18.33")]);
  await page.locator("#row-2").click();
  await page.emulateMedia({ media: "print" });
  await page.locator(".toolbar").first().waitFor({ state: "hidden" });
  expect(await page.locator(".detail").isVisible()).toBe(false);
  const { scrollHeight, clientHeight } = await page
    .locator(".tree")
    .evaluate(({ scrollHeight, clientHeight }) => ({ scrollHeight, clientHeight }));
  expect(scrollHeight).toBe(clientHeight);
});
