import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { chanceOf } from "../../../src/analysis/statistics/chance.js";
import { shifts } from "../../../src/analysis/statistics/shifts.js";
import { calendarOf } from "../../../src/analysis/stats/calendar.js";
import { trendsOf } from "../../../src/analysis/stats/trends.js";
import { trendLines } from "../../../src/terminal/trend-lines.js";
import { madeFacts, turnFacts } from "../../support/made-facts.js";
import { history, LAST_DAY, trendsIn } from "./made-histories.js";

describe("trends", () => {
  test("are told of few quiet histories", () => {
    // 24 cannot tell 1 in 20 from 1 in 10: that is what the simulation is for. Calls in place of days would fail here.
    const speaking = Array.from({ length: 24 }, (_, seed) => trendsIn(history(seed)).found.length).filter(Boolean);
    expect(speaking.length).toBeLessThanOrEqual(3);
  });

  test("name what has become slower, by how much, and on how many calls that stands", () => {
    const { found, tested, span } = trendsIn(history(3, { bash: 3 }));
    expect(span).toEqual({
      before: { from: "2026-10-26", to: "2026-11-22" },
      now: { from: "2026-11-23", to: "2026-11-29" },
    });
    expect(tested).toBeGreaterThan(10);
    expect(found).toHaveLength(1);
    const [bash] = found;
    expect(bash).toMatchObject({ of: "tool", name: "bash", measure: "time" });
    expect(bash?.ratio).toBeGreaterThan(2);
    expect(bash?.ratio).toBeLessThan(4.5);
    expect(bash?.p).toBeLessThanOrEqual(0.05);
    expect(bash?.now).toBeGreaterThan(bash?.before ?? 0);
    expect(bash?.observations.now).toBeGreaterThanOrEqual(12);
  });

  test("are painted with what they stand on, on lines that are no wider than the terminal", () => {
    const report = trendsIn(history(3, { bash: 3 }));
    for (const width of [40, 80, 120]) {
      const lines = trendLines(report, width, pc.createColors(false));
      expect(lines.filter((line) => line.length > width)).toEqual([]);
      expect(lines.join("\n")).toMatch(/tool bash .*\d× slower/);
    }
    const quiet = trendLines({ ...report, found: [] }, 80, pc.createColors(false));
    expect(quiet[1]).toBe("Nothing has changed that could not be chance.");
  });

  test("are the same again for the same history", () => {
    expect(trendsIn(history(3, { bash: 3 }))).toEqual(trendsIn(history(3, { bash: 3 })));
  });

  test("are none where there is too little, however large the change is", () => {
    const day = 86_400_000;
    const turns = Array.from({ length: 10 }, (_, index) => {
      const at = LAST_DAY - index * day;
      const duration = index < 3 ? 100_000 : 10;
      const account = { duration, model: 0, firstToken: 0, tools: 0, waiting: 0, retries: 0, other: duration };
      return turnFacts(at, { account: { ...account, toolsSummed: 0 } });
    });
    const report = trendsOf([madeFacts(turns)], { calendar: calendarOf("UTC") });
    expect(report).toMatchObject({ found: [], tested: 0 });
    expect(report.tooFew).toBeGreaterThan(0);
    expect(trendsOf([], { calendar: calendarOf("UTC") })).toEqual({ span: null, found: [], tested: 0, tooFew: 0 });
  });
});

describe("the test for shifts", () => {
  const isLater = Array.from({ length: 20 }, (_, index) => index >= 14);
  const values = (shift: number) => isLater.map((later, index) => ((index * 7) % 5) + (later ? shift : 0));

  test("is sure of a clear one and not of none, together with others", () => {
    const [clear = 1, none = 0, empty = 0] = shifts(
      [values(9), values(0), isLater.map(() => null)],
      isLater,
      chanceOf(1),
    );
    expect(clear).toBeLessThan(0.01);
    expect(none).toBeGreaterThan(0.2);
    expect(empty).toBe(1);
  });

  test("takes values that never differ for no shift, and such as differ only by group for one", () => {
    expect(shifts([isLater.map(() => 4)], isLater, chanceOf(1))).toEqual([1]);
    expect(shifts([isLater.map((later) => (later ? 2 : 1))], isLater, chanceOf(1))[0]).toBeLessThan(0.01);
  });
});
