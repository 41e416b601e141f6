import type { Spent } from "../opencode/model.js";
import { count, duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { doomLoopName } from "../trace/doom-loop-text.js";
import type { Loop, LoopTrace, Tool } from "../trace/model.js";
import { otherCallsIn, spentOnOthers } from "../trace/other-calls.js";
import { isUnanswered } from "../trace/unanswered.js";
import { addCost, addUsage, totalTokens } from "../trace/usage.js";
import { BUDGET_UNITS, type Budget, type BudgetUnit, budgetName, type ToolBudget } from "./budgets.js";
import { exactFigure } from "./figures.js";
import { doubtText, type Gaps, gapsOf, gapTexts } from "./gaps.js";
import { isCommand, loopsIn, toolsIn } from "./loop-parts.js";
import { percentile } from "./percentiles.js";
import { eventText, toolTitle } from "./row-texts.js";
import { placedSteps } from "./step-path.js";

/** What became of one budget; plain data, as `--json` prints it. */
export interface BudgetResult {
  /** As the option is called: `max-cost`, `max-tool bash:p90`, `no-errors`. */
  readonly budget: string;
  /** How `value`, `limit` and `over` are counted. */
  readonly unit: BudgetUnit;
  /** `unknown`: the trace does not tell whether it holds, so that it does not count as holding. */
  readonly status: "pass" | "fail" | "unknown";
  /** What is known of it; null where nothing is, and for the time of a tool that was not called. */
  readonly value: number | null;
  /** What the value may be; what is equal to it holds. */
  readonly limit: number;
  /** How much the value is above the limit; null where it is not. */
  readonly over: number | null;
  /** What a reader should know about the value: what failed, which call was the slowest, what is not known. */
  readonly note: string | null;
}

/** A session against its budgets; plain data, as `--json` prints it. */
export interface SessionCheck {
  /** The session that was checked. */
  readonly sessionId: string;
  /** Its title. */
  readonly title: string;
  /** How many turns it has. */
  readonly turns: number;
  /** Of all its turns, in ms; the time between turns is in none of them. */
  readonly duration: number;
  /** Every budget holds, and is known to hold. */
  readonly passed: boolean;
  /** What became of each budget, in the order given. */
  readonly results: readonly BudgetResult[];
  /** What the sums lack, or count only as far as it is known. */
  readonly warnings: readonly string[];
}

/**
 * Whether a session stays within its budgets.
 *
 * Budgets are for the sums over all turns of the session with their subagents. A turn that a fork copied counts zero:
 * it was paid for where it happened. Nor does a command count that a person ran: that was not the agent. Calls beside
 * the steps count in tokens and cost where opencode tells of them, as opencode 2 does.
 *
 * @param session `recordedTokens`: how many opencode itself has counted for it, without subagents; 0: none
 * @param traces all that `traceSession` made of the session, in its order
 */
export function checkSession(
  session: { readonly id: string; readonly title: string; readonly recordedTokens?: number },
  traces: readonly LoopTrace[],
  budgets: readonly Budget[],
): SessionCheck {
  const facts = factsOf(session, traces);
  const results = budgets.map((budget) => resultOf(budget, facts));
  return {
    sessionId: session.id,
    title: session.title,
    turns: traces.length,
    duration: durationOf(facts),
    passed: results.every(({ status }) => status === "pass"),
    results,
    warnings: warningsOf(facts, budgets),
  };
}

type CheckedSession = Parameters<typeof checkSession>[0];

/** What budgets are held against, without the turns that were copied and the commands of a person. */
interface Facts {
  /** What opencode has counted for the session and its messages do not tell of, in words; null where they tell all. */
  readonly unseen: string | null;
  readonly traces: readonly LoopTrace[];
  readonly copied: number;
  readonly commands: number;
  readonly gaps: Gaps;
  /** Whether a model was asked in them, or there are none; what came to no call keeps no budget. */
  readonly asked: boolean;
  /** What calls beside the steps took and cost, such as the one for the title, as far as opencode tells of them. */
  readonly others: Spent;
  readonly loops: readonly Loop[];
  readonly tools: readonly { readonly tool: Tool; readonly directory: string }[];
}

/** Messages may have been taken away, or out of the file. That less was counted is nothing strange in an old session. */
function unseenOf({ id, recordedTokens: tokens = 0 }: CheckedSession, traces: readonly LoopTrace[]): string | null {
  const told = traces
    .filter(({ session }) => session.id === id)
    .reduce((sum, { loop: { totals, otherCalls = [] } }) => {
      return sum + totalTokens(totals.usage) + totalTokens(spentOnOthers(otherCalls).usage);
    }, 0);
  if (tokens <= told) return null;
  return `opencode has counted ${count(tokens)} tokens for the session, and its messages tell of ${count(told)}`;
}

function factsOf(session: CheckedSession, all: readonly LoopTrace[]): Facts {
  const fresh = all.filter(({ loop }) => !loop.copied);
  const traces = fresh.filter(({ loop }) => !isCommand(loop));
  return {
    traces,
    unseen: unseenOf(session, all),
    copied: all.length - fresh.length,
    commands: fresh.length - traces.length,
    gaps: gapsOf(traces),
    asked: traces.length === 0 || traces.some(({ loop }) => loop.totalsWithSubagents.calls > 0),
    others: spentOnOthers(traces.flatMap(({ loop }) => otherCallsIn(loop))),
    loops: traces.flatMap(({ loop }) => loopsIn(loop)),
    tools: traces.flatMap(({ loop, session }) => toolsIn(loop).map((tool) => ({ tool, directory: session.directory }))),
  };
}

interface Measurement {
  readonly value: number | null;
  readonly note?: string | undefined;
  /** The value is not known, or not all of it. */
  readonly uncertain?: boolean;
  /** What it is at least, where the value itself may be too much. */
  readonly least?: number;
}

function resultOf(budget: Budget, facts: Facts): BudgetResult {
  const { value, note, uncertain, least = value } = findingOf(budget, facts);
  const { limit } = budget;
  const unit = BUDGET_UNITS[budget.kind];
  const over = least === null ? 0 : exactFigure(least, unit) - exactFigure(limit, unit);
  return {
    budget: budgetName(budget),
    unit,
    // What is known may be too much already.
    status: over > 0 ? "fail" : uncertain || !facts.asked ? "unknown" : "pass",
    value,
    limit,
    over: over > 0 ? exactFigure(over, unit) : null,
    note: note ?? (facts.asked ? null : "no model was asked: there is nothing that a budget could be held against"),
  };
}

function findingOf(budget: Budget, facts: Facts): Measurement {
  switch (budget.kind) {
    case "cost":
      return costOf(facts);
    case "tokens":
      return tokensOf(facts);
    case "duration":
      return { value: durationOf(facts) };
    case "steps":
      return { value: facts.traces.reduce((sum, { loop }) => sum + loop.totalsWithSubagents.steps, 0) };
    case "tool":
      return toolTimeOf(budget, facts);
    case "errors":
      return errorsOf(facts);
    case "tool-errors":
      return toolErrorsOf(facts);
    case "doom-loops":
      return doomLoopsOf(facts);
    case "cache-breaks":
      return cacheBreaksOf(facts);
    default:
      return budget satisfies never;
  }
}

/** Where a call took tokens without a known price, the sum is only a part. */
function costOf({ traces, gaps, unseen, others }: Facts): Measurement {
  const { calls, withoutPrice, withoutUsage } = gaps;
  const known = traces.reduce((sum, { loop }) => addCost(sum, loop.totalsWithSubagents.cost), others.cost);
  if (withoutPrice > 0) {
    const note = `opencode knows no price of ${count(withoutPrice)} of ${plural(calls, "call")}`;
    return { value: known, note, uncertain: true };
  }
  if (known === null && withoutUsage > 0) {
    return { value: null, note: "opencode recorded neither cost nor usage", uncertain: true };
  }
  // opencode makes the cost of the tokens that it recorded.
  if (gaps.doubts.length > 0) return { value: known, note: doubtNote(gaps), uncertain: true };
  if (unseen !== null) return { value: known, note: unseen, uncertain: true };
  const { withoutUsage: unknown, withoutCost: unpriced, summariesWithoutCost: large } = gaps.otherCalls;
  if (unknown > 0) return { value: known, note: unknownNote(gaps), uncertain: true };
  // Of many sessions that is the title alone, by a small model of which the steps tell no price: a few hundred tokens,
  // for which no budget is to fail. opencode 2 counts it and does not say what it was.
  return { value: known ?? 0, note: unpriced > 0 ? unpricedNote(unpriced) : undefined, uncertain: large > 0 };
}

function tokensOf({ traces, gaps, unseen, others }: Facts): Measurement {
  const { calls, withoutUsage, doubts } = gaps;
  if (calls > 0 && withoutUsage === calls) {
    return { value: null, note: "opencode recorded no usage", uncertain: true };
  }
  const usage = traces.reduce((sum, { loop }) => addUsage(sum, loop.totalsWithSubagents.usage), others.usage);
  const value = totalTokens(usage);
  const lacking = unseen ?? (gaps.otherCalls.withoutUsage > 0 ? unknownNote(gaps) : null);
  if (doubts.length === 0) return lacking === null ? { value } : { value, note: lacking, uncertain: true };
  // Of what contradicts itself the smaller is what was used at least.
  const tooMuch = doubts.reduce((sum, { doubt: { kind, recorded, total } }) => {
    const excess = total === null ? 0 : totalTokens(recorded) - Math.max(0, total);
    return kind === "contradiction" ? sum + Math.max(0, excess) : sum;
  }, 0);
  return { value, least: value - tooMuch, note: doubtNote(gaps), uncertain: true };
}

function unknownNote({ otherCalls: { withoutUsage } }: Gaps): string {
  return `tokens and cost of ${plural(withoutUsage, "call")} beside the steps are not known`;
}

function unpricedNote(calls: number): string {
  return `without ${plural(calls, "call")} beside the steps, whose cost is not known; \`prices\` in looptrace.config.json can say it`;
}

function doubtNote({ doubts, calls }: Gaps): string {
  const [first] = doubts;
  const told = first ? doubtText(first.doubt, first.name) : "";
  return doubts.length === 1 ? told : `${count(doubts.length)} of ${plural(calls, "call")} in doubt, ${told}`;
}

function durationOf({ traces }: Facts): number {
  return traces.reduce((sum, { loop }) => sum + loop.end - loop.start, 0);
}

function toolTimeOf({ tool: name, stat, limit }: ToolBudget, { tools }: Facts): Measurement {
  const meant = [
    ...tools.filter(({ tool }) => name === null || tool.name === name),
    // All tools together have a script's calls in the script's own time.
    ...(name === null ? [] : tools.flatMap((one) => calledByScript(one, name))),
  ]
    .map((one) => ({ ...one, ms: Math.max(0, one.tool.end - one.tool.start) }))
    .sort((a, b) => a.ms - b.ms);
  const times = meant.map(({ ms }) => ms);
  const slowest = meant.at(-1);
  if (!slowest) return { value: null, note: "not called" };
  const { tool, directory } = slowest;
  const what = [oneLine(tool.name), toolTitle(tool, directory)].filter(Boolean).join(" ");
  const note = `${plural(meant.length, "call")}, the slowest: ${what}`;
  const value = statOf(times, stat);
  if (meant.every(({ tool: one }) => one.outcome === "unfinished" || one.timing === "exact")) return { value, note };
  // Of a tool without an end what is known counts, as everywhere.
  const shortest = meant.map(({ tool: one, ms }) => (one.atMostMs === null ? ms : one.atLeastMs));
  const longest = meant.map(({ tool: one, ms }) => one.atMostMs ?? ms);
  const [least, most] = [statOf(shortest, stat), statOf(longest, stat)];
  const uncertain = most > limit;
  const bounds = `between ${duration(least)} and ${duration(most)}, as far as opencode's times tell`;
  return { value, least, note: uncertain && least <= limit ? `${bounds}; ${note}` : note, uncertain };
}

/** What a tool's script called is known to have run no longer than the script. */
function calledByScript({ tool, directory }: Facts["tools"][number], name: string): Facts["tools"] {
  return tool.innerCalls
    .filter((call) => call.name === name)
    .map(({ input, durationMs }) => {
      const about = { ...tool, name, title: null, input };
      if (durationMs === null) return { tool: { ...about, timing: "bounded", atLeastMs: 0 }, directory };
      const known = { end: tool.start + durationMs, atLeastMs: durationMs, atMostMs: durationMs };
      return { tool: { ...about, ...known, timing: "exact" }, directory };
    });
}

/** @param times in ms, at least one, in any order */
function statOf(times: readonly number[], stat: ToolBudget["stat"]): number {
  if (stat === "sum") return times.reduce((sum, ms) => sum + ms, 0);
  const sorted = times.toSorted((a, b) => a - b);
  return percentile(sorted, stat === "max" ? 100 : Number(stat.slice(1))) ?? 0;
}

/** Turns that failed; what a turn got over is no error of it. */
function errorsOf({ traces }: Facts): Measurement {
  const failed = traces.flatMap(({ session, loop }) =>
    loop.error ? [`${loop.error.code}${session.turns > 1 ? ` in turn ${session.turn + 1}` : ""}`] : [],
  );
  if (failed.length > 0) return { value: failed.length, note: failed.join(", ") };
  const open = traces.filter(({ loop }) => isUnanswered(loop)).length;
  if (open === 0) return { value: 0 };
  return { value: 0, note: `nothing tells what became of ${plural(open, "message")}`, uncertain: true };
}

/** Also those that the model got over. */
function toolErrorsOf({ tools }: Facts): Measurement {
  const kinds = tools.flatMap(({ tool }) => [
    ...(tool.failure ? [`${oneLine(tool.name)} ${tool.failure.kind}`] : []),
    ...tool.innerCalls.flatMap((call) => (call.outcome === "failed" ? [`${oneLine(call.name)} failed`] : [])),
  ]);
  return { value: kinds.length, note: kinds.length > 0 ? byFrequency(kinds) : undefined };
}

function doomLoopsOf({ loops }: Facts): Measurement {
  const found = loops
    .flatMap(({ steps }) => steps.flatMap(({ events }) => events))
    .filter(({ name }) => name === "doom-loop")
    .map(({ attributes }) => oneLine(doomLoopName(attributes)));
  return { value: found.length, note: found.length > 0 ? found.join(", ") : undefined };
}

/** Each with its step and its cause, as far as it is known. */
function cacheBreaksOf({ traces }: Facts): Measurement {
  const found = traces.flatMap(({ loop }) =>
    placedSteps(loop).flatMap(({ path, step }) =>
      step.events
        .filter(({ name }) => name === "cache-break")
        .map((event) => `step ${path}: ${eventText(event).slice(0, MOST_CAUSE)}`),
    ),
  );
  const more = found.length > MOST_NAMED ? ` (and ${found.length - MOST_NAMED} more)` : "";
  const named = found.slice(0, MOST_NAMED).join("; ");
  return { value: found.length, note: found.length > 0 ? `${named}${more}` : undefined };
}

/** So many breaks of a cache are told of, and of each so much. */
const MOST_NAMED = 3;
const MOST_CAUSE = 200;

/** `bash nonzero_exit (3 times), read failed`, the most frequent first. */
function byFrequency(texts: readonly string[]): string {
  const times = new Map<string, number>();
  for (const text of texts) times.set(text, (times.get(text) ?? 0) + 1);
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .map(([text, much]) => (much === 1 ? text : `${text} (${plural(much, "time")})`))
    .join(", ");
}

function warningsOf({ gaps, copied, commands }: Facts, budgets: readonly Budget[]): readonly string[] {
  const of = (...kinds: readonly Budget["kind"][]): boolean => budgets.some(({ kind }) => kinds.includes(kind));
  return [
    ...gapTexts.missingSubagents(gaps),
    ...gapTexts.unfinished(gaps),
    ...(of("tokens", "cost") ? gapTexts.withoutUsage(gaps) : []),
    ...(of("cost") ? gapTexts.userPrices(gaps) : []),
    ...(of("tool") ? gapTexts.openTools(gaps) : []),
    ...(copied > 0 ? [`${plural(copied, "turn")} that a fork copied: counted as zero`] : []),
    ...(commands > 0 ? [`${plural(commands, "command")} that a person ran: not counted`] : []),
  ];
}
