import { describe, expect, test } from "vitest";
import type { SessionFacts, TurnFacts } from "../../../src/analysis/session-facts.js";
import { calendarOf } from "../../../src/analysis/stats/calendar.js";
import type { Dimension, StatsFilter } from "../../../src/analysis/stats/dimensions.js";
import { statsReport } from "../../../src/analysis/stats/stats-report.js";
import type { UserPrice } from "../../../src/opencode/model.js";
import { NO_USAGE } from "../../../src/trace/usage.js";
import { madeFacts, spentFacts, turnFacts } from "../../support/made-facts.js";

const AT = Date.parse("2026-11-02T10:00:00Z");
const DAY = 86_400_000;
const calendar = calendarOf("UTC");
const commit = "c".repeat(40);

function rowsOf(sessions: readonly SessionFacts[], by: readonly Dimension[], filter: StatsFilter = {}) {
  return statsReport(sessions, { by, calendar, filter }).rows;
}

function git(branch: string | null, more: Partial<NonNullable<TurnFacts["git"]>> = {}): Partial<TurnFacts> {
  return { git: { branch, commit, pullRequest: null, from: "run", ...more } };
}

describe("rows", () => {
  test("of time come in its order, others by what they cost, what remains last", () => {
    const dear = spentFacts({ cost: 5 });
    const sessions = [
      madeFacts([
        turnFacts(AT + DAY, git("main")),
        turnFacts(AT, { ...git("fix"), spent: [dear] }),
        turnFacts(AT, { spent: [spentFacts({ cost: 9 })] }),
      ]),
    ];
    expect(rowsOf(sessions, ["day"]).map(({ key }) => key.day)).toEqual(["2026-11-02", "2026-11-03"]);
    expect(rowsOf(sessions, ["branch"]).map(({ key, cost }) => [key.branch, cost])).toEqual([
      ["fix", 5],
      ["main", 0.01],
      [null, 9],
    ]);
  });

  test("of models hold the calls of subagents, and the turns of their own model", () => {
    const small = { providerId: "acme", modelId: "small", variant: "low" };
    const turn = turnFacts(AT, { spent: [spentFacts(), spentFacts({ model: small, agent: "explore", cost: 2 })] });
    const rows = rowsOf([madeFacts([turn])], ["model"]);
    expect(rows.map(({ key, turns, calls, cost, sessions }) => [key.model, turns, calls, cost, sessions])).toEqual([
      ["acme/small (low)", 0, 1, 2, 1],
      ["acme/big", 1, 1, 0.01, 1],
    ]);
    expect(rowsOf([madeFacts([turn])], ["agent"], { model: "small" })).toMatchObject([
      { key: { agent: "explore" }, turns: 0, calls: 1, cost: 2 },
    ]);
  });

  test("of tags hold a turn with several tags several times, and all of them once", () => {
    const report = statsReport([madeFacts([turnFacts(AT, { tags: ["a", "b", "a"] }), turnFacts(AT)])], {
      by: ["tag"],
      calendar,
    });
    expect(report.rows.map(({ key, turns }) => [key.tag, turns])).toEqual([
      ["a", 1],
      ["b", 1],
      [null, 1],
    ]);
    expect(report.total.turns).toBe(2);
  });

  test("of projects put worktrees together under the shortest path, and what has no project by its folder", () => {
    const turns = [turnFacts(AT)];
    const sessions = [
      madeFacts(turns, { id: "ses_1", directory: "/repo/trees/shop-fix" }),
      madeFacts(turns, { id: "ses_2", directory: "/repo/shop" }),
      madeFacts(turns, { id: "ses_3", directory: "/repo/notes", project: "global" }),
      madeFacts(turns, { id: "ses_4", directory: "/repo/todo", project: null }),
    ];
    expect(rowsOf(sessions, ["project"]).map(({ key, sessions: some }) => [key.project, some])).toEqual([
      ["/repo/shop", 2],
      ["/repo/notes", 1],
      ["/repo/todo", 1],
    ]);
  });

  test("of pull requests are told by their pages, else by their numbers", () => {
    const url = "https://git.example.com/acme/shop/pull/7";
    const turns = [
      turnFacts(AT, git(null, { pullRequest: { number: 7, url } })),
      turnFacts(AT, git(null, { pullRequest: { number: 8, url: null } })),
      turnFacts(AT, git("main")),
    ];
    expect(rowsOf([madeFacts(turns)], ["pr"]).map(({ key }) => key.pr)).toEqual(["#8", url, null]);
  });

  test("of outcomes tell the error", () => {
    const failed = turnFacts(AT, { outcome: "failed", errorCode: "rate_limit" });
    const rows = rowsOf([madeFacts([failed, turnFacts(AT), turnFacts(AT)])], ["outcome"]);
    expect(rows.map(({ key, turns, failed: some }) => [key.outcome, turns, some])).toEqual([
      ["completed", 2, 0],
      ["rate_limit", 1, 1],
    ]);
  });
});

