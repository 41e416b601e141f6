/** What is told of many sessions, held against what the traces of all recorded ones say. */
import { describe, expect, test } from "vitest";
import { callsIn } from "../../src/analysis/loop-parts.js";
import { sessionFacts, sessionFactsSchema, type TurnFacts } from "../../src/analysis/session-facts.js";
import { calendarOf } from "../../src/analysis/stats/calendar.js";
import { DIMENSIONS } from "../../src/analysis/stats/dimensions.js";
import { statsReport } from "../../src/analysis/stats/stats-report.js";
import { tokenRows } from "../../src/analysis/token-rows.js";
import { toolTable } from "../../src/analysis/tool-table.js";
import type { UserPrices } from "../../src/opencode/model.js";
import { addCost, addUsage, NO_USAGE } from "../../src/trace/usage.js";
import { withUserPrices } from "../../src/trace/user-priced.js";
import { recordedSessions } from "../support/recorded-sessions.js";

const NOTHING = { steps: 0, calls: 0, retries: 0, tools: 0, toolFailures: 0, missingSubagents: 0, doubtfulCalls: 0 };

/** What the traces themselves say. */
function expectedTotals({ loop }: ReturnType<typeof recordedSessions>[number]["traces"][number]) {
  if (loop.copied) return { ...NOTHING, usage: NO_USAGE, cost: null };
  return loop.totalsWithSubagents;
}

function totalsIn(turn: TurnFacts) {
  const { steps, calls, retries, toolCalls, toolFailures, missingSubagents, doubtfulCalls, usage, cost } = turn;
  return { steps, calls, retries, tools: toolCalls, toolFailures, missingSubagents, doubtfulCalls, usage, cost };
}

test("the facts of all recorded sessions say what their traces say, and survive being kept", () => {
  for (const { name, traces } of recordedSessions()) {
    const facts = sessionFacts(traces);
    if (!facts) {
      expect(traces, name).toEqual([]);
      continue;
    }
    expect(sessionFactsSchema.parse(JSON.parse(JSON.stringify(facts))), name).toEqual(facts);
    const table = toolTable({ by: "tool", slowest: 0 });
    for (const [index, trace] of traces.entries()) {
      const turn = facts.turns[index];
      if (!turn) throw new Error(`${name} lacks turn ${index}`);
      table.add(trace);
      expect(totalsIn(turn), name).toEqual(expectedTotals(trace));
      const { spent } = turn;
      expect(
        spent.reduce((sum, group) => sum + group.calls, 0),
        name,
      ).toBe(turn.calls);
      expect(
        spent.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
        name,
      ).toEqual(turn.usage);
      expect(spent.reduce<number | null>((sum, { cost }) => addCost(sum, cost), null) ?? 0, name).toBeCloseTo(
        turn.cost ?? 0,
        12,
      );
      const { duration, model, tools, waiting, retries, other } = turn.account;
      expect(model + tools + waiting + retries + other, name).toBe(duration);
    }
    const { total } = table.report();
    const tools = facts.turns.flatMap((turn) => turn.tools);
    const sum = (of: (one: (typeof tools)[number]) => number): number => tools.reduce((all, one) => all + of(one), 0);
    expect(
      {
        calls: sum(({ count }) => count),
        errors: sum(({ failed }) => failed),
        withoutTime: sum(({ withoutTime }) => withoutTime),
        boundedCalls: sum(({ bounded }) => bounded),
        subagentCalls: sum(({ subagents }) => subagents),
        totalMs: sum(({ durations }) => durations.reduce((ms, one) => ms + one, 0)),
        permissionWaitMs: sum(({ permissionWait }) => permissionWait),
      },
      name,
    ).toEqual({
      calls: total.calls,
      errors: total.errors,
      withoutTime: total.withoutTime,
      boundedCalls: total.boundedCalls,
      subagentCalls: total.subagentCalls,
      totalMs: total.totalMs,
      permissionWaitMs: total.permissionWaitMs,
    });
  }
});

