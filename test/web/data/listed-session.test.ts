import { describe, expect, test } from "vitest";
import { sessionFacts } from "../../../src/analysis/session-facts.js";
import { totalTokens } from "../../../src/trace/usage.js";
import { listedSession, shortened, unreadableSession } from "../../../src/web/data/listed-session.js";
import { at, fixtureNames, loadFixture, traceOf, tracesOf } from "../../support/fixtures.js";

describe.each(fixtureNames)("%s", (name) => {
  test("its figures are the sums of its turns", () => {
    const traces = tracesOf(loadFixture(name), "log");
    const loops = traces.map(({ loop }) => loop);
    const last = at(traces, -1);
    expect(listedSession(last.session.id, sessionFacts(traces), 1)).toMatchObject({
      kind: "session",
      id: last.session.id,
      title: last.session.title,
      at: last.loop.start,
      outcome: last.loop.outcome,
      turns: traces.length,
      steps: loops.reduce((sum, loop) => sum + loop.totalsWithSubagents.steps, 0),
      tokens: loops.reduce((sum, loop) => sum + totalTokens(loop.totalsWithSubagents.usage), 0),
      duration: loops.reduce((sum, { start, end }) => sum + end - start, 0),
      errors: [...new Set(loops.flatMap(({ error }) => error?.code ?? []).reverse())],
    });
  });
});

test("a copied turn counts zero, an unpriced one is no zero", () => {
  const trace = traceOf("multistep@1.18.33");
  const { loop } = trace;
  const copied = { ...trace, loop: { ...loop, copied: true } };
  const one = listedSession("ses_a", sessionFacts([trace]), 1);
  expect(listedSession("ses_a", sessionFacts([copied, trace]), 1)).toEqual({
    ...one,
    turns: 2,
    prompts: expect.arrayContaining([expect.any(String), expect.any(String)]),
  });
  const unpriced = { ...loop, totalsWithSubagents: { ...loop.totalsWithSubagents, cost: null } };
  expect(listedSession("ses_a", sessionFacts([{ ...trace, loop: unpriced }]), 1)).toMatchObject({ cost: null });
});

test("without a prompt there is nothing to show, and it says so", () => {
  expect(listedSession("ses_a", sessionFacts([]), 7)).toEqual(unreadableSession("ses_a", 7, "It holds no prompt yet."));
});

test("long texts are cut, never in the middle of a character", () => {
  const trace = traceOf("multistep@1.18.33");
  const title = `${"x".repeat(499)}${"😀".repeat(10)}`;
  const cut = shortened(listedSession("ses_a", sessionFacts([{ ...trace, session: { ...trace.session, title } }]), 1));
  expect(cut).toMatchObject({ title: `${"x".repeat(499)}\uFFFD…` });
  expect(shortened(unreadableSession("ses_a", 1, "y".repeat(1000)))).toMatchObject({
    reason: `${"y".repeat(500)}…`,
  });
});
