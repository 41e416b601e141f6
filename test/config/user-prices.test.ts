import { expect, test } from "vitest";
import { parseConfigFile } from "../../src/config/config-file.js";
import { settingsWith } from "../../src/config/settings.js";
import { userPricesOf } from "../../src/config/user-prices.js";

const PATH = "/repo/looptrace.config.json";

function pricesIn(prices: unknown) {
  return userPricesOf(parseConfigFile(PATH, JSON.stringify({ prices })));
}

test("what is left out costs as what it is most like, and free is nothing", () => {
  expect(pricesIn({ "a/*": { input: 2, output: 8 }, "b/c": { free: true, override: true } })).toEqual([
    { model: "a/*", perMillion: { input: 2, output: 8, reasoning: 8, cacheRead: 2, cacheWrite: 2 }, override: false },
    { model: "b/c", perMillion: { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }, override: true },
  ]);
});

test("they go with what traces say, and are nothing where there are none", () => {
  const file = parseConfigFile(PATH, JSON.stringify({ prices: { "a/*": { free: true } } }));
  expect(settingsWith(file, {}, {}).trace.prices).toHaveLength(1);
  expect(settingsWith({}, {}, {}).trace).not.toHaveProperty("prices");
});

test.each<[unknown, RegExp]>([
  [{ "a/b": { input: 1 } }, /"input" and "output" in USD a million tokens/],
  [{ "a/b": { fre: true } }, /"free": true/],
  [{ "a/b": 3 }, /prices\.a\/b must be \{ "free"/],
])("%j is refused, and what it may be is said", (prices, said) => {
  expect(() => pricesIn(prices)).toThrow(said);
});
