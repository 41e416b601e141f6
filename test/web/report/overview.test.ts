import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReportRow } from "../../../src/web/data/report-data.js";
import { ACTIVITIES, activityColumns } from "../../../src/web/report/activity.js";
import { brushed, edgeMoved, type Grip } from "../../../src/web/report/brush.js";
import { wholeTrace } from "../../../src/web/report/viewport.js";

describe("the overview's columns", () => {
  const row = (kind: ReportRow["kind"], start: number, end: number, firstToken: number | null = null): ReportRow => ({
    ...{ id: "", kind, name: "", parent: 0, depth: 1, start, end, text: "", tone: "plain", exact: true },
    ...{ firstToken, tokens: null, cost: null, chunk: 0, place: 0 },
  });
  const columnsOf = (rows: readonly ReportRow[], many: number) => {
    const ends = rows.map((_, at) => at + 1);
    const columns = activityColumns(rows, ends, 100, many);
    return Object.fromEntries(
      ACTIVITIES.map((one) => [one, [...columns[one]].map((share) => Number(share.toFixed(3)))]),
    );
  };

  test("each is filled by the share of its time; what ran side by side shares it", () => {
    expect(columnsOf([row("call", 0, 50, 25), row("tool", 50, 80)], 4)).toEqual({
      waited: [1, 0, 0, 0],
      call: [0, 1, 0, 0],
      tool: [0, 0, 1, 0.2],
      retry: [0, 0, 0, 0],
    });
    expect(columnsOf([row("retry", 0, 100), row("tool", 0, 100)], 1)).toMatchObject({ retry: [0.5], tool: [0.5] });
  });

  test("no column is fuller than full, and nothing is lost that fits", () => {
    const spans = fc.array(
      fc.tuple(fc.constantFrom("call", "tool", "retry", "step", "event"), fc.nat(100), fc.nat(100)),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 50 }), (some, many) => {
        const columns = columnsOf(
          some.map(([kind, a, b]) => row(kind as ReportRow["kind"], Math.min(a, b), Math.max(a, b))),
          many,
        );
        for (let at = 0; at < many; at += 1) {
          const sum = ACTIVITIES.reduce((total, one) => total + (columns[one]?.[at] ?? Number.NaN), 0);
          expect(sum).toBeGreaterThanOrEqual(0);
          expect(sum).toBeLessThan(1.005);
        }
      }),
    );
  });
});

describe("the brush", () => {
  const whole = wholeTrace(1000);

  test("draws a new stretch in either direction, moves it, and cuts it by its edges", () => {
    expect(brushed(whole, "new", 200, 500, whole)).toEqual({ from: 200, to: 500 });
    expect(brushed(whole, "new", 500, 200, whole)).toEqual({ from: 200, to: 500 });
    const view = { from: 200, to: 500 };
    expect(brushed(view, "window", 300, 400, whole)).toEqual({ from: 300, to: 600 });
    expect(brushed(view, "from", 200, 250, whole)).toEqual({ from: 250, to: 500 });
    expect(brushed(view, "to", 500, 900, whole)).toEqual({ from: 200, to: 900 });
    // An edge that is pulled over the other one becomes it.
    expect(brushed(view, "from", 200, 700, whole)).toEqual({ from: 500, to: 700 });
  });

  test("whatever is done, some time is shown, and it lies within the trace", () => {
    const moves = fc.array(
      fc.oneof(
        fc.tuple(fc.constantFrom<Grip>("new", "from", "to", "window"), fc.nat(100_000), fc.nat(100_000)),
        fc.tuple(fc.constantFrom<"from" | "to">("from", "to"), fc.constantFrom("ArrowLeft", "End", "Home", "PageUp")),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.nat(100_000), moves, (duration, some) => {
        const all = wholeTrace(duration);
        let view = all;
        for (const move of some) {
          view =
            move.length === 3
              ? brushed(view, move[0], Math.min(move[1], all.to), Math.min(move[2], all.to), all)
              : (edgeMoved(view, move[0], move[1], all) ?? view);
          expect(view.from).toBeGreaterThanOrEqual(0);
          expect(view.to).toBeLessThanOrEqual(all.to);
          expect(view.to - view.from).toBeGreaterThan(0);
        }
      }),
    );
  });

  test("keys move an edge; others are left alone", () => {
    expect(edgeMoved({ from: 200, to: 500 }, "to", "ArrowRight", whole)).toEqual({ from: 200, to: 510 });
    expect(edgeMoved({ from: 200, to: 500 }, "from", "Home", whole)).toEqual({ from: 0, to: 500 });
    expect(edgeMoved(whole, "from", "Tab", whole)).toBeNull();
  });
});
