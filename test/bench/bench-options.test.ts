import { expect, test } from "vitest";
import { BENCH_HELP, benchOptions, PARTS } from "./bench-options.js";

test("help is asked for, and names every part", () => {
  for (const argv of [["--help"], ["-h"], ["--quick", "--help"]]) expect(benchOptions(argv)).toBe("help");
  for (const name of Object.keys(PARTS)) expect(BENCH_HELP).toContain(`\n  ${name} `);
});

test("all is measured, or what is named", () => {
  const all = { quick: false, json: undefined, parts: Object.keys(PARTS), sessions: undefined };
  expect(benchOptions([])).toEqual(all);
  expect(benchOptions(["--quick", "--json", "-"])).toEqual({ ...all, quick: true, json: "-" });
  expect(benchOptions(["--only", "many", "--sessions", "40"])).toEqual({ ...all, parts: ["many"], sessions: 40 });
});

test.each([
  [["--onyl", "starts"], "Unknown option"],
  [["starts"], "Unexpected argument"],
  [["--only", "toString"], "--only takes one of computing, masking"],
  [["--sessions", "many"], "--sessions takes a whole number"],
  [["--only", "starts", "--sessions", "40"], "starts has none"],
  [["--quick", "--json", "history.json"], "not kept"],
])("%j is refused", (argv, why) => {
  expect(() => benchOptions(argv)).toThrow(why);
});
