import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OwnWork, PhaseKind } from "../../src/opencode/model.js";
import { PHASE_KINDS, phasesIn } from "../../src/trace/phases.js";
import { traceModel } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { followed } from "./make-evidence.js";
import { answerAt, endAt, sessionOf, turnOf } from "./make-model.js";
import { T0 } from "./make-session.js";

const SCOPE = { sessionId: "ses_0", turnId: "msg_0" };

const interval = fc
  .tuple(fc.integer({ min: -5, max: 65 }), fc.integer({ min: 0, max: 30 }))
  .map(([start, length]) => ({ start, end: start + length }));
const work: fc.Arbitrary<OwnWork> = fc
  .tuple(interval, fc.constantFrom(...PHASE_KINDS), fc.constantFrom("log" as const, "export" as const))
  .map(([bounds, kind, evidence]) => ({ ...bounds, kind, evidence, timing: "exact" }));

describe("phasesIn", () => {
  test("gives each moment to the first kind that is known of it, and to none where something else was at work", () => {
    const arbitrary = fc.record({
      works: fc.array(work, { maxLength: 12 }),
      busy: fc.array(interval, { maxLength: 6 }),
      cuts: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ works, busy, cuts }) => {
        const phases = phasesIn(works, { ...SCOPE, bounds: { start: 0, end: 60 }, busy, cuts });
        const at = (some: readonly { readonly start: number; readonly end: number }[], ms: number) =>
          some.filter(({ start, end }) => start <= ms && ms < end);
        for (let ms = -6; ms < 70; ms += 1) {
          const known = new Set((at(works, ms) as OwnWork[]).map(({ kind }) => kind));
          const isFree = ms >= 0 && ms < 60 && at(busy, ms).length === 0;
          const wanted: PhaseKind | undefined = isFree ? PHASE_KINDS.find((kind) => known.has(kind)) : undefined;
          const found = phases.filter(({ start, end }) => start <= ms && ms < end);
          expect(found.map(({ kind }) => kind)).toEqual(wanted === undefined ? [] : [wanted]);
        }
        expect(new Set(phases.map(({ spanId }) => spanId)).size).toBe(phases.length);
        phases.forEach(({ start, kind, evidence }, index) => {
          const before = phases[index - 1];
          if (before?.end !== start || cuts.includes(start)) return;
          expect({ kind, evidence }).not.toEqual({ kind: before.kind, evidence: before.evidence });
        });
        for (const cut of cuts) expect(phases.filter(({ start, end }) => start < cut && cut < end)).toEqual([]);
      }),
    );
  });
});

test("moments that are no numbers neither count nor keep it from coming to an end", () => {
  const known: OwnWork = { start: 0, end: 40, kind: "saving", evidence: "log", timing: "exact" };
  const odd = { start: Number.NaN, end: Number.NaN };
  const phasesWith = (more: Partial<Parameters<typeof phasesIn>[1]>, works: readonly OwnWork[] = [known]) =>
    phasesIn(works, { ...SCOPE, bounds: { start: 0, end: 60 }, busy: [{ start: 10, end: 20 }], cuts: [30], ...more });
  const wanted = phasesWith({});
  expect(wanted.map(({ start, end }) => [start, end])).toEqual([
    [0, 10],
    [20, 30],
    [30, 40],
  ]);
  expect(phasesWith({ busy: [odd, { start: 10, end: 20 }, { start: 15, end: Number.NaN }] })).toEqual(wanted);
  expect(phasesWith({ cuts: [Number.NaN, 30] })).toEqual(wanted);
  expect(phasesWith({ cuts: [30, Number.NaN] })).toEqual(wanted);
  expect(phasesWith({}, [{ ...known, ...odd }, known, { ...known, end: Number.NaN }])).toEqual(wanted);
});

describe("opencode's own time in the recordings", () => {
  test.each([
    ["multistep@1.15.13", { loading: 168, saving: 22, prompt: 143, other: 0 }],
    ["multistep@1.17.19", { loading: 923, saving: 39, prompt: 273, other: 0 }],
    ["multistep@1.18.33", { loading: 1459, saving: 34, prompt: 103, other: 0 }],
    ["compaction@1.18.33", { loading: 746, compaction: 21, saving: 18, prompt: 64, other: 0 }],
  ])("of %s has names", (name, times) => {
    expect(traceOf(name).loop.ownTime).toEqual(times);
  });

  test("has names of nearly all that a log tells of, and of none of the first request without one", () => {
    for (const name of fixtureNames) {
      const fixture = loadFixture(name);
      for (const { loop } of tracesOf(fixture, "log"))
        expect(loop.ownTime.other / loop.account.duration, name).toBeLessThan(0.05);
      for (const { loop } of tracesOf(fixture, "export"))
        expect([...loop.phases, ...loop.steps.flatMap(({ phases }) => phases)].map(({ kind }) => kind)).not.toContain(
          "loading",
        );
    }
  });

  test("is cut where steps begin and end, and names what tells of it", () => {
    const { loop } = traceOf("failing-tool@1.18.33");
    expect(loop.phases.map(({ kind, evidence }) => `${kind} ${evidence}`)).toEqual([
      "loading log",
      "prompt log",
      "prompt log",
      "prompt log",
    ]);
    expect(loop.steps.map(({ phases }) => phases.map(({ kind }) => kind))).toEqual([
      ["prompt", "loading", "prompt", "saving"],
      ["prompt", "saving"],
      ["prompt", "saving"],
    ]);
  });
});

describe("around a turn", () => {
  const turn = turnOf(1000, [answerAt(1100, 2000)], { end: endAt(2050, "succeeded") });
  const around = [
    { kind: "starting", start: T0 + 100, end: T0 + 700, evidence: "run", timing: "exact" },
    { kind: "loading", start: T0 + 700, end: T0 + 1500, evidence: "log", timing: "exact" },
    { kind: "ending", start: T0 + 2000, end: T0 + 2300, evidence: "run", timing: "exact" },
  ] as const;
  test("what it took to get there, and to end, is in no sum", () => {
    const run = followed({ startedAt: T0 + 100, endedAt: T0 + 2300 });
    const session = sessionOf([{ ...turn, run, ownWork: { within: [], around } }]);
    const { loop } = onlyOne(traceModel(session));
    expect(loop.around.map(({ kind, start, end }) => [kind, start - T0, end - T0])).toEqual([
      ["starting", 100, 700],
      ["loading", 700, 1000],
      ["ending", 2050, 2300],
    ]);
    expect(loop.ownTime).toEqual({ other: loop.account.other });
  });
});