describe("statistics over all recorded sessions", () => {
  const sessions = recordedSessions();
  const facts = sessions.flatMap(({ traces }) => sessionFacts(traces) ?? []);
  const counted = sessions.flatMap(({ traces }) => traces.filter(({ loop }) => !loop.copied));
  const calendar = calendarOf("UTC");
  const { total, tools, days } = statsReport(facts, { by: ["day"], calendar, tools: true });

  test("say what `show` says of each, added up", () => {
    const totals = counted.map(({ loop }) => loop.totalsWithSubagents);
    const sum = (of: (one: (typeof totals)[number]) => number): number => totals.reduce((all, one) => all + of(one), 0);
    const time = (of: (one: (typeof counted)[number]["loop"]["account"]) => number): number =>
      counted.reduce((all, { loop }) => all + of(loop.account), 0);
    expect(total).toMatchObject({
      turns: counted.length,
      failed: counted.filter(({ loop }) => loop.outcome === "failed").length,
      steps: sum(({ steps }) => steps),
      calls: sum(({ calls }) => calls),
      retries: sum(({ retries }) => retries),
      toolCalls: sum((one) => one.tools),
      toolFailures: sum(({ toolFailures }) => toolFailures),
      usage: totals.reduce((all, { usage }) => addUsage(all, usage), NO_USAGE),
      time: {
        total: time(({ duration }) => duration),
        model: time(({ model }) => model),
        tools: time((account) => account.tools),
        waiting: time(({ waiting }) => waiting),
        retries: time(({ retries }) => retries),
        opencode: time(({ other }) => other),
      },
    });
    const usd = totals.reduce<number | null>((all, { cost }) => addCost(all, cost), null);
    expect(total.cost).toBeCloseTo(usd ?? Number.NaN, 10);
    expect(days.reduce((all, { turns }) => all + turns, 0)).toBe(total.turns);
  });

  test("say what `tokens` says of each call, added up", () => {
    const rows = counted.flatMap(tokenRows);
    expect(total.calls).toBe(rows.length);
    expect(total.cost).toBeCloseTo(
      rows.reduce((all, { cost }) => all + (cost ?? 0), 0),
      10,
    );
    expect((total.usage?.output ?? 0) + (total.usage?.reasoning ?? 0)).toBeGreaterThanOrEqual(
      rows.reduce((all, { output, reasoning }) => all + (output ?? 0) + (reasoning ?? 0), 0),
    );
  });

  test("say what `tools` says of each tool", () => {
    const table = toolTable({ by: "tool", slowest: 0 });
    for (const trace of counted) table.add(trace);
    const all = statsReport(facts, { by: [], calendar, tools: true }).tools ?? [];
    const told = (row: (typeof all)[number]) => [row.tool, row.calls, row.failed, row.p50Ms, row.p90Ms, row.totalMs];
    expect(all.map(told).sort()).toEqual(
      table
        .report()
        .tools.map(({ name, calls, errors, p50Ms, p90Ms, totalMs }) => [name, calls, errors, p50Ms, p90Ms, totalMs])
        .sort(),
    );
    expect(tools?.reduce((sum, { calls }) => sum + calls, 0)).toBe(all.reduce((sum, { calls }) => sum + calls, 0));
  });

  test.each(DIMENSIONS.map((dimension) => [dimension]))("by %s add up to the same", (dimension) => {
    const { rows } = statsReport(facts, { by: [dimension, "outcome"], calendar });
    const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((all, row) => all + of(row), 0);
    expect(sum(({ turns }) => turns)).toBe(total.turns);
    expect(sum(({ calls }) => calls)).toBe(total.calls);
    expect(sum(({ tokens }) => tokens ?? 0)).toBe(total.tokens);
    expect(sum(({ failed }) => failed)).toBe(total.failed);
    expect(sum(({ cost }) => cost ?? 0)).toBeCloseTo(total.cost ?? Number.NaN, 10);
    expect(sum(({ unpriced }) => unpriced.tokens)).toBe(total.unpriced.tokens);
    expect(sum(({ time }) => time.total)).toBe(total.time.total);
    expect(sum(({ others }) => others.tokens ?? 0)).toBe(total.others.tokens);
  });

  test("with the user's prices say what traces with them say, and pricing twice changes nothing", () => {
    const prices: UserPrices = [
      {
        model: "*",
        perMillion: { input: 3, output: 15, reasoning: 12, cacheRead: 0.3, cacheWrite: 3.75 },
        // All recordings have prices of opencode's.
        override: true,
      },
    ];
    const priced = withUserPrices(counted, prices);
    expect(withUserPrices(priced, prices)).toEqual(priced);
    const sum = priced.reduce((all, { loop }) => all + (loop.totalsWithSubagents.cost ?? 0), 0);
    const report = statsReport(facts, { by: [], calendar, prices });
    expect(report.total.cost).toBeCloseTo(sum, 8);
    expect(report.total.costByUser).toBeGreaterThan(0);
    const calls = priced.flatMap(({ loop }) => callsIn(loop));
    expect(report.total.costByUser).toBeCloseTo(
      calls.reduce((all, { cost, costFrom }) => all + (costFrom === "user" ? (cost ?? 0) : 0), 0),
      8,
    );
    for (const { loop } of priced) {
      const own = loop.steps.flatMap(({ call }) => call ?? []);
      expect(own.at(-1)?.cumulative.cost ?? 0).toBeCloseTo(loop.totals.cost ?? 0, 12);
    }
  });
});
