/** Weeks of made turns, in which nothing has changed but by chance, or something has. */
import type { SessionFacts, SpentFacts, ToolFacts, TurnFacts } from "../../../src/analysis/session-facts.js";
import { type Chance, chanceOf } from "../../../src/analysis/statistics/chance.js";
import { calendarOf } from "../../../src/analysis/stats/calendar.js";
import { type TrendReport, trendsOf } from "../../../src/analysis/stats/trends.js";
import { NO_USAGE } from "../../../src/trace/usage.js";
import { madeFacts, spentFacts, turnFacts } from "../../support/made-facts.js";

const DAY = 86_400_000;
/** A Sunday. */
export const LAST_DAY = Date.parse("2026-11-29T00:00:00Z");
const WEEKS = 6;
const TOOLS = ["bash", "read", "edit", "grep", "jira_search"];
const MODELS = ["large", "small", "tiny"];

/** What is otherwise in the last week than before. */
export interface Change {
  /** How often as long `bash` takes. */
  readonly bash?: number;
  /** How often as much calls of the model `large` cost. */
  readonly cost?: number;
  /** How many turns of a day remain; default 1, all. */
  readonly share?: number;
}

/**
 * Days differ, and so do sessions; weekends have fewer turns; now and then something takes twenty times as long.
 *
 * @param seed the same history for the same
 */
export function history(seed: number, { bash = 1, cost = 1, share = 1 }: Change = {}): readonly SessionFacts[] {
  const chance = chanceOf("history", seed);
  const sessions: SessionFacts[] = [];
  for (let day = WEEKS * 7 - 1; day >= 0; day -= 1) {
    const isNow = day < 7;
    if (uniform(chance) > (day % 7 < 2 ? 0.35 : 0.9)) continue;
    const ofDay = normal(chance) * 0.25;
    const ofTool = new Map(TOOLS.map((tool) => [tool, normal(chance) * 0.2]));
    for (let index = 0; index < 1 + chance.below(4); index += 1) {
      const ofSession = normal(chance) * 0.4;
      const turns: TurnFacts[] = [];
      for (let turn = 0; turn < 1 + chance.below(4); turn += 1) {
        const at = LAST_DAY - day * DAY + chance.below(DAY);
        const time = (typical: number, more = 0): number => {
          const tail = uniform(chance) < 0.02 ? Math.log(20) : 0;
          return Math.round(typical * Math.exp(ofDay + ofSession + more + normal(chance) * 0.9 + tail));
        };
        const tools = TOOLS.map((name) => {
          const durations = Array.from({ length: chance.below(5) }, () =>
            time(name === "bash" && isNow ? 800 * bash : 800, ofTool.get(name)),
          );
          return tool(name, durations);
        });
        const spent = MODELS.slice(0, 1 + chance.below(MODELS.length)).map((modelId) => {
          const calls = 1 + chance.below(5);
          const durations = Array.from({ length: calls }, () => time(4000));
          const usd = time(1000) * 1e-5 * calls * (modelId === "large" && isNow ? cost : 1);
          return spentOn(modelId, durations, usd);
        });
        const duration = spent.flatMap(({ durations }) => durations).reduce((sum, ms) => sum + ms, 1);
        const account = { duration, model: duration, firstToken: 0, tools: 0, waiting: 0, retries: 0, other: 0 };
        if (uniform(chance) <= share)
          turns.push(turnFacts(at, { tools, spent, account: { ...account, toolsSummed: 0 } }));
      }
      sessions.push(madeFacts(turns, { id: `ses_${seed}_${day}_${index}` }));
    }
  }
  return sessions;
}

/** What is said of a history. */
export function trendsIn(sessions: readonly SessionFacts[]): TrendReport {
  return trendsOf(sessions, { calendar: calendarOf("UTC") });
}

function tool(name: string, durations: number[]): ToolFacts {
  return {
    ...{ name, origin: "opencode", server: null, count: durations.length, failed: 0, durations, withoutTime: 0 },
    ...{ bounded: 0, subagents: 0, permissionWait: 0, busy: 0 },
  };
}

function spentOn(modelId: string, durations: number[], cost: number): SpentFacts {
  const calls = durations.length;
  return spentFacts({
    model: { providerId: "acme", modelId, variant: null },
    ...{ calls, cost, durations, firstTokens: durations.map((ms) => Math.ceil(ms / 4)) },
    usage: { ...NO_USAGE, input: Math.ceil(cost * 1e5) },
  });
}

function uniform(chance: Chance): number {
  return chance.below(1_000_000) / 1_000_000;
}

/** The sum of twelve even draws has the normal's spread, and nearly its shape. */
function normal(chance: Chance): number {
  return Array.from({ length: 12 }, () => uniform(chance)).reduce((sum, one) => sum + one, -6);
}
