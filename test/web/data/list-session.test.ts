import { describe, expect, test } from "vitest";
import { sessionFacts } from "../../../src/analysis/session-facts.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { knownTokens, totalTokens } from "../../../src/trace/usage.js";
import { listedSession } from "../../../src/web/data/list-session.js";
import type { SessionSummary } from "../../../src/web/data/listed-session.js";
import { at, fixtureNames, loadFixture, traceOf, tracesOf } from "../../support/fixtures.js";

function listedOf(traces: readonly LoopTrace[]): SessionSummary {
  const facts = sessionFacts(traces);
  if (!facts) throw new Error("It holds no prompt.");
  return listedSession("ses_a", facts, []);
}

describe.each(fixtureNames)("%s", (name) => {
  test("its figures are the sums of its turns", () => {
    const traces = tracesOf(loadFixture(name), "log");
    const loops = traces.map(({ loop }) => loop);
    const last = at(traces, -1);
    const sum = (of: (loop: LoopTrace["loop"]) => number) => loops.reduce((all, loop) => all + of(loop), 0);
    const listed = listedOf(traces);
    expect(listed).toMatchObject({
      kind: "session",
      id: "ses_a",
      title: last.session.title,
      at: last.loop.start,
      outcome: last.loop.outcome,
      turns: traces.length,
      copiedTurns: 0,
      steps: sum(({ totalsWithSubagents }) => totalsWithSubagents.steps),
      errorCode: last.loop.error?.code ?? null,
      tokens: knownTokens(
        sum(({ totalsWithSubagents }) => totalsWithSubagents.calls),
        sum(({ totalsWithSubagents }) => totalTokens(totalsWithSubagents.usage)),
      ),
      duration: sum(({ start, end }) => end - start),
      errors: [...new Set(loops.flatMap(({ error }) => error?.code ?? []).reverse())],
    });
    expect(totalTokens(listed.usage)).toBe(listed.tokens ?? 0);
    expect(listed.cost ?? 0).toBeCloseTo(
      sum(({ totalsWithSubagents }) => totalsWithSubagents.cost ?? 0),
      9,
    );
  });
});

test("a copied turn counts zero, an unpriced one is no zero", () => {
  const trace = traceOf("multistep@1.18.33");
  const { loop } = trace;
  const one = listedOf([trace]);
  expect(listedOf([{ ...trace, loop: { ...loop, copied: true } }, trace])).toEqual({
    ...one,
    ...{ turns: 2, copiedTurns: 1 },
    prompts: [one.prompts[0], one.prompts[0]],
  });
  const steps = loop.steps.map((step) => ({ ...step, call: step.call && { ...step.call, cost: null } }));
  expect(listedOf([{ ...trace, loop: { ...loop, steps } }]).cost).toBeNull();
});
