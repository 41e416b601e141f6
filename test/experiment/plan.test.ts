import { expect, test } from "vitest";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { type Case, planRuns } from "../../src/experiment/plan.js";

const cases = (count: number): readonly Case[] =>
  parseTasks(
    Array.from({ length: count }, (_, index) => JSON.stringify({ id: `c${index}`, prompt: `Do ${index}` })).join("\n"),
    "tasks.jsonl",
  ).map(({ id, request }) => ({ id, request }));
const arms = (...names: readonly string[]) => names.map((name) => ({ name, settings: {} }));
const plan = (count: number, runs: number, names: readonly string[], seed = "s") =>
  planRuns(cases(count), arms(...names), { name: "e", runs, seed, requestOf: () => ({}) });

test("every case runs as often by every arm, its arms one behind the other, every case once before one comes again", () => {
  const all = plan(5, 3, ["a", "b", "c"]);
  expect(new Set(all.map(({ task }) => task.id)).size).toBe(45);
  for (let at = 0; at < all.length; at += 3) {
    const block = all.slice(at, at + 3);
    expect(new Set(block.map((one) => `${one.case} ${one.run}`)).size).toBe(1);
    expect(block.map(({ arm }) => arm).sort()).toEqual(["a", "b", "c"]);
  }
  expect(all.slice(0, 15).every(({ run }) => run === 0)).toBe(true);
  expect(new Set(all.slice(0, 15).map((one) => one.case)).size).toBe(5);
});

test("of two arms each comes first as often, also with one run of each case, and in an order of chance", () => {
  const firsts = (count: number, runs: number, seed?: string): readonly string[] =>
    plan(count, runs, ["a", "b"], seed).flatMap(({ arm }, index) => (index % 2 === 0 ? [arm] : []));
  const times = (all: readonly string[]): number => all.filter((arm) => arm === "a").length;
  expect(times(firsts(40, 1))).toBe(20);
  expect(times(firsts(7, 2))).toBe(7);
  expect(firsts(40, 1)).not.toEqual(firsts(40, 1, "t"));
  expect(firsts(40, 1)).toEqual(firsts(40, 1));
  // Neither strictly in turn.
  expect(new Set(firsts(40, 1).map((arm, index) => `${arm}${index % 2}`)).size).toBe(4);
});

test("a run is a task that says what it is a run of; more runs leave those that were planned as they were", () => {
  const [first] = plan(1, 1, ["a"]);
  expect(first?.task).toMatchObject({
    id: "c0/a/1",
    request: {
      prompt: "Do 0",
      tags: ["experiment:e", "arm:a"],
      metadata: { experiment: "e", arm: "a", case: "c0", repeat: 1 },
      experiment: { name: "e", arm: "a", case: "c0", run: 0 },
    },
  });
  const digests = (runs: number) => new Map(plan(4, runs, ["a", "b"]).map(({ task }) => [task.id, task.digest]));
  const later = digests(3);
  for (const [id, digest] of digests(2)) expect(later.get(id)).toBe(digest);
});
