import { expect, test } from "vitest";
import { alternate, median, spreadOf } from "./measure.js";

test("the median of an even number of values lies between the middle two", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 1, 3, 2])).toBe(2.5);
});

test("both sides take turns at being first, and rounds that warm up do not count", async () => {
  const calls: string[] = [];
  const figures = new Map([
    ["a", [100, 4, 6, 8]],
    ["b", [1, 2, 2, 2]],
  ]);
  const side = (name: string) => () => {
    calls.push(name);
    return figures.get(name)?.shift();
  };
  const measured = await alternate({ looptrace: side("a"), bare: side("b") }, 3, 1, (run) =>
    Promise.resolve(Number(run())),
  );
  expect(calls.join("")).toBe("ba" + "ab" + "ba" + "ab");
  expect(measured).toEqual({ looptrace: 6, bare: 2, ratio: 3 });
});

test("the spread leaves a quarter out at each end", () => {
  expect(spreadOf([9, 1, 2, 3, 4, 5, 6, 7, 8])).toBe("3.00 to 7.00");
  expect(spreadOf([0.333])).toBe("0.33 to 0.33");
});
