import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ListedSession, SessionSummary } from "../../../src/web/data/listed-session.js";
import { applyChanges, NOTHING_KNOWN } from "../../../src/web/list/apply-changes.js";
import { amountOf, choicesOf, type Filters, filtered, NO_FILTERS } from "../../../src/web/list/filters.js";
import { hashOf, stateOf } from "../../../src/web/list/list-state.js";
import { momentText } from "../../../src/web/list/moment-text.js";
import { NEWEST_FIRST, SORT_KEYS, sorted, sortingAfter } from "../../../src/web/list/sort.js";

function session(id: string, more: Partial<SessionSummary> = {}): SessionSummary {
  return {
    kind: "session",
    id,
    title: `Title of ${id}`,
    prompts: ["Do something."],
    at: 1000,
    directory: "/home/dev/shop",
    models: ["acme/large"],
    outcome: "completed",
    errors: [],
    turns: 1,
    steps: 3,
    tokens: 1000,
    cost: 0.5,
    duration: 10_000,
    missingSubagents: 0,
    doubtfulCalls: 0,
    ...more,
  };
}

const broken: ListedSession = { kind: "unreadable", id: "ses_x", at: 5, reason: "This is no JSON." };
const sessions: readonly ListedSession[] = [
  session("ses_a", { at: 1, cost: null, models: ["acme/small"], title: "Fix the Düsseldorf test" }),
  session("ses_b", { at: 2, cost: 0.01, duration: 500, errors: ["rate_limit"], outcome: "failed" }),
  session("ses_c", { at: 3, cost: 2, duration: 90_000, models: ["acme/large", "acme/small"] }),
  session("ses_d", { at: 4, outcome: "unfinished", prompts: ["First.", "Then sell bread."] }),
  session("ses_e", { at: 6, errors: ["server_error"], outcome: "completed" }),
  broken,
];

function ids(list: readonly ListedSession[]): string {
  return list.map(({ id }) => id.replace("ses_", "")).join("");
}

function after(filters: Partial<Filters>): string {
  return ids(filtered(sessions, { ...NO_FILTERS, ...filters }));
}

describe("filters", () => {
  test.each<[Partial<Filters>, string]>([
    [{}, "abcdex"],
    [{ outcome: "completed" }, "ace"],
    [{ outcome: "failed" }, "be"],
    [{ outcome: "unfinished" }, "d"],
    [{ outcome: "unreadable" }, "x"],
    [{ outcome: "error:rate_limit" }, "b"],
    [{ outcome: "error:rate" }, ""],
    [{ model: "acme/small" }, "ac"],
    [{ minCost: "0.5" }, "cde"],
    [{ maxCost: "0.5" }, "bde"],
    [{ minCost: "0" }, "bcde"],
    [{ minCost: "0.02", maxCost: "1" }, "de"],
    [{ minTime: "10" }, "acde"],
    [{ maxTime: "0,5" }, "b"],
    [{ minTime: "nonsense" }, "abcdex"],
    [{ query: "  DÜSSEL fix " }, "a"],
    [{ query: "bread" }, "d"],
    [{ query: "no json" }, "x"],
    [{ query: "rate_limit ses_b" }, "b"],
    [{ query: "shop .*" }, ""],
    [{ query: "title", outcome: "failed", minTime: "1" }, "e"],
  ])("%j leaves %s", (filters, expected) => {
    expect(after(filters)).toBe(expected);
  });

  test("what can be chosen is what there is, once each", () => {
    expect(choicesOf(sessions)).toEqual({
      errors: ["rate_limit", "server_error"],
      models: ["acme/large", "acme/small"],
    });
  });

  test("amounts", () => {
    expect(["", " ", "-1", "x", "1e3", " 2,5 ", "0", "Infinity"].map(amountOf)).toEqual([
      ...[null, null, null, null, 1000, 2.5, 0, null],
    ]);
  });
});

describe("sorting", () => {
  test.each([
    ["at", "abcdxe"],
    ["title", "abcdex"],
    ["outcome", "caebdx"],
    ["cost", "bedcxa"],
    ["duration", "bedacx"],
  ] as const)("by %s, ascending", (key, expected) => {
    expect(ids(sorted(sessions, { key, isDescending: false }))).toBe(expected);
  });

  test("what is not known comes last the other way round as well, the newest first among equals", () => {
    expect(ids(sorted(sessions, { key: "cost", isDescending: true }))).toBe("cedbxa");
    expect(ids(sorted(sessions, { key: "tokens", isDescending: true }))).toBe("edcbax");
  });

  test("a click turns round, another column begins with the most, or with A", () => {
    expect(sortingAfter(NEWEST_FIRST, "at")).toEqual({ key: "at", isDescending: false });
    expect(sortingAfter(NEWEST_FIRST, "cost")).toEqual({ key: "cost", isDescending: true });
    expect(sortingAfter(NEWEST_FIRST, "title")).toEqual({ key: "title", isDescending: false });
  });

  test("nothing is lost, whatever the column", () => {
    for (const key of SORT_KEYS)
      for (const isDescending of [true, false])
        expect(new Set(sorted(sessions, { key, isDescending }))).toEqual(new Set(sessions));
  });
});

describe("the state in the address", () => {
  test("what was written is read back, whatever was typed", () => {
    const text = fc.string({ unit: "grapheme" });
    const filters = fc.record({
      ...{ query: text, outcome: text, model: text },
      ...{ minCost: text, maxCost: text, minTime: text, maxTime: text },
    });
    const sorting = fc.record({ key: fc.constantFrom(...SORT_KEYS), isDescending: fc.boolean() });
    fc.assert(
      fc.property(filters, sorting, (one, other) => {
        const state = { filters: one, sorting: other };
        expect(stateOf(`#${hashOf(state)}`)).toEqual(state);
      }),
    );
  });

  test("nothing is written of what is as usual, nonsense counts as not there", () => {
    expect(hashOf({ filters: NO_FILTERS, sorting: NEWEST_FIRST })).toBe("");
    expect(stateOf("#sort=__proto__&constructor=1")).toEqual({ filters: NO_FILTERS, sorting: NEWEST_FIRST });
  });
});

test("changes are applied to what is known", () => {
  const [a, b, c] = [session("ses_a"), session("ses_b"), session("ses_c")];
  const first = applyChanges(NOTHING_KNOWN, { whole: true, sessions: [a, b], gone: [], pending: 1 });
  const second = applyChanges(first, { whole: false, sessions: [c], gone: ["ses_a"], pending: 0 });
  expect([...second.sessions.keys()]).toEqual(["ses_b", "ses_c"]);
  expect(second.pending).toBe(0);
  const third = applyChanges(second, { whole: false, sessions: [], gone: [], pending: 7 });
  expect([third.sessions, third.pending]).toEqual([second.sessions, 7]);
  const whole = applyChanges(third, { whole: true, sessions: [a], gone: [], pending: 0 });
  expect([...whole.sessions.keys()]).toEqual(["ses_a"]);
});

test("a moment is told in the reader's time zone; what is none is not told", () => {
  expect(momentText(new Date(2026, 0, 2, 3, 4).getTime())).toBe("2026-01-02 03:04");
  expect(momentText(Number.NaN)).toBe("–");
});