describe("filters", () => {
  const sessions = [
    madeFacts([turnFacts(AT, { ...git("fix/total"), tags: ["nightly"] }), turnFacts(AT + DAY, git("main"))]),
    madeFacts([turnFacts(AT + 2 * DAY)], { id: "ses_other", directory: "/repo/api", project: "api" }),
  ];

  test.each<[StatsFilter, number]>([
    [{}, 3],
    [{ since: AT + 1 }, 2],
    [{ until: AT + DAY }, 1],
    [{ since: AT, until: AT + DAY + 1 }, 2],
    [{ project: "SHOP" }, 2],
    [{ project: "/repo/*pi" }, 1],
    [{ branch: "fix/*" }, 1],
    [{ branch: "*" }, 2],
    [{ tag: "night" }, 1],
    [{ outcome: "failed" }, 0],
    [{ model: "acme/big" }, 3],
    [{ model: "acme/bi" }, 3],
    [{ model: "acme/b*s" }, 0],
    [{ agent: "plan" }, 0],
  ])("%j leave %d turns", (filter, turns) => {
    const report = statsReport(sessions, { by: ["day"], calendar, filter });
    expect(report.total.turns).toBe(turns);
    expect(report.total.calls).toBe(turns);
    expect(report.days.reduce((sum, day) => sum + day.turns, 0)).toBe(turns);
  });
});

describe("calls beside the steps", () => {
  const usage = { ...NO_USAGE, input: 500, output: 50 };
  const other = (more: Partial<TurnFacts["others"][number]> = {}): TurnFacts["others"][number] => ({
    ...{ kind: "title", model: { providerId: "acme", modelId: "small", variant: null }, usage, cost: null },
    ...more,
  });
  const othersOf = (others: TurnFacts["others"], prices: readonly UserPrice[] = []) =>
    statsReport([madeFacts([turnFacts(AT, { others })])], { by: [], calendar, prices }).total.others;

  test("tell of how many tokens and cost are not known", () => {
    expect(othersOf([other(), other({ cost: 0.25 }), other({ usage: null })])).toEqual({
      ...{ calls: 3, tokens: 1100, cost: 0.25, withoutUsage: 1, withoutCost: 2 },
    });
    expect(othersOf([other({ usage: null })])).toEqual({
      ...{ calls: 1, tokens: null, cost: null, withoutUsage: 1, withoutCost: 1 },
    });
  });

  test("lack no price where the user knows it, or nothing was taken", () => {
    const perMillion = { input: 10, output: 20, reasoning: 20, cacheRead: 1, cacheWrite: 12 };
    expect(othersOf([other()], [{ model: "acme/*", perMillion, override: false }])).toEqual({
      ...{ calls: 1, tokens: 550, cost: 0.006, withoutUsage: 0, withoutCost: 0 },
    });
    expect(othersOf([other({ usage: NO_USAGE })])).toEqual({
      ...{ calls: 1, tokens: 0, cost: null, withoutUsage: 0, withoutCost: 0 },
    });
  });
});

test("a turn that a fork copied counts nothing, and is told of", () => {
  const report = statsReport([madeFacts([turnFacts(AT, { copied: true }), turnFacts(AT)])], { by: [], calendar });
  expect(report).toMatchObject({ copiedTurns: 1, total: { turns: 1, calls: 1 } });
});

