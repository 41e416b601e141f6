import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ListedSession, SessionSummary } from "../../../src/web/data/listed-session.js";
import { applyChanges, NOTHING_KNOWN } from "../../../src/web/list/apply-changes.js";
import { dayAfter, dayOf, mondayOf, startOf } from "../../../src/web/list/days.js";
import { amountOf, choicesOf, type Filters, filtered, NO_FILTERS, wordsOf } from "../../../src/web/list/filters.js";
import { hashOf, type ListState, stateOf } from "../../../src/web/list/list-state.js";
import { momentText } from "../../../src/web/list/moment-text.js";
import { MEASURES, overTime } from "../../../src/web/list/over-time.js";
import { projectNames } from "../../../src/web/list/projects.js";
import { NEWEST_FIRST, SORT_KEYS, sorted, sortingAfter } from "../../../src/web/list/sort.js";
import { afterTick } from "../../../src/web/list/ticked.js";
import { totalsOf } from "../../../src/web/list/totals.js";

function session(id: string, more: Partial<SessionSummary> = {}): SessionSummary {
  return {
    kind: "session",
    id,
    title: `Title of ${id}`,
    prompts: ["Do something."],
    at: 1000,
    directory: "/home/dev/shop",
    project: null,
    branch: null,
    tags: [],
    models: ["acme/large"],
    outcome: "completed",
    errorCode: null,
    errors: [],
    turns: 1,
    copiedTurns: 0,
    steps: 3,
    tokens: 1000,
    usage: { input: 400, output: 100, reasoning: 0, cacheRead: 500, cacheWrite: 0 },
    cost: 0.5,
    costByUser: 0,
    duration: 10_000,
    missingSubagents: 0,
    doubtfulCalls: 0,
    ...more,
  };
}

const broken: ListedSession = { kind: "unreadable", id: "ses_x", at: 5, reason: "This is no JSON." };
const sessions: readonly ListedSession[] = [
  session("ses_a", { at: 1, cost: null, models: ["acme/small"], title: "Fix the Düsseldorf test" }),
  session("ses_b", {
    at: 2,
    cost: 0.01,
    duration: 500,
    errors: ["rate_limit"],
    outcome: "failed",
    errorCode: "rate_limit",
  }),
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

  test("a word counts where it stands in the session's texts too, each word by itself", () => {
    const found = new Map([
      ["timeout", new Set(["ses_a", "ses_c", "ses_x"])],
      ["unasked", new Set<string>()],
    ]);
    const left = (query: string): string => ids(filtered(sessions, { ...NO_FILTERS, query }, found));
    expect(["Timeout", "timeout DÜSSEL", "timeout unasked", "large timeout", "unknown"].map(left)).toEqual([
      ...["acx", "a", "", "c", ""],
    ]);
    expect(wordsOf({ ...NO_FILTERS, query: " Two  words two " })).toEqual(["two", "words"]);
  });

  test("what can be chosen is what there is, once each", () => {
    const tagged = session("ses_t", { tags: ["nightly", "fix"], project: "p1", directory: "/home/dev/api" });
    expect(choicesOf([...sessions, tagged])).toEqual({
      errors: ["rate_limit", "server_error"],
      models: ["acme/large", "acme/small"],
      projects: [
        ["p1", "api"],
        ["/home/dev/shop", "shop"],
      ],
      tags: ["fix", "nightly"],
    });
  });

  test("by project, tag and days, of which the last one counts whole", () => {
    const noon = (day: number): number => new Date(2026, 10, day, 12).getTime();
    const some: readonly ListedSession[] = [
      session("ses_a", { at: noon(1), project: "p1", directory: "/home/dev/one" }),
      session("ses_b", { at: noon(2), project: "global", tags: ["nightly"] }),
      session("ses_c", { at: noon(3), project: "p1", directory: "/home/dev/worktree", branch: "fix/cart" }),
      { ...broken, at: noon(2) },
    ];
    const left = (filters: Partial<Filters>): string => ids(filtered(some, { ...NO_FILTERS, ...filters }));
    expect(left({ project: "p1" })).toBe("ac");
    expect(left({ project: "/home/dev/shop" })).toBe("b");
    expect(left({ tag: "nightly" })).toBe("b");
    expect(left({ query: "CART" })).toBe("c");
    expect(left({ from: "2026-11-02" })).toBe("bcx");
    expect(left({ to: "2026-11-02" })).toBe("abx");
    expect(left({ from: "2026-11-02", to: "2026-11-02" })).toBe("bx");
    expect(left({ from: "nonsense", to: "2026-13-40" })).toBe("abcx");
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
      ...{ query: text, outcome: text, model: text, project: text, tag: text, from: text, to: text },
      ...{ minCost: text, maxCost: text, minTime: text, maxTime: text },
    });
    const compared = fc.constantFrom<ListState["compared"]>(null, ["ses_a", "ses_b"]);
    const sorting = fc.record({ key: fc.constantFrom(...SORT_KEYS), isDescending: fc.boolean() });
    fc.assert(
      fc.property(filters, sorting, fc.constantFrom(...MEASURES), compared, (one, other, measure, pair) => {
        const state: ListState = { filters: one, sorting: other, measure, compared: pair };
        expect(stateOf(`#${hashOf(state)}`)).toEqual(state);
      }),
    );
  });

  test("nothing is written of what is as usual, nonsense counts as not there", () => {
    const usual: ListState = { filters: NO_FILTERS, sorting: NEWEST_FIRST, measure: "sessions", compared: null };
    expect(hashOf(usual)).toBe("");
    expect(stateOf("#sort=__proto__&constructor=1&chart=x&compare=ses_a")).toEqual(usual);
    expect(stateOf("#compare=ses_a+ses_b+ses_c").compared).toBeNull();
  });
});

