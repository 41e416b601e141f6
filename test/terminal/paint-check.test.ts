import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { verdictText } from "../../src/analysis/budget-texts.js";
import type { Budget } from "../../src/analysis/budgets.js";
import { checkSession, type SessionCheck } from "../../src/analysis/check-session.js";
import { paintCheck } from "../../src/terminal/paint-check.js";
import { columnsOf } from "../../src/text/columns.js";
import { fixtureNames, loadFixture, tracesOf } from "../support/fixtures.js";

const colors = pc.createColors(false);

/** Nothing of it may reach a terminal. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const NASTY = "\u001b[31m漢字\u001b]0;title\u0007👩‍👩‍👧\r\n\u202Eevil\t\u0000e\u0301\u009b2J🇩🇪 \ud83d שלום";

const BUDGETS: readonly Budget[] = [
  { kind: "cost", limit: 0.005 },
  { kind: "tokens", limit: 20_000 },
  { kind: "duration", limit: 4000 },
  { kind: "steps", limit: 3 },
  { kind: "tool", tool: null, stat: "p90", limit: 500 },
  { kind: "tool", tool: "bash", stat: "max", limit: 1000 },
  { kind: "tool", tool: "grep", stat: "p99.9", limit: 60_000 },
  { kind: "errors", limit: 0 },
  { kind: "tool-errors", limit: 0 },
  { kind: "doom-loops", limit: 0 },
];

function checkOf(name: string, budgets = BUDGETS): SessionCheck {
  const { session } = loadFixture(name);
  return checkSession(session.info, tracesOf(loadFixture(name), "log"), budgets);
}

describe("the check of a recorded session", () => {
  const names = ["multistep", "killed", "failing-tool"];
  test.each(names.flatMap((name) => [60, 80, 120].map((width) => ({ name, width }))))(
    "$name at $width columns",
    async ({ name, width }) => {
      const text = `${paintCheck(checkOf(`${name}@1.18.33`), { width, colors })}\n`;
      await expect(text).toMatchFileSnapshot(`snapshots/check-${name}-${width}.txt`);
    },
  );

  test.each(fixtureNames)("%s: no line is wider than the terminal", (name) => {
    for (const width of [44, 60, 80, 200]) {
      const lines = paintCheck(checkOf(name), { width, colors }).split("\n");
      expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
    }
  });
});

test.each([20, 44, 80, 200])("hostile titles, tools and notes at %i columns", (width) => {
  const budgets = [...BUDGETS, { kind: "tool", tool: NASTY, stat: "sum", limit: 1 } as const];
  const { results, ...check } = checkOf("multistep@1.18.33", budgets);
  const nasty = {
    ...check,
    sessionId: NASTY,
    title: NASTY,
    results: results.map((one) => ({ ...one, note: NASTY })),
  };
  const lines = paintCheck(nasty, { width, colors }).split("\n");
  expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
  expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
});

test("colours: red what does not hold, yellow what is not known and what the sums lack", () => {
  const lines = paintCheck(checkOf("killed@1.18.33"), { width: 100, colors: pc.createColors(true) }).split("\n");
  const coloured = (color: string): readonly string[] =>
    lines
      .filter((line) => line.startsWith(color))
      .map((line) =>
        line
          .replace(/\u001b\[\d+m/g, "")
          .trim()
          .slice(0, 15),
      );
  expect(coloured("\u001b[31m")).toEqual(["FAIL     no-err", "FAIL     no-too"]);
  expect(coloured("\u001b[33m")).toEqual(["unknown  max-co", "unknown  max-to", "warning  1 turn", "warning  1 tool"]);
  expect(lines[0]).toContain("\u001b[31mFAIL");
});

test("costs have the decimals by which they differ", () => {
  const text = paintCheck(checkOf("plain-answer@1.18.33", [{ kind: "cost", limit: 0.0012359 }]), {
    width: 100,
    colors,
  });
  expect(text).toContain("$0.00123600  of $0.00123590  over by $0.00000010 (less than 1%)");
});

test("the verdict on all", () => {
  const one = checkOf("multistep@1.18.33", [{ kind: "steps", limit: 4 }]);
  const two = checkOf("killed@1.18.33", [
    { kind: "steps", limit: 4 },
    { kind: "cost", limit: 4 },
    { kind: "errors", limit: 0 },
  ]);
  const unknown = checkOf("killed@1.18.33", BUDGETS.slice(0, 1));
  expect(
    [[one], [one, one], [two], [one, two], [unknown], [one, unknown], [unknown, unknown]].map(verdictText),
  ).toEqual([
    "1 budget: it holds.",
    "2 budgets in 2 sessions: all hold.",
    "3 budgets: 2 do not hold, 1 of them unknown.",
    "4 budgets in 2 sessions: 2 do not hold, 1 of them unknown; 1 session failed.",
    "1 budget: not known whether it holds.",
    "2 budgets in 2 sessions: 1 is not known to hold; 1 session failed.",
    "2 budgets in 2 sessions: 2 are not known to hold; 2 sessions failed.",
  ]);
});
