import fc from "fast-check";
import { expect, test } from "vitest";
import type { Usage } from "../../src/trace/model.js";
import { pricesOf } from "../../src/trace/token-prices.js";

const model = { providerId: "p", modelId: "m", variant: null };
const TRUE = { input: 3e-6, output: 15e-6, cacheRead: 0.3e-6, cacheWrite: 3.75e-6 };

function call(usage: Partial<Usage>, prices = TRUE) {
  const all = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0, ...usage };
  const { input, output, reasoning, cacheRead, cacheWrite } = all;
  const cost =
    input * prices.input +
    (output + reasoning) * prices.output +
    cacheRead * prices.cacheRead +
    cacheWrite * prices.cacheWrite;
  return { model, usage: all, cost };
}

test("prices that calls tell of are found, however far they are from the usual", () => {
  const odd = { input: 2e-6, output: 2e-6, cacheRead: 1e-6, cacheWrite: 0 };
  const found = pricesOf([
    call({ input: 4000, output: 100 }, odd),
    call({ input: 300, output: 900, reasoning: 50, cacheRead: 4000 }, odd),
    call({ input: 20, output: 50, cacheRead: 4300, cacheWrite: 700 }, odd),
    call({ input: 6000, output: 10, cacheWrite: 100 }, odd),
  ])(model).perToken;
  expect(found?.input).toBeCloseTo(odd.input, 9);
  expect(found?.output).toBeCloseTo(odd.output, 8);
  expect(found?.cacheRead).toBeCloseTo(odd.cacheRead, 8);
});

test("one call alone is told apart by what is usual, and its parts add up to what it cost", () => {
  const [one] = [call({ input: 1000, output: 200, cacheRead: 5000 })];
  const found = pricesOf([one])({ ...model, variant: "high" }).perToken;
  expect(found?.input).toBeCloseTo(TRUE.input, 10);
  expect((found?.input ?? 0) * 1000 + (found?.output ?? 0) * 200 + (found?.cacheRead ?? 0) * 5000).toBeCloseTo(
    one.cost,
    8,
  );
});

test("no price is below nothing, and what a call cost is what its tokens cost", () => {
  const tokens = fc.integer({ min: 0, max: 200_000 });
  const usage = fc.record({ input: tokens, output: tokens, reasoning: tokens, cacheRead: tokens, cacheWrite: tokens });
  fc.assert(
    fc.property(fc.array(usage, { minLength: 1, maxLength: 8 }), (usages) => {
      const calls = usages.map((one) => call(one)).filter(({ cost }) => cost > 0);
      fc.pre(calls.length > 0);
      const { perToken: found, settled } = pricesOf(calls)(model);
      for (const price of Object.values(found ?? {})) expect(price).toBeGreaterThanOrEqual(0);
      for (const { usage: used, cost } of calls) {
        expect(call(used, found ?? TRUE).cost / cost).toBeCloseTo(1, 3);
        const own = settled(used);
        if (own !== null) expect(own / cost).toBeCloseTo(1, 3);
      }
    }),
  );
});

test("without a priced call there is no price, and none of another model's", () => {
  const none = [pricesOf([{ ...call({ input: 10 }), cost: null }])(model), pricesOf([])(null)];
  const ofOther = pricesOf([call({ input: 10 })])({ ...model, modelId: "other" });
  for (const { perToken, settled } of [...none, ofOther]) {
    expect(perToken).toBeNull();
    expect(settled(call({ input: 10 }).usage)).toBeNull();
  }
});

test("what calls leave open has a price by what is usual, and none that is settled", () => {
  const { perToken, settled } = pricesOf([call({ input: 800, output: 40 }), call({ input: 1_600, output: 80 })])(model);
  expect(perToken?.cacheRead).toBeGreaterThan(0);
  expect(settled(call({ cacheRead: 100 }).usage)).toBeNull();
  expect(settled(call({ input: 20, output: 1 }).usage)).toBeCloseTo(call({ input: 20, output: 1 }).cost, 12);
});
