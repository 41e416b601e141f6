import { afterAll, beforeAll, expect, test } from "vitest";
import type { SegmentOwner } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { traceOf } from "../support/fixtures.js";
import { type MadeCall, madeTexts, withMadeWire } from "../support/made-wire.js";
import { type ReportBrowser, reportBrowser } from "../support/report-page.js";
import { loadWireFixture } from "../support/wire-fixtures.js";

allowColdStarts();

let browser: ReportBrowser;

beforeAll(async () => {
  browser = await reportBrowser();
});

afterAll(() => browser?.close());

const HOSTILE = '<img src=x onerror="document.title=1"></script>\u202e\u001b[2J';
const tool = (name: string): SegmentOwner => ({ kind: "tool-schema", tool: name, origin: "mcp", server: "jira" });
const parts: readonly (readonly [SegmentOwner, string, number])[] = [
  [{ kind: "system", section: "opencode", source: null }, "You are opencode.", 2000],
  [{ kind: "system", section: "instructions", source: `AGENTS.md${HOSTILE}` }, HOSTILE, 500],
  [tool("jira_get"), "gets an issue", 900],
  [tool("jira_put"), "puts an issue", 100],
  [{ kind: "prompt" }, "Fix it.", 30],
];
const segments = parts.map(([owner, text, tokens]) => ({ owner, text, tokens }));
const result: SegmentOwner = { kind: "tool-result", tool: "bash", callId: "c", argument: "ls" };
const usage = { input: 3530, output: 10, reasoning: 0, cacheRead: 0, cacheWrite: 0 };
const calls: readonly MadeCall[] = [
  { segments, usage, cost: 0.01 },
  { segments: [...segments, { owner: result, text: "a b c", tokens: 4000 }], usage, cost: 0.01 },
];
const trace = withMadeWire(traceOf("multistep@1.18.33"), calls);

test.each([
  ["light", 1440],
  ["dark", 390],
] as const)("what a prompt is made of, in a %s page of %i pixels", async (colorScheme, width) => {
  const options = { colorScheme, viewport: { width, height: 900 } };
  const { page, troubles, requests } = await browser.open([trace], options, madeTexts(calls));
  const section = page.getByRole("region", { name: "Prompts" });
  // The longest prompt, and in it the largest owner's parts.
  expect(await section.locator(".part-line").allTextContents()).toEqual(["4,000result of bash ls"]);
  await section.locator("select").selectOption("0");
  await section.getByRole("button", { name: "MCP server jira: 1,000 tokens, 28%" }).press("Enter");
  expect(await section.locator(".part-line").allTextContents()).toEqual(["900tool jira_get", "100tool jira_put"]);
  await section.locator(".part-line").first().press("Enter");
  expect(await section.locator(".part-list pre").allTextContents()).toEqual(["gets an issue"]);
  expect(await section.locator(".unused").textContent()).toContain(
    "MCP server jira: 2 tools, 1,000 tokens, never called",
  );
  expect(await section.locator(".bill tbody tr").count()).toBe(6);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect([troubles, requests]).toEqual([[], []]);
});

test("a call's panel shows the request as it was sent, and nothing in it is obeyed", async () => {
  const { page, troubles } = await browser.open([trace], undefined, madeTexts(calls));
  await page.locator(".prompts .toolbar .link").click();
  const panel = page.locator("aside.detail");
  expect(await panel.locator(".sent > summary").allTextContents()).toEqual([
    "Sent: system prompt2,500 tokens",
    "Sent: tools1,000 tokens",
    "Sent: messages4,030 tokens",
  ]);
  expect(await panel.locator(".facts").textContent()).toContain("request idreq_1");
  await panel.locator(".sent > summary").first().click();
  await panel.locator(".sent-part > summary").nth(1).click();
  expect(await panel.locator(".sent-part pre").textContent()).toBe(
    '<img src=x onerror="document.title=1"></script>U+202EESC[2J',
  );
  expect(await page.title()).not.toBe("1");
  expect(troubles).toEqual([]);
});

test("what is searched for is found at the call that sent it first, and shown there", async () => {
  const { page, troubles } = await browser.open([trace], undefined, madeTexts(calls));
  await page.keyboard.press("/");
  await page.keyboard.type("GETS AN ISSUE");
  await page
    .locator(".matches")
    .filter({ hasText: /^1 row$/ })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".row.selected").click();
  const panel = page.locator("aside.detail");
  expect(await panel.locator("h2").textContent()).toBe("llm-call-0");
  expect(await panel.locator(".sent-part pre mark").allTextContents()).toEqual(["gets an issue"]);
  expect(troubles).toEqual([]);
});

test("without a recording the page has no such section", async () => {
  const { page } = await browser.open([traceOf("multistep@1.18.33")]);
  expect(await page.getByRole("region", { name: "Tools" }).count()).toBe(1);
  expect(await page.getByRole("region", { name: "Prompts" }).count()).toBe(0);
});

test("what could have been spared is told, and leads to where it is", async () => {
  const { tree, evidence } = loadWireFixture("wasteful@1.18.33");
  const { page, troubles } = await browser.open(traceSession(tree, evidence));
  const card = page.getByRole("region", { name: "Findings" });
  expect(await card.locator("h3").allTextContents()).toEqual(
    expect.arrayContaining(["src/ledger.mjs was read again unchanged", "The cache broke: the system prompt changed"]),
  );
  const read = card.locator("li").filter({ hasText: "read again unchanged" });
  expect(await read.locator(".advice").textContent()).toMatch(/^Its content was in the context already/);
  await read.getByRole("button", { name: "step 6" }).click();
  expect(await page.locator("aside.detail h2").textContent()).toBe("tool.read");
  expect(troubles).toEqual([]);
});
