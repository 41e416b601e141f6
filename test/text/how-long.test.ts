import { expect, test } from "vitest";
import { howLong } from "../../src/text/how-long.js";

test.each([
  [-5, "0 ms"],
  [0, "0 ms"],
  [999.4, "999 ms"],
  [999.5, "1 s"],
  [9_540, "9.5 s"],
  [59_949, "59.9 s"],
  [59_950, "1m00s"],
  [590_000, "9m50s"],
  [3_600_000, "60m00s"],
])("%d ms is %s", (ms, text) => {
  expect(howLong(ms)).toBe(text);
});
