import { expect, test } from "vitest";
import { bytesText, cost, costDecimals, count, duration, durationIn, plural } from "../../src/text/format.js";

test.each([
  [0, "0ms"],
  [999.4, "999ms"],
  [999.5, "1.00s"],
  [9_994, "9.99s"],
  [9_995, "10.0s"],
  [59_949, "59.9s"],
  [59_950, "1m00s"],
  [123_000, "2m03s"],
  [3_599_499, "59m59s"],
  [3_600_000, "1h00m"],
  [90_000_000, "25h00m"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test("counts, their nouns and costs", () => {
  expect([0, 999, 1000, 1234567.4].map(count)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([plural(1, "step"), plural(1200, "step"), plural(0, "retry", "retries")]).toEqual([
    "1 step",
    "1,200 steps",
    "0 retries",
  ]);
  expect([null, 0, 0.00124, 0.0311, 9.99994, 12.5].map((usd) => cost(usd))).toEqual([
    "–",
    "$0",
    "$0.00124",
    "$0.0311",
    "$9.9999",
    "$12.50",
  ]);
});

test("costs below each other have as many decimals as the smallest of them needs", () => {
  const costs = [12.5, 0, 0.00124, 0.0311];
  expect(costs.map((usd) => cost(usd, costDecimals(costs)))).toEqual(["$12.50000", "$0", "$0.00124", "$0.03110"]);
  expect([costDecimals([]), costDecimals([0, 12.5]), costDecimals([0.5, 12.5])]).toEqual([2, 2, 4]);
});

test("what costs next to nothing is not told as nothing", () => {
  expect([0.000004, 0.000005, 0.0000001].map((usd) => cost(usd))).toEqual(["<$0.00001", "$0.00001", "<$0.00001"]);
  expect(cost(0.001, 2)).toBe("<$0.01");
});

test("a part of a longer time is told in that one's unit", () => {
  expect([durationIn(4, 10), durationIn(4, 100), durationIn(4, 1000), durationIn(4, 60_000)]).toEqual([
    "0.04s",
    "0.4s",
    "4s",
    "4m",
  ]);
});

test.each([
  [1, "1 byte"],
  [999, "999 bytes"],
  [1500, "1.5 kB"],
  [163_594, "164 kB"],
  [9_960_000, "10 MB"],
  [2_500_000_000, "2.5 GB"],
])("%i bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
