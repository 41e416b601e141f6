import { expect, test } from "vitest";
import { littleOf, shapeKeeper } from "../../src/trace/lasting-shapes.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { answer, assistant, exportOf, stepFinish, stepStart, tool, treeOf, user } from "./make-session.js";

const answers = Array.from({ length: 40 }, (_, index) => answer(100 + 100 * index, 190 + 100 * index));
const long = treeOf(exportOf([user(0, "Look."), ...answers]));

test("something is made of the second, and again whenever there have been twice as many", () => {
  const keepShapes = shapeKeeper();
  const made: number[] = [];
  for (let nth = 1; nth <= 20; nth += 1) keepShapes(() => made.push(nth));
  expect(made).toEqual([2, 4, 8, 16]);
});

test("a session is traced the same however many were before", () => {
  const first = traceSession(long);
  for (let nth = 0; nth < 8; nth += 1) expect(traceSession(long)).toEqual(first);
});

test("what outlives a session is little of it", () => {
  const { messages } = long.session;
  expect(littleOf<unknown>(messages)).toEqual(messages.slice(0, 16));
  const large = user(50, "x".repeat(200_000));
  expect(littleOf([user(0, "Look."), large, ...answers])).toHaveLength(1);
  expect(littleOf([large])).toEqual([]);
});

test("a session is traced as well where nothing little can be made of it", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(20_000)}1${"]".repeat(20_000)}`);
  const looked = tool(110, 120, 180, { state: { input: { deep } } });
  const nested = treeOf(exportOf([user(0, "Look."), assistant(100, 190, [stepStart(105), looked, stepFinish(185)])]));
  const first = traceSession(nested);
  for (let nth = 0; nth < 8; nth += 1) expect(traceSession(nested)).toHaveLength(first.length);
});
