import { expect, test } from "vitest";
import { nearest } from "../../src/text/nearest.js";

const KNOWN = ["model", "maxCost", "maxSteps", "url"];

test.each([
  ["modle", "model"],
  ["MAXCOST", "maxCost"],
  ["max_cost", "maxCost"],
  ["maxStep", "maxSteps"],
  ["uri", "url"],
  ["colour", undefined],
  ["x", undefined],
  ["constructor", undefined],
])("%s was meant to be %s", (name, meant) => {
  expect(nearest(name, KNOWN)).toBe(meant);
});

test("what others call it comes first, where it is known", () => {
  expect(nearest("Address", KNOWN, { address: "url" })).toBe("url");
  expect(nearest("address", ["model"], { address: "url" })).toBe(undefined);
});
