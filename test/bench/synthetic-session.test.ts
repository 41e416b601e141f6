import { expect, test } from "vitest";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { shapedSession, syntheticSession } from "./synthetic-session.js";

const session = syntheticSession(2_000_000);

test("a synthetic session has the size that was asked for", () => {
  expect(session.bytes).toBeGreaterThan(1_900_000);
  expect(session.bytes).toBeLessThan(2_400_000);
});

test("the same seed gives the same session, another seed another", () => {
  expect(syntheticSession(100_000, 7)).toEqual(syntheticSession(100_000, 7));
  expect(syntheticSession(100_000, 8)).not.toEqual(syntheticSession(100_000, 7));
});

test("looptrace reads all of it: steps, tools and subagents in their places", () => {
  const exports = session.exports.map((text) => readExport(text, "synthetic"));
  expect(exports.map(({ unread }) => unread)).toEqual(exports.map(() => ({ partTypes: {}, roles: {} })));
  const traces = assembleSessions(exports).flatMap((tree) => traceSession(tree));
  const totals = traces.map(({ loop }) => loop.totalsWithSubagents);
  const sum = (of: (total: (typeof totals)[number]) => number): number =>
    totals.reduce((before, total) => before + of(total), 0);
  expect(sum(({ steps }) => steps)).toBe(session.steps);
  expect(sum(({ tools }) => tools)).toBe(session.tools);
  expect(sum(({ toolFailures }) => toolFailures)).toBeGreaterThan(0);
  const subagents = traces.flatMap(({ loop }) =>
    loop.steps.flatMap(({ tools }) => tools.flatMap(({ loops }) => loops)),
  );
  expect(subagents.length).toBe(session.exports.length - 1);
  expect(subagents.length).toBeGreaterThan(0);
  expect(traces.map(({ loop }) => loop.outcome)).toEqual(traces.map(() => "completed"));
  // Reading figures that contradict each other takes longer, and no opencode writes such.
  expect(totals.map(({ doubtfulCalls }) => doubtfulCalls)).toEqual(totals.map(() => 0));
});

test("a session of a shape has just that", () => {
  const shaped = shapedSession({ turns: 3, steps: 5, tools: 2, output: 700, subagents: 2 });
  const [root, ...children] = shaped.exports.map((text) => readExport(text, "shaped"));
  expect(children.length).toBe(6);
  expect(shaped.steps).toBe(3 * 5 + 6 * 2);
  // The steps that neither delegate nor are a turn's last: two of each turn, and one of each subagent.
  expect(shaped.tools).toBe(3 * 2 * 2 + 6 * 2 + 6);
  const traces = assembleSessions([...(root ? [root] : []), ...children]).flatMap((tree) => traceSession(tree));
  expect(traces.map(({ loop }) => loop.steps.length)).toEqual([5, 5, 5]);
  expect(
    traces.flatMap(({ loop }) => loop.steps.flatMap(({ tools }) => tools.flatMap(({ loops }) => loops))).length,
  ).toBe(6);
});
