import fc from "fast-check";
import { expect, test } from "vitest";
import { maskFor } from "../../src/masking/mask.js";
import { runEvidence } from "../../src/opencode/evidence.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { readSpans } from "../support/received-spans.js";
import { tries } from "../support/tries.js";
import { asked, followed } from "../trace/make-evidence.js";
import { spansIn } from "../trace/walk-trace.js";

const pattern = fc.constantFrom(
  /./,
  /\w+/,
  /\d{4,}/,
  /[A-Za-z0-9]{20,}/,
  /[0-9a-f]{16,}/,
  /tool/,
  /e/,
  /ses_\w+/,
  /completed|stop/,
);

function shapeOf(traces: readonly LoopTrace[]) {
  return traces.map(({ traceId, loop }) => [
    traceId,
    loop.outcome,
    loop.totalsWithSubagents,
    spansIn(loop).map(({ spanId, start, end }) => [spanId, start, end]),
  ]);
}

test("whatever somebody wants masked, a session stays the session that it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...fixtureNames), pattern, async (name, one) => {
      const { text, subagentTexts } = loadFixture(name);
      const texts = [text, ...subagentTexts];
      const mask = await maskFor([texts.map((each): unknown => JSON.parse(each))], {
        environment: {},
        patterns: [one],
      });
      const tracesOf = (all: readonly string[]) =>
        assembleSessions(all.map((each) => readExport(each, name))).flatMap((tree) => traceSession(tree));
      const traces = tracesOf(texts);
      const ids = (all: readonly LoopTrace[]) => shapeOf(all).map(([traceId, , , spans]) => [traceId, spans]);
      // What was masked when the session came in, and a trace that is masked as a whole.
      expect(ids(tracesOf(texts.map((each) => mask.json(each))))).toEqual(ids(traces));
      const whole = traces.map((trace) => mask(trace));
      expect(shapeOf(whole)).toEqual(shapeOf(traces));
      const wrong: string[] = [];
      for (const trace of whole) {
        for (const { body } of encodeTrace(trace)) readSpans(JSON.parse(new TextDecoder().decode(body)), wrong);
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: tries(40) },
  );
});

test("what events told of a run stays readable, whatever of its texts is masked", async () => {
  const retry = { sessionId: "ses_made", at: 1, next: 2, attempt: 1, reason: "Rate limit of acme-42" };
  const run = followed({
    permissions: [asked(1, 2, { callId: "call_1", patterns: ["deploy acme-42", "once"] })],
    retries: [retry],
  });
  const mask = await maskFor([run], { environment: {}, patterns: [/acme-\d+/, /once|other|bash|served/] });
  const masked = runEvidence.parse(mask(run));
  expect(masked.permissions).toEqual([
    { ...run.permissions?.[0], patterns: ["deploy [masked: pattern]", "[masked: pattern]"] },
  ]);
  expect(masked.retries).toEqual([{ ...retry, reason: "Rate limit of [masked: pattern]" }]);
});

test("an answer of somebody else's is a text like any other", async () => {
  const mask = await maskFor([], { environment: {}, patterns: [/swordfish/] });
  expect(mask({ answer: "swordfish" })).not.toEqual({ answer: "swordfish" });
});

test("recorded sessions, in which nothing is secret, stay the same", async () => {
  for (const name of fixtureNames) {
    const { text, subagentTexts } = loadFixture(name);
    const values = [text, ...subagentTexts].map((each): unknown => JSON.parse(each));
    const mask = await maskFor([values], { environment: {} });
    expect(values.filter((value) => mask(value) !== value).length, name).toBe(0);
  }
});
