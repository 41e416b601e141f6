import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { outcomeText } from "../../src/analysis/outcome.js";
import { sessionFacts } from "../../src/analysis/session-facts.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { cost, count, duration, known } from "../../src/text/format.js";
import { listedSession } from "../../src/web/data/list-session.js";
import type { SessionSummary } from "../../src/web/data/listed-session.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { loadFixture, tracesOf } from "../support/fixtures.js";
import { keepDamaged, keepFixture } from "../support/kept-store.js";
import { patiently } from "../support/patience.js";
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
  const facts = sessionFacts(tracesOf(fixture, "log"));
  if (!facts) throw new Error(`${name} holds no prompt`);
  return listedSession(fixture.session.info.id, facts, []);
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
    expect(await row.locator(".outcome").textContent()).toBe(outcomeText(one));
    expect(await row.locator(".code").allTextContents()).toEqual(one.errors.filter((code) => code !== one.errorCode));
    expect(await row.locator("td.number").allTextContents()).toEqual([
      count(one.steps),
      known(one.tokens),
      cost(one.cost),
      duration(one.duration),
    ]);
  }
});

test("a click on a column sorts, another one turns it round", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  // What is not known comes last whichever way.
  const summaries = NAMES.map(summaryOf);
  const unknown = summaries.flatMap(({ id, tokens }) => (tokens === null ? [id] : []));
  const expected = summaries
    .filter(({ tokens }) => tokens !== null)
    .sort((a, b) => (b.tokens ?? 0) - (a.tokens ?? 0))
    .map(({ id }) => id);
  const tokens = page.getByRole("columnheader", { name: "Tokens" });
  await tokens.getByRole("button").click();
  expect(await tokens.getAttribute("aria-sort")).toBe("descending");
  expect(await ids(page)).toEqual([...expected, ...unknown]);
  await tokens.getByRole("button").click();
  expect(await tokens.getAttribute("aria-sort")).toBe("ascending");
  expect(await ids(page)).toEqual([...expected.toReversed(), ...unknown]);
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

test("what stands in a session's texts alone is found too", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const only = await keepFixture(paths, "failing-tool@1.18.33", (text) => text.replaceAll("File not found", "Zebra"));
  const page = await open(await browser.serve(paths));
  await page.getByRole("searchbox").fill("nothing-such");
  await page.locator(".status output", { hasText: "0 of 5" }).waitFor();
  await page.getByRole("searchbox").fill("ZEBRA");
  await page.locator(`[data-session="${only}"]`).waitFor();
  expect(await ids(page)).toEqual([only]);
});

test("totals and bars are of what passes the filters, and a click on a bar leaves its day", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  const all = NAMES.map(summaryOf);
  const total = (label: string) => page.locator(".total", { hasText: label }).locator("b").textContent();
  expect(await total("Sessions")).toBe("4");
  expect(await total("With a failure")).toBe("1");
  expect(await total("Cost")).toBe(cost(all.reduce((sum, one) => sum + (one.cost ?? 0), 0)));
  await page.getByRole("button", { name: "Cost", exact: true }).first().click();
  const bar = page.locator(".bar:enabled").first();
  await bar.hover();
  expect(await page.locator(".told").textContent()).toBe(await bar.getAttribute("aria-label"));
  await bar.click();
  expect(await page.getByLabel("From", { exact: true }).inputValue()).toMatch(/^\d{4}-\d\d-\d\d$/);
  await page.locator('.bar[aria-pressed="true"]').click();
  expect(await ids(page)).toHaveLength(4);
  await page.getByLabel("Outcome").selectOption("failed");
  expect([await total("Sessions"), await total("With a failure")]).toEqual(["1", "1"]);
  // A link leads back to the list as it was left.
  await page.locator("[data-session] a").click();
  await page.getByRole("link", { name: "All sessions" }).click();
  await page.locator("[data-session]").first().waitFor();
  expect(await ids(page)).toEqual([summaryOf("provider-401@1.18.33").id]);
  expect(page.url()).toContain("#outcome=failed&chart=cost");
});

