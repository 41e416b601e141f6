import { describe, expect, test } from "vitest";
import { tryOften, tryPromised } from "./simulate.js";

/** The whole of it is `npm run simulate`; here as much as takes a second or two. */
describe("on made-up worlds", () => {
  test("equal arms are hardly ever called different, whatever the order of the runs does", () => {
    expect(tryOften({ cases: 12, runs: 3, noise: 0.1 }, 20, "equal").found).toBeLessThanOrEqual(0.1);
    expect(tryOften({ cases: 30, runs: 2, noise: 0.1, second: 0.7 }, 10, "order").found).toBeLessThanOrEqual(0.1);
  });

  test("where the base always comes first, what the second run saves is the order's", () => {
    const { better } = tryOften({ cases: 30, runs: 2, noise: 0.1, second: 0.7, order: "base-first" }, 5, "first");
    expect([better.cost, better.tokens, better.time]).toEqual([0, 0, 0]);
  });

  test("an effect is found with as much as was promised to be enough", () => {
    const { found, promised } = tryPromised({ cases: 8, runs: 2, factor: 0.85, noise: 0.15 }, "cases", 10, "planted");
    expect(promised).toBe(1);
    expect(found).toBeGreaterThanOrEqual(0.8);
  });
});
