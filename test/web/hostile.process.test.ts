import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { attackedTraces } from "../support/attacked-trace.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { type ReportBrowser, reportBrowser } from "../support/report-page.js";

allowColdStarts();

let browser: ReportBrowser;

beforeAll(async () => {
  browser = await reportBrowser();
});

afterAll(() => browser?.close());

const ATTACKS: Readonly<Record<string, string>> = {
  "a script": "<script>globalThis.pwned = 1</script>",
  "the end of a script": "</script><script>globalThis.pwned = 1</script>",
  "the end of a script, oddly written": "</SCRIPT\n><sCrIpT>globalThis.pwned = 1</sCrIpT\t>",
  "a comment that swallows what follows": "<!--<script>",
  "an image that is not there": '<img src="x" onerror="globalThis.pwned = 1">',
  "an attribute's end": '"><svg onload="globalThis.pwned = 1">',
  "a quote's end": "' onmouseover='globalThis.pwned = 1' x='",
  "a URL that runs": "javascript:globalThis.pwned=1",
  "a document in a URL": "data:text/html,<script>globalThis.pwned = 1</script>",
  "a frame": '<iframe srcdoc="<script>parent.pwned = 1</script>"></iframe>',
  "a style": "<style>body{display:none}</style>",
  "another base": '<base href="https://evil.example/"><meta http-equiv="refresh" content="0">',
  "a template": "{{constructor.constructor('globalThis.pwned = 1')()}}#{globalThis.pwned = 1}",
  "escape sequences": "\u001b[2J\u001b]0;owned\u0007\u009b31m",
  "overrides of the direction": "safe\u202Etxt.exe\u2066\u2067\u061C\u200F",
  "lines that JavaScript ends at": "a\u2028globalThis.pwned = 1\u2029",
  "half a character and NUL": "\ud83d\u0000\udc00",
  "a reference of the page's own": "\u00010:0",
  "a prototype": "__proto__",
};

const NAMES = ["subagent", "failing-tool", "multistep", "provider-401"];

/** What may be seen of none of these texts: it steers, hides or turns round. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** What the scripts below are made of. */
const IN_PAGE = `
  const one = (selector) => document.querySelector(selector);
  const until = async (holds) => {
    // The page is changed before the browser draws it: what needs no drawing is not held up by it.
    for (let turn = 0; !holds(); turn += 1) await (turn < 50 ? null : new Promise((resolve) => setTimeout(resolve)));
  };
  const press = (key) =>
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
`;

/**
 * Looks at all that a report shows: each turn, the details of each row, what stands beside the pointer, and a search
 * for a text. It gives the rows' number, the details, and what the whole page then showed. It runs within the page,
 * since each look from outside costs a round trip.
 */
const LOOK_EVERYWHERE = `(async (wanted) => {
  ${IN_PAGE}
  const selected = () => one(".row.selected").id;
  const looked = { rows: 0, details: [], pages: [] };
  for (const button of document.querySelectorAll(".turn-list button")) {
    button.click();
    await until(() => button.ariaCurrent === "true");
    one(".tree").focus();
    press("Home");
    press("Enter");
    await until(() => selected() === "row-0" && one(".detail"));
    const rows = document.querySelectorAll(".row").length;
    for (let row = 0; row < rows; row += 1) {
      looked.details.push(one(".detail").textContent);
      const before = selected();
      press("ArrowDown");
      await until(() => row === rows - 1 || selected() !== before);
    }
    looked.rows += rows;
    press("Escape");
    await until(() => !one(".detail"));
    one(".row .lane").dispatchEvent(new PointerEvent("pointermove", { pointerType: "mouse", bubbles: true }));
    press("/");
    await until(() => one(".tooltip") && document.activeElement.type === "search");
    document.activeElement.value = wanted;
    document.activeElement.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await until(() => one(".matches").textContent !== "");
    // A search waits until typing goes on no more: it is looked at once.
    if (looked.pages.length === 0) await until(() => / rows?$/.test(one(".matches").textContent));
    looked.pages.push(one("#page").textContent);
    press("Escape");
  }
  return looked;
})`;

