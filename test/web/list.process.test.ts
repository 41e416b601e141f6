import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { StorePaths } from "../../src/files/store-paths.js";
import { cost, count, duration } from "../../src/text/format.js";
import { listedSession, type SessionSummary } from "../../src/web/data/listed-session.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { loadFixture, tracesOf } from "../support/fixtures.js";
import { keepDamaged, keepFixture } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";
import { type ServedView, type ViewBrowser, viewBrowser } from "../support/view-browser.js";
import type { WatchedPage } from "../support/watched-page.js";

allowColdStarts();

const NAMES = ["multistep", "provider-401", "subagent", "two-turns"].map((name) => `${name}@1.18.33`);

let browser: ViewBrowser;
let opened: WatchedPage[] = [];

beforeAll(async () => {
  browser = await viewBrowser();
});

afterAll(() => browser?.close());

beforeEach(() => {
  opened = [];
});

afterEach(() => {
  for (const { troubles, requests } of opened) expect([troubles, requests]).toEqual([[], []]);
});

async function open(view: ServedView): Promise<Page> {
  const watched = await browser.open(view);
  opened.push(watched);
  await settled(watched.page);
  return watched.page;
}

/** Waits until all that is kept has been read. */
async function settled(page: Page): Promise<void> {
  await page
    .locator(".status output")
    .filter({ hasText: /sessions?$|here\.$/ })
    .waitFor();
}

async function keepAll(paths: StorePaths): Promise<void> {
  for (const name of NAMES) await keepFixture(paths, name);
}

function summaryOf(name: string): SessionSummary {
  const fixture = loadFixture(name);
  const listed = listedSession(fixture.session.info.id, tracesOf(fixture, "log"), 0);
  if (listed.kind !== "session") throw new Error(`${name} is not readable`);
  return listed;
}

function ids(page: Page): Promise<readonly (string | null)[]> {
  return page.locator("[data-session]").evaluateAll((all) => all.map((row) => row.getAttribute("data-session")));
}

test("every kept session is there with its figures, the newest first", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  const expected = NAMES.map(summaryOf).sort((a, b) => b.at - a.at);
  expect(await ids(page)).toEqual(expected.map(({ id }) => id));
  for (const one of expected) {
    const row = page.locator(`[data-session="${one.id}"]`);
    expect(await row.locator("a").textContent()).toBe(one.title);
    expect(await row.locator(".outcome").textContent()).toBe(one.outcome);
    expect(await row.locator(".code").allTextContents()).toEqual(one.errors);
    expect(await row.locator("td.number").allTextContents()).toEqual([
      count(one.steps),
      count(one.tokens),
      cost(one.cost),
      duration(one.duration),
    ]);
  }
});

test("a click on a column sorts, another one turns it round", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  const expected = NAMES.map(summaryOf)
    .sort((a, b) => b.tokens - a.tokens)
    .map(({ id }) => id);
  const tokens = page.getByRole("columnheader", { name: "Tokens" });
  await tokens.getByRole("button").click();
  expect(await tokens.getAttribute("aria-sort")).toBe("descending");
  expect(await ids(page)).toEqual(expected);
  await tokens.getByRole("button").click();
  expect(await tokens.getAttribute("aria-sort")).toBe("ascending");
  expect(await ids(page)).toEqual(expected.toReversed());
});

test("search and filters leave out what does not pass, and are there again on the way back", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  const failed = summaryOf("provider-401@1.18.33");
  await page.getByLabel("Outcome").selectOption(`error:${failed.errors[0]}`);
  expect(await ids(page)).toEqual([failed.id]);
  expect(await page.locator(".status output").textContent()).toBe("1 of 4 sessions");
  await page.getByRole("button", { name: "Show all" }).click();
  const turns = summaryOf("two-turns@1.18.33");
  await page.keyboard.press("/");
  await page.keyboard.type(`${turns.prompts[1]?.slice(0, 30).toUpperCase()}`);
  expect(await ids(page)).toEqual([turns.id]);
  await page.locator("a").click();
  await page.locator(".turn-list").waitFor();
  await page.goBack();
  await page.locator("[data-session]").waitFor();
  expect(await ids(page)).toEqual([turns.id]);
  await page.getByRole("searchbox").press("Escape");
  const longest = Math.max(...NAMES.map((name) => summaryOf(name).duration));
  await page.getByLabel("Time from").fill(String(longest / 1000));
  expect(await ids(page)).toEqual(
    NAMES.map(summaryOf)
      .filter((one) => one.duration === longest)
      .map(({ id }) => id),
  );
});

