/** Why providers' caches broke, and what that has cost, where the requests were recorded. */
import type { WireEvidence, WireExchange } from "../wire/model.js";
import { type BreakCause, explainBreak } from "../wire/segments/explain-break.js";
import { readRequest } from "../wire/segments/read-request.js";
import { breakOf } from "./cache-breaks.js";
import type { Call, Loop, LoopTrace, Step, StepEvent, Usage } from "./model.js";
import { modelKey, type PricedCall, type Prices, pricesOf } from "./token-prices.js";
import { subagentsOfLoop } from "./totals.js";
import { NO_USAGE, sureUsageOf } from "./usage.js";
import { ownerFacts } from "./wire-tables.js";

const BREAK = "cache-break";

/**
 * The traces with the causes of their cache breaks; also of those between the last call of a turn and the first one of
 * the next, which only a cause tells from a break that a pause explains.
 */
export function withCacheCauses(
  traces: readonly LoopTrace[],
  wire: WireEvidence,
  mcpServers: readonly string[] | undefined,
): readonly LoopTrace[] {
  const exchanges = new Map(wire.exchanges.map((exchange) => [exchange.id, exchange]));
  const walk = new Walk(exchanges, mcpServers, pricesOf(pricedCalls(traces)));
  return traces.map((trace) => {
    const loop = walk.loop(trace.loop);
    return loop === trace.loop ? trace : { ...trace, loop };
  });
}

class Walk {
  readonly #exchanges: ReadonlyMap<string, WireExchange>;
  readonly #servers: readonly string[] | undefined;
  readonly #prices: Prices;
  /** The last call so far whose prompt is known, by session and what else has a cache of its own. */
  readonly #before = new Map<string, Call>();

  constructor(exchanges: ReadonlyMap<string, WireExchange>, servers: readonly string[] | undefined, prices: Prices) {
    this.#exchanges = exchanges;
    this.#servers = servers;
    this.#prices = prices;
  }

  loop(loop: Loop): Loop {
    // What a fork copied was asked in another session.
    if (loop.copied) return loop;
    const steps = loop.steps.map((step) => this.#step(step, loop.sessionId));
    return { ...loop, steps, loops: loop.loops.map((below) => this.loop(below)) };
  }

  #step(step: Step, sessionId: string): Step {
    const { call } = step;
    const tools = step.tools.map((tool) => ({ ...tool, loops: tool.loops.map((below) => this.loop(below)) }));
    const loops = step.loops.map((below) => this.loop(below));
    const built: Step = { ...step, tools, loops };
    if (!call || !sureUsageOf("prompt", call)) return built;
    // A summary is asked for without the conversation's beginning.
    const key = `${sessionId} ${call.mode === "compaction"} ${modelKey(call.model)}`;
    const before = this.#before.get(key);
    this.#before.set(key, call);
    if (!before) return built;
    const known = step.events.some(({ name }) => name === BREAK);
    const event = breakOf(before, call, step.messageId, sessionId);
    const cause = event && this.#causeOf(before, call);
    if (!event || !cause) return built;
    const told: StepEvent = {
      ...event,
      attributes: { ...event.attributes, ...attributesOf(cause), ...this.#priceOf(call, event) },
    };
    const events = known ? step.events.map((one) => (one.name === BREAK ? told : one)) : [...step.events, told];
    return { ...built, events };
  }

  #causeOf(before: Call, call: Call): BreakCause | null {
    const [then, now] = [before, call].map(({ wire, agent }) => {
      const exchange = wire && this.#exchanges.get(wire.exchangeId);
      return exchange ? readRequest(exchange, ownerFacts(this.#servers, agent)) : null;
    });
    return then && now ? explainBreak(then, now) : null;
  }

  /** What tokens cost that were read anew, beyond what they would have cost from the cache. */
  #priceOf(call: Call, { attributes }: StepEvent): { readonly costUsd?: number } {
    const usage = sureUsageOf("prompt", call) ?? NO_USAGE;
    const costUsd = costOfBreak(Number(attributes.tokensReadAnew), usage, this.#prices(call.model).settled);
    return costUsd === null ? {} : { costUsd };
  }
}

/**
 * What tokens cost that were read anew, beyond what they would have cost from the cache.
 *
 * @param anew how many
 * @param usage of the call that read them: what it wrote to the cache was paid for as such
 * @param costOf tells what tokens cost, USD; null where no price tells it
 */
export function costOfBreak(
  anew: number,
  { cacheWrite }: Usage,
  costOf: (usage: Usage) => number | null,
): number | null {
  const written = Math.min(anew, cacheWrite);
  const paid = costOf({ ...NO_USAGE, input: anew - written, cacheWrite: written });
  const cached = costOf({ ...NO_USAGE, cacheRead: anew });
  return paid === null || cached === null ? null : Number((paid - cached).toFixed(DECIMALS));
}

/** What is left of a difference of costs after rounding, USD. */
const DECIMALS = 12;

function attributesOf({ kind, cause, owner, before, after }: BreakCause): StepEvent["attributes"] {
  return {
    cause,
    causeKind: kind,
    ...(owner ? { owner: JSON.stringify(owner) } : {}),
    ...(before === null ? {} : { before }),
    ...(after === null ? {} : { after }),
  };
}

function pricedCalls(traces: readonly LoopTrace[]): readonly PricedCall[] {
  const below = (loop: Loop): readonly PricedCall[] => [
    ...loop.steps.flatMap(({ call }) => call ?? []),
    ...subagentsOfLoop(loop).flatMap(below),
  ];
  return traces.flatMap(({ loop }) => below(loop));
}
