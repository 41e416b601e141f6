import { expect, test } from "vitest";
import { experimentLinks } from "../../src/cli/experiment-links.js";
import { folded } from "../../src/terminal/labelled-line.js";
import { someTasks } from "../support/task-results.js";

test("each arm with a link has one, to its first run that was sent", () => {
  const plan = someTasks(4).map((task, at) => ({ task, arm: at === 1 ? "new" : at === 2 ? "lost" : "base" }));
  const recorded = new Map([
    ["t1", { urls: {} }],
    ["t2", { urls: { a: "https://langfuse.example.com/a" } }],
    ["t4", { urls: { b: "https://langfuse.example.com/b" } }],
  ]);
  const printed = experimentLinks(plan, recorded).flatMap((line) => folded(line, 80));
  expect(printed).toEqual([
    "trace    new: https://langfuse.example.com/a",
    "trace    base: https://langfuse.example.com/b",
  ]);
});