test("a session opens as its report, with its subagents", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "subagent@1.18.33");
  const page = await open(await browser.serve(paths));
  await page.locator(`[data-session="${id}"] a`).click();
  await page.locator(".tree").waitFor();
  expect(await page.locator("h1").textContent()).toBe(summaryOf("subagent@1.18.33").title);
  expect((await page.locator(".row b").allTextContents()).filter((name) => name === "opencode.loop")).toHaveLength(2);
});

test("a session that is kept later appears by itself, one that changes is shown as it is now", async () => {
  const paths = await temporaryStore();
  const page = await open(await browser.serve(paths));
  expect(await page.locator(".status").textContent()).toContain("Nothing is kept yet");
  const first = await keepFixture(paths, "multistep@1.18.33");
  await page.locator(`[data-session="${first}"]`).waitFor();
  const second = await keepFixture(paths, "plain-answer@1.18.33");
  await page.locator(`[data-session="${second}"]`).waitFor();
  const { title } = summaryOf("multistep@1.18.33");
  await keepFixture(paths, "multistep@1.18.33", (text) => text.replaceAll(title, "Another title"));
  await page.locator("a", { hasText: "Another title" }).waitFor();
  expect(await ids(page)).toHaveLength(2);
});

test("a session that cannot be read is listed with the reason", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  await keepDamaged(paths, "ses_damaged", "{ not JSON");
  const page = await open(await browser.serve(paths));
  expect(await page.locator('[data-session="ses_damaged"] .failure').textContent()).toContain("JSON");
  expect(await ids(page)).toContain(id);
  await page.getByLabel("Outcome").selectOption("unreadable");
  expect(await ids(page)).toEqual(["ses_damaged"]);
});

const ATTACK = [
  '<script>globalThis.pwned = 1</script><img src="x" onerror="globalThis.pwned = 1">',
  "\"></a><svg onload='globalThis.pwned = 1'>\u202Etxt.exe\u001b[31m\u2028javascript:globalThis.pwned=1",
].join("");

test("hostile titles, prompts and models are text", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "provider-401@1.18.33", (text) =>
    JSON.stringify(JSON.parse(text), (key, value: unknown) =>
      ["title", "text", "modelID", "directory", "message"].includes(key) && typeof value === "string" ? ATTACK : value,
    ),
  );
  await keepDamaged(paths, "ses_damaged", ATTACK);
  const page = await open(await browser.serve(paths));
  expect(await page.locator(`[data-session="${id}"] a`).textContent()).toContain("<script>");
  expect(await page.locator(".named").allTextContents()).toContain("U+202E");
  const found = await page.evaluate(`({
    pwned: globalThis.pwned ?? null,
    odd: document.querySelectorAll("img, svg, iframe, base, form, object, embed, link, [onerror], [onload], [src]").length,
    links: [...document.querySelectorAll("a")].map((link) => link.getAttribute("href")),
    scripts: document.querySelectorAll("script").length,
  })`);
  expect(found).toEqual({ pwned: null, odd: 0, links: [`sessions/${id}`], scripts: 1 });
  expect(await page.locator("#page").textContent()).not.toMatch(/[\u001b\u202E\u2028]/);
  await page.locator("a").click();
  await page.locator(".tree").waitFor();
  expect(await page.evaluate("globalThis.pwned ?? null")).toBeNull();
});

test("a thousand sessions: the page opens at once, and all of them come", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "plain-answer@1.18.33");
  const { text, session } = loadFixture("plain-answer@1.18.33");
  const many = Array.from({ length: 999 }, (_, index) => `ses_${index.toString(16).padStart(12, "0")}aaaaaaaaaaaaaa`);
  // One that can be read takes its time to be masked, and has a row like one that cannot.
  for (const [index, id] of many.entries())
    await keepDamaged(paths, id, index % 5 === 0 ? text.replaceAll(session.info.id, id) : "{ not JSON");
  const watched = await browser.open(await browser.serve(paths));
  opened.push(watched);
  const status = watched.page.locator(".status output");
  await status.filter({ hasText: /^1,000 sessions$/ }).waitFor({ timeout: 90_000 });
  expect(await ids(watched.page)).toHaveLength(200);
  await watched.page.getByRole("button", { name: "Show 200 more" }).click();
  expect(await ids(watched.page)).toHaveLength(400);
  await watched.page.getByRole("searchbox").fill(many[500] ?? "");
  expect(await ids(watched.page)).toEqual([many[500]]);
});

test("when the server ends, the page says so and keeps what it shows", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  const view = await browser.serve(paths);
  const { page } = await browser.open(view);
  await settled(page);
  await view.close();
  await page.getByText("looptrace view has ended").waitFor();
  expect(await ids(page)).toHaveLength(1);
});