/**
 * Clicks where a turn and a row are seen, and tells what of them was there to be clicked. It too runs within the page:
 * a click from outside waits for two pictures of it, and a browser that has much to draw has been seen to draw none.
 */
const CLICK_WHAT_IS_SEEN = `(async () => {
  ${IN_PAGE}
  const clicked = [];
  const isClicked = (selector) => {
    const wanted = one(selector);
    wanted.scrollIntoView({ block: "nearest" });
    const { left, top, width, height } = wanted.getBoundingClientRect();
    const seen = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!wanted.contains(seen)) return false;
    clicked.push(selector);
    seen.click();
    return true;
  };
  if (!isClicked(".turn-list button")) return clicked;
  await until(() => one(".turn-list button").ariaCurrent === "true");
  if (!isClicked(".row .lane")) return clicked;
  await until(() => one(".detail"));
  one(".tree").focus();
  press("Escape");
  await until(() => !one(".detail"));
  return clicked;
})()`;

const looked = z.object({ rows: z.number(), details: z.array(z.string()), pages: z.array(z.string()) });

describe.each(Object.entries(ATTACKS))("%s in every text", (_, attack) => {
  test("is text, wherever it is looked at", async () => {
    const traces = NAMES.flatMap((name) => attackedTraces(`${name}@1.18.33`, attack));
    expect(JSON.stringify(traces)).toContain(JSON.stringify(attack).slice(1, -1));
    const { page, troubles, requests } = await browser.open(traces);
    const wanted = JSON.stringify(attack.slice(0, 20));
    const { rows, details, pages } = looked.parse(await page.evaluate(`${LOOK_EVERYWHERE}(${wanted})`));
    expect([details.length, pages.length]).toEqual([rows, traces.length]);
    for (const shown of [...details, ...pages]) expect(shown).not.toMatch(UNSEEN);
    // Nothing stands before what a person clicks.
    expect(await page.evaluate(CLICK_WHAT_IS_SEEN)).toEqual([".turn-list button", ".row .lane"]);
    expect(await page.locator("#page").textContent()).not.toMatch(UNSEEN);
    // Nothing but what the page itself is made of, and all of it in its place.
    const found = await page.evaluate(`({
      pwned: globalThis.pwned ?? null,
      odd: document.querySelectorAll("a, img, svg, iframe, base, form, object, embed, link, [onerror], [onload], [href], [src]").length,
      scripts: document.querySelectorAll("script:not([type])").length,
      styles: document.querySelectorAll("style").length,
      refreshes: document.querySelectorAll("meta[http-equiv]").length,
      sections: document.querySelectorAll("main > section").length > 4,
    })`);
    expect(found).toEqual({ pwned: null, odd: 0, scripts: 1, styles: 1, refreshes: 1, sections: true });
    expect([troubles, requests]).toEqual([[], []]);
  });
});

test("the policy holds: what the page would do if it were tricked is stopped, and seen", async () => {
  const { page, troubles } = await browser.open(attackedTraces("multistep@1.18.33", "x"));
  await page.evaluate(`{
    const script = document.createElement("script");
    try { script.textContent = "globalThis.pwned = 1"; } catch {}
    document.body.append(script);
    try { document.body.innerHTML = "<img src=x onerror='globalThis.pwned = 1'>"; } catch {}
    const image = document.createElement("img");
    image.src = "https://127.0.0.1:1/x.png";
    document.body.append(image);
  }`);
  await expect.poll(() => troubles.some((one) => one.startsWith("img-src"))).toBe(true);
  expect(troubles.some((one) => one.startsWith("require-trusted-types-for"))).toBe(true);
  expect(await page.evaluate("globalThis.pwned ?? null")).toBeNull();
});

test("what turns text round is named, and what stands beside it stays where it is", async () => {
  const { page } = await browser.open(attackedTraces("multistep@1.18.33", "\u202E\u001b[31m"));
  expect(await page.locator(".prompt .named").allTextContents()).toContain("U+202E");
  expect(await page.locator(".prompt .named").allTextContents()).toContain("ESC");
  const isolated = await page
    .locator(".content")
    .evaluateAll((all) =>
      all.every((one) => /isolate/.test(one.computedStyleMap().get("unicode-bidi")?.toString() ?? "")),
    );
  expect(isolated).toBe(true);
});
