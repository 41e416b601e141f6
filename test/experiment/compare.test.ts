import { describe, expect, test } from "vitest";
import { compareArms, type MeasureComparison } from "../../src/experiment/compare.js";
import type { MeasureName } from "../../src/experiment/measure-names.js";
import type { RunRecord } from "../../src/experiment/measures.js";

const VALUES = { pass: 1, cost: 0.02, tokens: 1000, steps: 5, time: 60_000, toolP90: 500 };
type Values = Partial<Record<MeasureName, number | null>>;

/** Two arms, in turn first, one run of each case. */
function records(cases: number, ofBase: (at: number) => Values, ofNew: (at: number) => Values): readonly RunRecord[] {
  return Array.from({ length: cases }, (_, at) => at).flatMap((at) => {
    const of = (arm: string, startedAt: number, values: Values): RunRecord => ({
      ...{ case: `c${at}`, arm, run: 0, startedAt, cachedAtFirst: null, values: { ...VALUES, ...values } },
    });
    return [of("base", 10 * at + (at % 2), ofBase(at)), of("new", 10 * at + 1 - (at % 2), ofNew(at))];
  });
}

function compared(all: readonly RunRecord[], measure: MeasureName, more: object = {}): MeasureComparison {
  const options = { base: "base", arms: ["base", "new"], effect: 0.15, seed: "s", samples: 1000, ...more };
  const [{ comparisons } = expect.unreachable()] = compareArms(all, options);
  return comparisons.find((one) => one.measure === measure) ?? expect.unreachable();
}

const wobble = (at: number, by = 0.05): number => 1 + by * Math.sin(7 * at);
const same = (): Values => ({});

