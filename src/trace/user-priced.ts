/** Traces with what calls cost by the user's own prices, where opencode knows none. */
import { costBy, type UserPrice, type UserPrices, userPriceOf } from "../opencode/model.js";
import { costOfBreak } from "./cache-causes.js";
import type { Call, Cumulative, Loop, LoopTrace, OtherCall, Step, Tool } from "./model.js";
import { addTotals, subagentsOfLoop, totalsOf } from "./totals.js";
import { addCost, recordedUsage, sureUsageOf, totalTokens } from "./usage.js";

/**
 * The traces with the user's prices: of each call that took tokens and that opencode did not price, and of others too
 * where the user has said so (`override`). All that is added up of costs is added up anew; nothing else changes, so that
 * pricing twice is pricing once.
 *
 * @returns the very same traces where no price is about any of their calls
 */
export function withUserPrices<Trace extends LoopTrace>(
  traces: readonly Trace[],
  prices: UserPrices | undefined,
): readonly Trace[] {
  if (!prices || prices.length === 0) return traces;
  return traces.map((trace) => {
    const loop = pricedLoop(trace.loop, prices);
    return loop === trace.loop ? trace : { ...trace, loop };
  });
}

function pricedLoop(loop: Loop, prices: UserPrices): Loop {
  let cost: number | null = null;
  const steps = mapped(loop.steps, (step) => {
    const priced = pricedStep(step, prices, cost);
    cost = priced.call ? priced.call.cumulative.cost : cost;
    return priced;
  });
  const loops = mapped(loop.loops, (below) => pricedLoop(below, prices));
  const others = loop.otherCalls && mapped(loop.otherCalls, (call) => pricedOther(call, prices));
  if (steps === loop.steps && loops === loop.loops && others === loop.otherCalls) return loop;
  const totals = { ...loop.totals, cost: totalsOf(steps).cost };
  const below = subagentsOfLoop({ steps, loops }).reduce((sum, one) => addTotals(sum, one.totalsWithSubagents), totals);
  return {
    ...loop,
    ...{ steps, loops, totals, totalsWithSubagents: { ...loop.totalsWithSubagents, cost: below.cost } },
    ...(others ? { otherCalls: others } : {}),
  };
}

function pricedStep(step: Step, prices: UserPrices, before: number | null): Step {
  const call = step.call && pricedCall(step.call, prices, before);
  const tools = mapped(step.tools, (tool) => pricedTool(tool, prices));
  const loops = mapped(step.loops, (below) => pricedLoop(below, prices));
  if (call === step.call && tools === step.tools && loops === step.loops) return step;
  return { ...step, call, tools, loops, events: call?.costFrom ? pricedBreaks(step, call, prices) : step.events };
}

function pricedTool(tool: Tool, prices: UserPrices): Tool {
  const loops = mapped(tool.loops, (below) => pricedLoop(below, prices));
  return loops === tool.loops ? tool : { ...tool, loops };
}

function pricedCall(call: Call, prices: UserPrices, before: number | null): Call {
  const usage = recordedUsage(call);
  const price = totalTokens(usage) > 0 ? priceFor(call, prices) : undefined;
  const cost = price ? costBy(price, usage) : call.cost;
  const cumulative: Cumulative = { ...call.cumulative, cost: addCost(before, cost) };
  if (!price && cumulative.cost === call.cumulative.cost) return call;
  return { ...call, cost, cumulative, ...(price ? { costFrom: "user" as const } : {}) };
}

function pricedOther(call: OtherCall, prices: UserPrices): OtherCall {
  const { usage } = call;
  const price = usage && totalTokens(usage) > 0 ? priceFor(call, prices) : undefined;
  return price && usage ? { ...call, cost: costBy(price, usage), costFrom: "user" } : call;
}

/** What a break of the cache cost by the same price. */
function pricedBreaks({ events }: Step, call: Call, prices: UserPrices): Step["events"] {
  const price = userPriceOf(prices, call.model);
  const usage = sureUsageOf("prompt", call);
  if (!price || !usage) return events;
  return events.map((event) => {
    if (event.name !== "cache-break") return event;
    const costUsd = costOfBreak(Number(event.attributes.tokensReadAnew), usage, (tokens) => costBy(price, tokens));
    return costUsd === null ? event : { ...event, attributes: { ...event.attributes, costUsd } };
  });
}

function priceFor({ model, cost, costFrom }: Pick<Call, "model" | "cost" | "costFrom">, prices: UserPrices) {
  const price: UserPrice | undefined = userPriceOf(prices, model);
  return price && (cost === null || costFrom === "user" || price.override) ? price : undefined;
}

/** The same list where nothing in it has changed. */
function mapped<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  const changed = items.map(change);
  return changed.some((item, index) => item !== items[index]) ? changed : items;
}
