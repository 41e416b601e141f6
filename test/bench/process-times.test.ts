import { expect, test } from "vitest";
import { cpuMsIn, parentIn } from "./process-times.js";

test("the CPU time of a process is its own and that of what it has waited for, whatever its name", () => {
  const rest = "S 1 2 3 0 -1 4194560 900 800 0 0 12 3 40 5 20 0 8 0 100 1000 200";
  expect(cpuMsIn(`17 (node) ${rest}`)).toBe(600);
  expect(cpuMsIn(`17 (a (b) 9 9 9) ${rest}`)).toBe(600);
});

test("a process is told from its parent, whatever its name", () => {
  expect(parentIn("17 (a (b) 9 9 9) S 41 2 3 0 -1")).toBe(41);
});