describe("a verdict", () => {
  test("better and worse, by how much, with the cases that say so", () => {
    const cost = compared(
      records(12, same, (at) => ({ cost: 0.02 * 0.8 * wobble(at) })),
      "cost",
    );
    expect(cost).toMatchObject({ verdict: "better", cases: 12, base: 0.02, missing: null, notes: [] });
    expect(cost.change).toBeCloseTo(-0.2, 1);
    expect(cost.interval?.low).toBeGreaterThan(-0.25);
    expect(cost.interval?.high).toBeLessThan(-0.15);
    expect(cost.signTest).toMatchObject({ above: 0, below: 12 });
    expect(cost.p).toBeLessThan(0.01);
    expect(
      compared(
        records(12, same, (at) => ({ steps: 7 * wobble(at) })),
        "steps",
      ).verdict,
    ).toBe("worse");
    // Of passes more is better.
    const pass = compared(
      records(
        40,
        () => ({ pass: 0 }),
        (at) => ({ pass: at < 30 ? 1 : 0 }),
      ),
      "pass",
    );
    expect(pass).toMatchObject({ verdict: "better", base: 0, arm: 0.75, change: 0.75 });
  });

  test("no difference where one would have been found; too few where it would not, and how many are missing", () => {
    expect(
      compared(
        records(30, same, (at) => ({ cost: 0.02 * wobble(at) })),
        "cost",
      ).verdict,
    ).toBe("none");
    const noisy = compared(
      records(10, same, (at) => ({ cost: 0.02 * wobble(at, 0.6) })),
      "cost",
    );
    expect(noisy.verdict).toBe("too-few");
    expect(noisy.missing?.cases).toBe((noisy.needed?.cases ?? 0) - 10);
    expect(noisy.missing?.cases).toBeGreaterThan(20);
    const few = compared(
      records(4, same, () => ({ cost: 0.01 })),
      "cost",
    );
    expect(few).toMatchObject({ verdict: "too-few", missing: { cases: 2, runs: null } });
    // With two arms against the base six cases cannot tell even what all of them agree on.
    const three = (cases: number) =>
      compared(
        [
          ...records(cases, same, () => ({ cost: 0.01 })),
          ...records(cases, same, same).flatMap((one) => (one.arm === "new" ? [{ ...one, arm: "other" }] : [])),
        ],
        "cost",
        { arms: ["base", "new", "other"] },
      );
    expect(three(6)).toMatchObject({ verdict: "too-few", missing: { cases: 1, runs: null } });
    expect(three(7)).toMatchObject({ verdict: "better", change: expect.closeTo(-0.5) });
    // That nothing differs is no proof that nothing can: of ten cases not one has another pass.
    expect(compared(records(10, same, same), "pass").verdict).toBe("too-few");
    expect(compared(records(60, same, same), "pass").verdict).toBe("none");
  });

  test("an early look finds only what is beyond doubt", () => {
    const large = records(14, same, (at) => ({ cost: 0.02 * 0.3 * wobble(at, 0.7) }));
    expect(compared(large, "cost")).toMatchObject({ verdict: "better" });
    const clear = records(8, same, (at) => ({ cost: 0.02 * 0.6 * wobble(at, 0.5) }));
    expect(compared(clear, "cost")).toMatchObject({ verdict: "too-few", p: expect.closeTo(2 / 256, 3) });
  });

  test("what is not known of an arm is not compared, and a case without it neither", () => {
    const free = compared(
      records(8, same, () => ({ cost: null })),
      "cost",
    );
    expect(free).toMatchObject({ verdict: "unknown", cases: 0, base: null, change: null, interval: null, p: 1 });
    const some = compared(
      records(12, same, (at) => ({ toolP90: at < 5 ? null : 500 })),
      "toolP90",
    );
    expect(some.cases).toBe(7);
  });

  test("where most cases save and a few cost much more, nothing is said", () => {
    const mixed = records(40, same, (at) => ({ cost: at === 0 ? 0.4 : 0.02 * 0.7 * wobble(at) }));
    expect(compared(mixed, "cost")).toMatchObject({ notes: [expect.stringContaining("nothing is said")] });
    expect(compared(mixed, "cost").verdict).not.toBe("better");
  });

  test("where the arm always came second, what it saves may be the order's", () => {
    const all = records(20, same, (at) => ({ cost: 0.02 * 0.7 * wobble(at) })).map((one) => ({
      ...one,
      startedAt: one.arm === "new" ? 100 : 50,
    }));
    expect(compared(all, "cost").verdict).toBe("order");
    // Too few stays too few, whatever came second.
    expect(compared(all.slice(0, 8), "cost").verdict).toBe("too-few");
  });

  test("that the order matters is claimed from 8 cases on: two or seven that agree are no proof", () => {
    const isShown = (cases: number) => {
      const later = records(cases, same, same).map((one) => ({
        ...one,
        values: { ...one.values, cost: one.startedAt % 10 === 0 ? 0.02 : 0.01 },
      }));
      const options = { base: "base", arms: ["base", "new"], effect: 0.15, seed: "s", samples: 1000 };
      return compareArms(later, options)[0]?.order.effects.cost?.isShown;
    };
    expect([2, 7, 8].map(isShown)).toEqual([false, false, true]);
  });
});

test("with several arms, and with more measures, it takes more to be called different", () => {
  const two = records(12, same, (at) => ({ cost: 0.02 * 0.9 * wobble(at, 0.12) }));
  const three = [...two, ...two.filter(({ arm }) => arm === "new").map((one) => ({ ...one, arm: "other" }))];
  const alone = compared(two, "cost", { measures: ["cost"] });
  expect(compared(three, "cost", { arms: ["base", "new", "other"], measures: ["cost"] }).p).toBeCloseTo(2 * alone.p, 6);
  expect(compared(two, "cost").p).toBeGreaterThanOrEqual(alone.p);
});

test("the same records and the same seed give the same result", () => {
  const all = records(30, same, (at) => ({ cost: 0.02 * wobble(at, 0.3) }));
  expect(compared(all, "cost")).toEqual(compared(all, "cost"));
});
