import { expect, test } from "vitest";
import { LITTLE, withLittleStack } from "./little-stack.js";

const many = new Array<number>(LITTLE + 1).fill(1);

test("what spreads a list into a call, or calls itself for each of it, fails with little of the stack only", () => {
  const spread = () => Math.max(...many);
  const calls = (left: number): number => (left === 0 ? 0 : 1 + calls(left - 1));
  expect([spread(), calls(1_500)]).toEqual([1, 1_500]);
  expect(() => withLittleStack(spread)).toThrow(RangeError);
  expect(() => withLittleStack(() => calls(1_500))).toThrow(RangeError);
  expect(withLittleStack(() => many.length)).toBe(LITTLE + 1);
});