test("days without a turn stand between those with one", () => {
  const { days } = statsReport([madeFacts([turnFacts(AT), turnFacts(AT + 3 * DAY)])], { by: ["week"], calendar });
  expect(days.map(({ day, turns }) => [day, turns])).toEqual([
    ["2026-11-02", 1],
    ["2026-11-03", 0],
    ["2026-11-04", 0],
    ["2026-11-05", 1],
  ]);
});

describe("the user's prices", () => {
  const prices = (more: Partial<UserPrice> = {}): readonly UserPrice[] => [
    {
      model: "acme/*",
      perMillion: { input: 10, output: 20, reasoning: 20, cacheRead: 1, cacheWrite: 12 },
      override: false,
      ...more,
    },
  ];
  const usage = { ...NO_USAGE, input: 1000, output: 100, cacheRead: 5000, cacheWrite: 2000 };
  const unpriced = spentFacts({ cost: null, usage, unpriced: { calls: 1, usage } });
  const totalOf = (spent: readonly ReturnType<typeof spentFacts>[], own: readonly UserPrice[]) =>
    statsReport([madeFacts([turnFacts(AT, { spent: [...spent] })])], { by: [], calendar, prices: own }).total;

  test("count where opencode knows none", () => {
    expect(totalOf([unpriced], [])).toMatchObject({ cost: null, costByUser: 0, unpriced: { calls: 1, tokens: 8100 } });
    const told = totalOf([unpriced, spentFacts({ cost: 0.5 })], prices());
    expect(told).toMatchObject({ costByUser: 0.041, unpriced: { calls: 0, tokens: 0 } });
    expect(told.cost).toBeCloseTo(0.541, 12);
    expect(told.saved).toBeCloseTo((5000 * 9 - 2000 * 2) / 1e6, 12);
  });

  test("count where opencode knows one only if they are to", () => {
    const priced = spentFacts({ cost: 0.5, usage });
    expect(totalOf([priced], prices())).toMatchObject({ cost: 0.5, costByUser: 0 });
    expect(totalOf([priced], prices({ override: true }))).toMatchObject({ cost: 0.041, costByUser: 0.041 });
  });

  test("can say that a model is free, which is not the same as no price", () => {
    expect(totalOf([unpriced], prices({ perMillion: NO_USAGE }))).toMatchObject({
      ...{ cost: 0, costByUser: 0, unpriced: { calls: 0, tokens: 0 }, saved: 0 },
    });
  });

  test("of other models do not count", () => {
    expect(totalOf([unpriced], prices({ model: "other/*" }))).toMatchObject({ cost: null, unpriced: { calls: 1 } });
  });

  test("tell what a break of the cache cost, where nothing else does", () => {
    const turn = turnFacts(AT, { spent: [unpriced], cacheBreaks: { count: 1, tokens: 4000, cost: null } });
    const { cacheBreaks } = statsReport([madeFacts([turn])], { by: [], calendar, prices: prices() }).total;
    expect(cacheBreaks).toEqual({ count: 1, tokens: 4000, cost: expect.closeTo((4000 * 9) / 1e6, 12) });
  });

  test("tell it too where they count instead of opencode's, and nothing does where another model may have read it", () => {
    const broken = { cacheBreaks: { count: 1, tokens: 4000, cost: 0.5 } };
    const costOf = (spent: readonly ReturnType<typeof spentFacts>[], own: readonly UserPrice[]) =>
      statsReport([madeFacts([turnFacts(AT, { ...broken, spent: [...spent] })])], { by: [], calendar, prices: own })
        .total.cacheBreaks.cost;
    const priced = spentFacts({ cost: 0.7, usage });
    const elsewhere = spentFacts({ cost: 0.7, usage, model: { providerId: "other", modelId: "big", variant: null } });
    expect(costOf([priced], prices())).toBe(0.5);
    expect(costOf([priced], prices({ override: true }))).toBeCloseTo((4000 * 9) / 1e6, 12);
    expect(costOf([elsewhere], prices({ override: true }))).toBe(0.5);
    expect(costOf([priced, elsewhere], prices({ override: true }))).toBeNull();
  });
});
