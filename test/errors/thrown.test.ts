import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { attempt, codeOf, hasCode, messageOf } from "../../src/errors/thrown.js";

it("tells what was thrown, an error or not", () => {
  expect(messageOf(new Error("the disk is gone"))).toBe("the disk is gone");
  expect(messageOf("a text")).toBe("a text");
  expect(messageOf(undefined)).toBe("undefined");
});

it("knows a system error by its code", () => {
  let thrown: unknown;
  try {
    readFileSync("/there/is/no/such/file");
  } catch (error) {
    thrown = error;
  }
  expect(codeOf(thrown)).toBe("ENOENT");
  expect(hasCode(thrown, "ENOENT")).toBe(true);
  expect(hasCode(thrown, "EACCES")).toBe(false);
  expect(codeOf(new Error("none"))).toBeUndefined();
  expect(codeOf({ code: "ENOENT" })).toBeUndefined();
});

it("gives what a function returns, and nothing where it throws", () => {
  expect(attempt(() => JSON.parse("[1]"))).toEqual([1]);
  expect(attempt(() => JSON.parse("[1"))).toBeUndefined();
});