test("two that are ticked are shown side by side, and the way back leads to the list", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  const [a, b] = [summaryOf("multistep@1.18.33"), summaryOf("two-turns@1.18.33")];
  for (const { id } of [a, b]) await page.getByLabel(`Compare ${id}`).check();
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator(".figures-list").first().waitFor();
  expect(await page.locator(".heads a").evaluateAll((all) => all.map((one) => one.getAttribute("href")))).toEqual(
    [a, b].map(({ id }) => `sessions/${id}`),
  );
  const sums = page.locator("section", { hasText: "All turns" });
  const cells = sums.locator("tr", { hasText: "steps" }).locator("td");
  expect((await cells.allTextContents()).slice(0, 2)).toEqual([String(a.steps), String(b.steps)]);
  expect(page.url()).toContain(`compare=${a.id}+${b.id}`);
  await page.reload();
  await page.locator(".figures-list").first().waitFor();
  await page.goBack();
  await page.locator("[data-session]").first().waitFor();
  expect(await ids(page)).toHaveLength(4);
});

test("an export that is dropped on the page, or a report that is chosen, is shown; what is neither says why", async () => {
  const paths = await temporaryStore();
  const page = await open(await browser.serve(paths));
  const { text, session } = loadFixture("plain-answer@1.18.33");
  const drop = async (name: string, content: string): Promise<void> => {
    const transfer = await page.evaluateHandle(
      `(() => { const data = new DataTransfer(); data.items.add(new File([${JSON.stringify(content)}], "${name}")); return data; })()`,
    );
    for (const event of ["dragover", "drop"]) await page.dispatchEvent("main", event, { dataTransfer: transfer });
  };
  await drop("notes.json", "{}");
  expect(await page.getByRole("alert").textContent()).toContain("notes.json: this is JSON, but not an opencode export");
  // The browser tells of each answer that is an error.
  opened.at(-1)?.troubles.splice(0);
  await drop("export.json", text);
  await page.locator(".tree").waitFor();
  expect(await page.locator("h1").textContent()).toBe(session.info.title);
  const report = Buffer.from(await page.evaluate("document.documentElement.outerHTML").then(String));
  await page.getByRole("link", { name: "All sessions" }).click();
  await page
    .getByLabel("A report or exports")
    .setInputFiles({ name: "report.html", mimeType: "text/html", buffer: report });
  await page.locator(".tree").waitFor();
  expect(page.url()).toMatch(/\/opened\/2$/);
});

test("on a telephone nothing has to be pushed aside", async () => {
  const paths = await temporaryStore();
  await keepAll(paths);
  const page = await open(await browser.serve(paths));
  await page.setViewportSize({ width: 390, height: 844 });
  const width = () => page.evaluate("document.documentElement.scrollWidth");
  expect(await width()).toBe(390);
  expect(await page.getByLabel("Outcome").isVisible()).toBe(false);
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByLabel("Outcome").selectOption("completed");
  expect(await page.getByRole("button", { name: "Filters (1)" }).getAttribute("aria-expanded")).toBe("true");
  expect(await width()).toBe(390);
  for (const id of await ids(page)) await page.getByLabel(`Compare ${id}`).check();
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.locator(".figures-list").first().waitFor();
  expect(await width()).toBe(390);
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
  // One that can be read takes its time to be masked, and has a row like one that cannot; of those there are fifty.
  for (const [index, id] of many.entries())
    await keepDamaged(paths, id, index % 20 === 0 ? text.replaceAll(session.info.id, id) : "{ not JSON");
  const watched = await browser.open(await browser.serve(paths));
  opened.push(watched);
  const status = watched.page.locator(".status output");
  await status.filter({ hasText: /^1,000 sessions$/ }).waitFor({ timeout: patiently(90_000) });
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
