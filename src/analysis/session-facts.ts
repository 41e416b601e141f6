/** LoopTraces → the facts that are kept of a session. */
import type { GitFacts } from "../git/git-facts.js";
import type { RunEvidence } from "../opencode/evidence.js";
import { covered } from "../trace/intervals.js";
import type { Call, InnerCall, Loop, LoopTrace, StepEvent, Tool } from "../trace/model.js";
import { isUnknown } from "../trace/other-call-usage.js";
import { otherCallsIn } from "../trace/other-calls.js";
import { modelKey, type Prices, pricesOf } from "../trace/token-prices.js";
import { addCost, addUsage, NO_USAGE, recordedUsage, totalTokens } from "../trace/usage.js";
import { callsIn, isCommand, loopsIn } from "./loop-parts.js";
import { promptOf } from "./row-texts.js";
import {
  SESSION_FACTS_VERSION,
  type SessionFacts,
  type SpentFacts,
  type ToolFacts,
  type TurnFacts,
} from "./session-facts-schema.js";
import { placedSteps } from "./step-path.js";

export {
  SESSION_FACTS_VERSION,
  type SessionFacts,
  type SpentFacts,
  sessionFactsSchema,
  type ToolFacts,
  type TurnFacts,
  withHeads,
} from "./session-facts-schema.js";

/** What is known of a session beside its traces. */
export interface FactsEvidence {
  /** How its runs went, where looptrace drove or followed them. */
  readonly runs?: readonly RunEvidence[] | undefined;
  /** What a directory stood on at a moment, ms since the epoch, where no run tells it; null where that is not known. */
  readonly gitAt?: ((directory: string, at: number) => GitFacts | null) | undefined;
}

/**
 * A session in figures.
 *
 * @param traces all that `traceSession` made of it, in that order
 * @returns null where it holds no prompt yet
 */
export function sessionFacts(traces: readonly LoopTrace[], evidence: FactsEvidence = {}): SessionFacts | null {
  const [first] = traces;
  if (!first) return null;
  const { id, title, directory, projectId, parentId, opencodeVersion } = first.session;
  const prices = pricesOf(traces.flatMap(({ loop }) => callsIn(loop)));
  return {
    version: SESSION_FACTS_VERSION,
    id,
    title,
    directory,
    project: projectId,
    parentId,
    opencode: opencodeVersion,
    turns: traces.map((trace) => turnFacts(trace, prices, evidence)),
  };
}

function turnFacts(trace: LoopTrace, prices: Prices, evidence: FactsEvidence): TurnFacts {
  const { traceId, session, loop } = trace;
  const { start, end, agent, outcome, error, copied, account } = loop;
  const run = runOf(loop, evidence.runs ?? []);
  const about = {
    ...{ traceId, sessionId: session.id, turn: session.turn, start, end },
    ...{ prompt: promptOf(loop, Number.POSITIVE_INFINITY), command: isCommand(loop), copied },
    ...{ model: loop.model && { ...loop.model }, agent, outcome, errorCode: error?.code ?? null },
    tags: [...(run?.tags ?? [])],
    git: gitOf(run, session.directory, start, evidence),
  };
  if (copied) return { ...about, ...NOTHING };
  const { steps, calls, retries, tools, toolFailures, usage, cost, missingSubagents, doubtfulCalls } =
    loop.totalsWithSubagents;
  const every = callsIn(loop);
  const events = loopsIn(loop).flatMap((one) => one.steps.flatMap((step) => step.events));
  return {
    ...about,
    ...{ steps, calls, retries, toolCalls: tools, toolFailures, missingSubagents, doubtfulCalls, usage, cost },
    withoutUsage: every.filter((call) => call.usage === null && totalTokens(recordedUsage(call)) === 0).length,
    context: loop.steps.findLast(({ call }) => call)?.call?.cumulative.contextTokens || null,
    cacheBreaks: breaksOf(events),
    doomLoops: events.filter(({ name }) => name === "doom-loop").length,
    compactions: events.filter(({ name }) => name === "compaction").length,
    account,
    spent: spentOf(every, prices),
    others: otherCallsIn(loop).map((call) => {
      const { kind, model, usage: took, cost: usd } = call;
      return { kind, model, usage: took ?? (isUnknown(call) ? null : NO_USAGE), cost: usd };
    }),
    tools: toolsOf(loop),
  };
}

const NOTHING = {
  ...{ steps: 0, calls: 0, retries: 0, toolCalls: 0, toolFailures: 0, missingSubagents: 0, doubtfulCalls: 0 },
  ...{ usage: NO_USAGE, cost: null, withoutUsage: 0, context: null, doomLoops: 0, compactions: 0 },
  cacheBreaks: { count: 0, tokens: 0, cost: null },
  account: {
    ...{ duration: 0, model: 0, firstToken: 0, tools: 0, waiting: 0, retries: 0, other: 0, toolsSummed: 0 },
  },
  ...{ spent: [], others: [], tools: [] },
} satisfies Partial<TurnFacts>;

/** The run that a turn was made by: the one that it names, else the one that was at work when it began. */
function runOf({ run, start }: Loop, runs: readonly RunEvidence[]): RunEvidence | undefined {
  const named = run && runs.find(({ id, attempt = 0 }) => id === run.id && attempt === run.attempt);
  return named ?? runs.findLast(({ startedAt, endedAt }) => startedAt <= start && start <= endedAt);
}

