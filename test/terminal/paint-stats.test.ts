import picocolors from "picocolors";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import type { TurnFacts } from "../../src/analysis/session-facts.js";
import { calendarOf } from "../../src/analysis/stats/calendar.js";
import { statsReport } from "../../src/analysis/stats/stats-report.js";
import { paintStats } from "../../src/terminal/paint-stats.js";
import { NO_USAGE } from "../../src/trace/usage.js";
import { madeFacts, turnFacts } from "../support/made-facts.js";

const AT = Date.parse("2026-11-02T10:00:00Z");
const usage = { ...NO_USAGE, input: 5000, output: 305 };

function other(cost: number | null, took: TurnFacts["others"][number]["usage"] = usage): TurnFacts["others"][number] {
  return { kind: "title", model: null, usage: took, cost };
}

/** The line about calls beside the steps. */
function beside(others: TurnFacts["others"], width = 200): string {
  const report = statsReport([madeFacts([turnFacts(AT, { others })])], { by: [], calendar: calendarOf("UTC") });
  const text = paintStats(report, { width, colors: picocolors.createColors(false), top: 20 });
  const lines = text.split("\n");
  expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
  return /^beside.*(?:\n .*)*/m.exec(text)?.[0] ?? "";
}

test.each<[TurnFacts["others"], string]>([
  [[other(0.25)], "1 call beside the steps, 5,305 tokens, $0.2500, in no sum"],
  [[other(null)], "1 call beside the steps, 5,305 tokens, cost not known, in no sum"],
  [
    [other(0.25), other(null), other(null)],
    "3 calls beside the steps, 15,915 tokens, $0.2500 (of 2 not known), in no sum",
  ],
  [
    [other(0.25), other(null, null)],
    "2 calls beside the steps, 5,305 tokens (of 1 not known), $0.2500 (of 1 not known), in no sum",
  ],
  [[other(null, null)], "1 call beside the steps, tokens not known, cost not known, in no sum"],
  [[other(null, NO_USAGE)], "1 call beside the steps, 0 tokens, in no sum"],
])("calls beside the steps: what is not known of them is told (%#)", (others, text) => {
  expect(beside(others)).toBe(`beside   ${text}`);
});

test("what is beside the steps is folded where it is too long for a line", () => {
  expect(beside([other(0.25), other(null), other(null)], 60)).toBe(
    ["beside   3 calls beside the steps, 15,915 tokens, $0.2500", "         (of 2 not known), in no sum"].join("\n"),
  );
});