test("projects are called by the end of their shortest directory that tells them apart", () => {
  const of = (project: string | null, directory: string): SessionSummary => session("ses_a", { project, directory });
  const names = projectNames([
    ...[of("p1", "/home/dev/work/site-worktree-7"), of("p1", "/home/dev/work/site"), of("p2", "/home/dev/old/site")],
    ...[of("global", "/tmp"), of(null, "/"), of("p3", "C:\\repos\\shop"), broken],
  ]);
  expect([...names]).toEqual([
    ["p1", "work/site"],
    ["p2", "old/site"],
    ["/tmp", "/tmp"],
    ["/", "/"],
    ["p3", "shop"],
  ]);
});

test("totals are the sums of what can be read", () => {
  expect(totalsOf(sessions)).toEqual({
    ...{ sessions: 6, failed: 2, turns: 5, steps: 15, tokens: 5000, cost: 3.01, duration: 120_500 },
    usage: { input: 2000, output: 500, reasoning: 0, cacheRead: 2500, cacheWrite: 0 },
    cached: 2500 / 4500,
  });
  expect(totalsOf([session("ses_fork", { turns: 3, copiedTurns: 2 })])).toMatchObject({ turns: 1 });
  expect(totalsOf([broken])).toMatchObject({ sessions: 1, cost: null, cached: null, turns: 0 });
});

describe("over time", () => {
  const onDay = (day: string, more: Partial<SessionSummary> = {}): SessionSummary =>
    session(`ses_${day}`, { at: (startOf(day) ?? 0) + 3_600_000, ...more });

  test("days without a session are there too, and what failed is told apart", () => {
    const { unit, bars } = overTime(
      [onDay("2026-10-24", { cost: 2 }), onDay("2026-10-26", { cost: 1, errors: ["rate_limit"] }), onDay("2026-10-26")],
      "cost",
    );
    expect(unit).toBe("day");
    expect(bars).toEqual([
      { from: "2026-10-24", to: "2026-10-24", value: 2, failed: 0, sessions: 1 },
      { from: "2026-10-25", to: "2026-10-25", value: 0, failed: 0, sessions: 0 },
      { from: "2026-10-26", to: "2026-10-26", value: 1.5, failed: 1, sessions: 2 },
    ]);
  });

  test("by weeks and months where days are too many", () => {
    const weeks = overTime([onDay("2026-06-03"), onDay("2026-11-29")], "sessions");
    expect([weeks.unit, weeks.bars[0]?.from, weeks.bars.at(-1)?.to]).toEqual(["week", "2026-06-01", "2026-11-29"]);
    const months = overTime([onDay("2020-01-31"), onDay("2026-11-29"), broken], "sessions");
    expect([months.unit, months.bars.at(-1)]).toEqual([
      "month",
      { from: "2026-11-01", to: "2026-11-30", value: 1, failed: 0, sessions: 1 },
    ]);
    expect(months.bars[1]).toMatchObject({ from: "1970-02-01", to: "1970-02-28" });
  });

  test("every session is in one bar, whatever is measured", () => {
    const moments = fc.array(fc.integer({ min: 1.5e12, max: 1.8e12 }), { maxLength: 20 });
    fc.assert(
      fc.property(moments, fc.constantFrom(...MEASURES), (all, measure) => {
        const some = all.map((at, index) => session(`ses_${index}`, { at }));
        const { bars } = overTime(some, measure);
        expect(bars.reduce((sum, bar) => sum + bar.sessions, 0)).toBe(some.length);
        for (const [index, { from }] of bars.entries())
          if (index > 0) expect(from).toBe(dayAfter(bars[index - 1]?.to ?? "", 1));
      }),
      { numRuns: 30 },
    );
  });

  test("without a session there is no bar", () => {
    expect(overTime([], "cost").bars).toEqual([]);
    expect(overTime([session("ses_a", { at: Number.NaN })], "cost").bars).toEqual([]);
  });

  test("a session of a year that a day's name has no room for is in no bar, and holds nothing up", () => {
    const far = [Date.UTC(10_000, 0, 2), -1e14].map((at) => session(`ses_${at}`, { at }));
    expect(overTime(far, "sessions").bars).toEqual([]);
    expect(overTime([...far, onDay("2026-11-29")], "sessions").bars).toHaveLength(1);
  });

  test("days", () => {
    expect(dayOf(new Date(2026, 1, 3, 23, 59).getTime())).toBe("2026-02-03");
    expect(["2026-11-29", "2026-11-30", "2026-12-06"].map(mondayOf)).toEqual([
      "2026-11-23",
      "2026-11-30",
      "2026-11-30",
    ]);
    expect([dayAfter("2024-02-28", 1), dayAfter("2026-01-01", -1)]).toEqual(["2024-02-29", "2025-12-31"]);
    expect(["2026-02-30", "", "x"].map(startOf)).toEqual([null, null, null]);
  });
});

test("two can be ticked, of which the longest ticked gives way", () => {
  expect(afterTick([], "a")).toEqual(["a"]);
  expect(afterTick(["a", "b"], "c")).toEqual(["b", "c"]);
  expect(afterTick(["a", "b"], "a")).toEqual(["b"]);
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