function gitOf(
  run: RunEvidence | undefined,
  directory: string,
  start: number,
  { gitAt }: FactsEvidence,
): TurnFacts["git"] {
  if (run?.git) return { ...run.git, from: "run" };
  const known = gitAt?.(directory, start);
  return known ? { ...known, from: "reflog" } : null;
}

function breaksOf(events: readonly StepEvent[]): TurnFacts["cacheBreaks"] {
  const breaks = events.filter(({ name }) => name === "cache-break");
  return {
    count: breaks.length,
    tokens: breaks.reduce((sum, { attributes }) => sum + Number(attributes.tokensReadAnew), 0),
    cost: breaks.reduce<number | null>((sum, { attributes: { costUsd } }) => {
      return addCost(sum, typeof costUsd === "number" ? costUsd : null);
    }, null),
  };
}

function spentOf(calls: readonly Call[], prices: Prices): TurnFacts["spent"] {
  const groups = new Map<string, SpentFacts>();
  for (const call of calls) {
    const { model, agent, cost, outcome, start, end, firstTokenAt } = call;
    const key = JSON.stringify([modelKey(model), model?.variant, agent]);
    const group = groups.get(key) ?? noneSpent(model, agent);
    groups.set(key, group);
    const usage = recordedUsage(call);
    group.calls += 1;
    group.usage = addUsage(group.usage, usage);
    group.cost = addCost(group.cost, cost);
    if (cost === null && totalTokens(usage) > 0) {
      group.unpriced = { calls: group.unpriced.calls + 1, usage: addUsage(group.unpriced.usage, usage) };
    }
    if (outcome !== "completed") continue;
    group.durations.push(end - start);
    if (firstTokenAt !== null) group.firstTokens.push(firstTokenAt - start);
  }
  for (const group of groups.values()) group.saved = savedBy(group, prices);
  return [...groups.values()];
}

function noneSpent(model: Call["model"], agent: string | null): SpentFacts {
  return {
    ...{ model, agent, calls: 0, usage: NO_USAGE, cost: null, unpriced: { calls: 0, usage: NO_USAGE }, saved: null },
    ...{ durations: [], firstTokens: [] },
  };
}

/** What the tokens of the cache would have cost as input, without what they did cost; by what the calls settle. */
function savedBy({ model, usage, cost, unpriced }: SpentFacts, prices: Prices): number | null {
  if (cost === null) return null;
  const cacheRead = usage.cacheRead - unpriced.usage.cacheRead;
  const cacheWrite = usage.cacheWrite - unpriced.usage.cacheWrite;
  if (cacheRead + cacheWrite === 0) return 0;
  const { settled } = prices(model);
  const uncached = settled({ ...NO_USAGE, input: cacheRead + cacheWrite });
  const paid = settled({ ...NO_USAGE, cacheRead, cacheWrite });
  return uncached === null || paid === null ? null : Number((uncached - paid).toFixed(DECIMALS));
}

/** What is left of a difference of costs after rounding, USD. */
const DECIMALS = 12;

/** As `looptrace tools` counts them. */
function toolsOf(turn: Loop): TurnFacts["tools"] {
  const groups = new Map<string, { readonly facts: ToolFacts; readonly ended: Tool[] }>();
  const groupOf = ({ name, origin, server }: Pick<ToolFacts, "name" | "origin" | "server">) => {
    const key = JSON.stringify([name, origin, server]);
    const group = groups.get(key) ?? { facts: noCalls({ name, origin, server }), ended: [] };
    groups.set(key, group);
    return group;
  };
  const tools = placedSteps(turn, ({ copied }) => !copied).flatMap(({ step }) => step.tools);
  for (const tool of tools) {
    const { facts, ended } = groupOf(tool);
    facts.count += 1;
    if (tool.childSessionId !== null || tool.loops.length > 0) facts.subagents += 1;
    if (tool.outcome === "unfinished") continue;
    ended.push(tool);
    facts.durations.push(tool.end - tool.start);
    facts.permissionWait += tool.permissionWaitMs ?? 0;
    if (tool.outcome === "failed") facts.failed += 1;
    if (tool.timing === "bounded") facts.bounded += 1;
  }
  for (const call of tools.flatMap(({ innerCalls }) => innerCalls)) addInner(groupOf(ofScript(call)).facts, call);
  return [...groups.values()].map(({ facts, ended }) => ({ ...facts, busy: covered(ended, turn) }));
}

/** A script calls MCP servers' tools alone; where the server is not known, its origin is not either. */
function ofScript({ name, server }: InnerCall): Pick<ToolFacts, "name" | "origin" | "server"> {
  return { name, origin: server === null ? "unknown" : "mcp", server };
}

/** What a script called is done in the script's own time. */
function addInner(facts: ToolFacts, { outcome, durationMs }: InnerCall): void {
  facts.count += 1;
  if (outcome === "failed") facts.failed += 1;
  if (durationMs !== null) facts.durations.push(durationMs);
  else if (outcome !== "unfinished") facts.withoutTime += 1;
}

function noCalls(tool: Pick<ToolFacts, "name" | "origin" | "server">): ToolFacts {
  return {
    ...tool,
    ...{ count: 0, failed: 0, durations: [], withoutTime: 0, bounded: 0, subagents: 0, permissionWait: 0, busy: 0 },
  };
}
