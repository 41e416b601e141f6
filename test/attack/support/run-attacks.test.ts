import { expect, test } from "vitest";
import type { Attack } from "./attack.js";
import { isAttack, pickAttacks, runAttacks } from "./run-attacks.js";

const holds: Attack = { name: "holds", run: async () => ({ figures: ["3 tried"], failures: [] }) };
const fails: Attack = {
  name: "fails",
  run: async () => ({ figures: [], failures: ["seed 7: lost a span"] }),
};
const breaks: Attack = { name: "breaks", run: () => Promise.reject(new Error("no port")) };

test("each attack tells its figures and what did not hold, and one that breaks off counts", async () => {
  const told: string[] = [];
  expect(
    await runAttacks(
      [holds, fails, breaks],
      (line) => told.push(line),
      () => 0,
    ),
  ).toBe(2);
  expect(told.slice(0, 4)).toEqual(["holds (0.0 s)", "  3 tried", "fails (0.0 s)", "  FAILED: seed 7: lost a span"]);
  expect(told.slice(4).join("\n")).toContain("it broke off: Error: no port");
  expect(told.at(-1)).toBe("2 did not hold.");
});

test("where all holds nothing counts", async () => {
  const told: string[] = [];
  expect(
    await runAttacks(
      [holds],
      (line) => told.push(line),
      () => 0,
    ),
  ).toBe(0);
  expect(told.at(-1)).toBe("All held: holds.");
});

test("names pick, and one that is none is refused", () => {
  expect(pickAttacks([holds, fails], ["fails"])).toEqual([fails]);
  expect(pickAttacks([holds, fails], [])).toEqual([holds, fails]);
  expect(() => pickAttacks([holds, fails], ["hold"])).toThrow("There is no attack hold; there are holds, fails.");
});

test("only what has a name and a run is an attack", () => {
  expect(isAttack(holds)).toBe(true);
  expect(isAttack({ name: "x" })).toBe(false);
});
