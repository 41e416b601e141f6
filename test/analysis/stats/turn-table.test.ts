import { expect, test } from "vitest";
import { sessionFacts } from "../../../src/analysis/session-facts.js";
import { calendarOf } from "../../../src/analysis/stats/calendar.js";
import { DIMENSIONS } from "../../../src/analysis/stats/dimensions.js";
import { statsOfTables, statsReport } from "../../../src/analysis/stats/stats-report.js";
import { turnsOf, turnTable } from "../../../src/analysis/stats/turn-table.js";
import { NO_USAGE } from "../../../src/trace/usage.js";
import { madeFacts, spentFacts, turnFacts } from "../../support/made-facts.js";
import { recordedSessions } from "../../support/recorded-sessions.js";

const calendar = calendarOf("UTC");
const facts = recordedSessions().flatMap(({ traces }) => sessionFacts(traces) ?? []);

test("sessions that are left out of a table leave nothing behind", () => {
  const isMeant = (_: unknown, owner: number): boolean => owner % 3 !== 1;
  const table = turnsOf(turnTable(facts), (owner) => isMeant(null, owner));
  const rest = facts.filter(isMeant);
  for (const dimension of DIMENSIONS)
    expect(statsOfTables([table], { by: [dimension], calendar })).toEqual(
      statsReport(rest, { by: [dimension], calendar }),
    );
});

test("a session in two tables is two, and one with several turns is one", () => {
  const at = Date.parse("2026-11-02T10:00:00Z");
  const tables = [0, 1].map(() => turnTable([madeFacts([turnFacts(at), turnFacts(at + 1)]), null]));
  expect(statsOfTables(tables, { by: [], calendar }).total).toMatchObject({ sessions: 2, turns: 4 });
});

test("what has a price by the user is not unpriced any more, the rest is", () => {
  const usage = { ...NO_USAGE, input: 700 };
  const unpriced = { calls: 1, usage };
  const [mine, other] = ["big", "small"].map((modelId) => {
    const model = { providerId: "acme", modelId, variant: null };
    return spentFacts({ ...{ model, usage, cost: null, unpriced } });
  });
  const sessions = [madeFacts([turnFacts(0, { spent: [mine ?? spentFacts(), other ?? spentFacts()] })])];
  const prices = [{ model: "acme/big", perMillion: { ...NO_USAGE, input: 10 }, override: false }];
  expect(statsReport(sessions, { by: [], calendar, prices }).total).toMatchObject({
    ...{ cost: 0.007, costByUser: 0.007, unpriced: { calls: 1, tokens: 700 } },
  });
});
