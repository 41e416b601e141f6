import fc from "fast-check";
import { expect, test } from "vitest";
import type { Usage } from "../../src/opencode/model.js";
import { knownPrice } from "../../src/trace/known-price.js";

const used = (input: number, output = 0, reasoning = 0, cacheRead = 0, cacheWrite = 0): Usage => ({
  ...{ input, output, reasoning, cacheRead, cacheWrite },
});
const PRICES = [3e-6, 15e-6, 0.3e-6, 3.75e-6] as const;
const priced = (usage: Usage) => {
  const { input, output, reasoning, cacheRead, cacheWrite } = usage;
  const [each, written, read, cached] = PRICES;
  return { usage, cost: input * each + (output + reasoning) * written + cacheRead * read + cacheWrite * cached };
};

test("tokens cost what the model's other calls settle", () => {
  const calls = [priced(used(800, 40, 20)), priced(used(100, 50))];
  expect(knownPrice(used(120, 8), calls)).toBeCloseTo(priced(used(120, 8)).cost, 12);
});

test("what they leave open has no price: a bucket that none of them used, or one of two that always come together", () => {
  const calls = [priced(used(800, 40)), priced(used(1_600, 80))];
  expect(knownPrice(used(120, 8), calls)).toBeNull();
  expect(knownPrice(used(120, 6), calls)).toBeCloseTo(priced(used(120, 6)).cost, 12);
  expect(knownPrice(used(120, 6, 0, 5), calls)).toBeNull();
  expect(knownPrice(used(120), [])).toBeNull();
  expect(
    knownPrice(used(120), [
      { usage: used(120), cost: null },
      { usage: used(120), cost: 0 },
    ]),
  ).toBeNull();
});

test("prices that contradict each other, as by the size of the prompt, give none", () => {
  const calls = [priced(used(100, 10)), priced(used(300, 10)), { usage: used(500, 10), cost: 1 }];
  expect(knownPrice(used(120, 8), calls)).toBeNull();
});

test("whatever the calls are, a price that is told is the true one", () => {
  const tokens = fc.integer({ min: 0, max: 300_000 });
  const usage = fc.tuple(tokens, tokens, tokens, tokens, tokens).map((all) => used(...all));
  fc.assert(
    fc.property(fc.array(usage, { maxLength: 6 }), usage, (calls, asked) => {
      const price = knownPrice(asked, calls.map(priced));
      const { cost } = priced(asked);
      if (price !== null) expect(Math.abs(price - cost)).toBeLessThanOrEqual(1e-6 * Math.max(cost, 1));
    }),
  );
});
