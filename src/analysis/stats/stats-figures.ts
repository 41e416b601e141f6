/** Sums of what turns took. */
import { costBy, type Usage, type UserPrices, userPriceOf } from "../../opencode/model.js";
import { addCost, addUsage, knownTokens, NO_USAGE, promptTokens, totalTokens } from "../../trace/usage.js";
import { exactFigure } from "../figures.js";
import { percentile } from "../percentiles.js";
import type { SpentFacts, TurnFacts } from "../session-facts.js";

/** What some turns have come to; plain data, as `--json` prints it. Times in ms, costs in USD. */
export interface StatsFigures {
  /** That had such a turn, or such calls in one. */
  readonly sessions: number;
  /** Turns that a fork copied are not among them. */
  readonly turns: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly steps: number;
  /** Requests to models. */
  readonly calls: number;
  readonly retries: number;
  readonly toolCalls: number;
  readonly toolFailures: number;
  /** null where calls were made and nothing is known of any one's tokens. */
  readonly usage: Usage | null;
  /** All tokens; null where `usage` is. */
  readonly tokens: number | null;
  /** Share of the prompts that came from the cache, 0 to 1; null without prompts. */
  readonly cacheShare: number | null;
  /** null where nothing of it has a price. */
  readonly cost: number | null;
  /** What of the cost is by the user's own prices. */
  readonly costByUser: number;
  /** What took tokens and has no price, so that it is not in the cost. */
  readonly unpriced: { readonly calls: number; readonly tokens: number };
  /** What the cache saved against paying its tokens as input, where prices are known; null where none are. */
  readonly saved: number | null;
  /** Breaks of the cache, the tokens that were read anew, and what that cost more; null where no prices tell it. */
  readonly cacheBreaks: TurnFacts["cacheBreaks"];
  /** What opencode asked models beside the steps, such as for a title: in no other figure; tokens null: not known. */
  readonly others: { readonly calls: number; readonly tokens: number | null; readonly cost: number | null };
  readonly time: TimeFigures;
  /** Of whole turns, by nearest rank; null without a turn. */
  readonly turnMs: { readonly p50: number | null; readonly p90: number | null; readonly max: number | null };
  /** What keeps the sums from being whole. */
  readonly gaps: {
    /** Subagents whose sessions were not there. */
    readonly missingSubagents: number;
    /** Calls whose recorded tokens are in doubt. */
    readonly doubtfulCalls: number;
    /** Calls of whose tokens nothing is known. */
    readonly withoutUsage: number;
  };
}

/** Where the turns' time went: the five after the first add up to it. */
export interface TimeFigures {
  readonly total: number;
  readonly model: number;
  readonly tools: number;
  readonly waiting: number;
  readonly retries: number;
  /** opencode itself. */
  readonly opencode: number;
}

/** Adds up, turn by turn, and the calls of each beside. */
export class StatsSum {
  readonly #prices: UserPrices;
  readonly #sessions = new Set<string>();
  readonly #durations: number[] = [];
  readonly #turns = { failed: 0, unfinished: 0, steps: 0, retries: 0, toolCalls: 0, toolFailures: 0 };
  readonly #time = { total: 0, model: 0, tools: 0, waiting: 0, retries: 0, opencode: 0 };
  readonly #gaps = { missingSubagents: 0, doubtfulCalls: 0, withoutUsage: 0 };
  #breaks: TurnFacts["cacheBreaks"] = { count: 0, tokens: 0, cost: null };
  #calls = 0;
  #usage: Usage = NO_USAGE;
  #cost: number | null = null;
  #costByUser = 0;
  #unpriced = { calls: 0, tokens: 0 };
  #saved: number | null = null;
  #others: { calls: number; tokens: number; cost: number | null } = { calls: 0, tokens: 0, cost: null };

  constructor(prices: UserPrices) {
    this.#prices = prices;
  }

  addTurn(turn: TurnFacts): void {
    const { outcome, account, missingSubagents, doubtfulCalls, withoutUsage, cacheBreaks } = turn;
    this.#sessions.add(turn.sessionId);
    this.#durations.push(account.duration);
    const turns = this.#turns;
    if (outcome === "failed") turns.failed += 1;
    if (outcome === "unfinished") turns.unfinished += 1;
    turns.steps += turn.steps;
    turns.retries += turn.retries;
    turns.toolCalls += turn.toolCalls;
    turns.toolFailures += turn.toolFailures;
    const time = this.#time;
    time.total += account.duration;
    time.model += account.model;
    time.tools += account.tools;
    time.waiting += account.waiting;
    time.retries += account.retries;
    time.opencode += account.other;
    const gaps = this.#gaps;
    gaps.missingSubagents += missingSubagents;
    gaps.doubtfulCalls += doubtfulCalls;
    gaps.withoutUsage += withoutUsage;
    if (cacheBreaks.count === 0) return;
    this.#breaks = {
      count: this.#breaks.count + cacheBreaks.count,
      tokens: this.#breaks.tokens + cacheBreaks.tokens,
      cost: addCost(this.#breaks.cost, this.#costOfBreaks(turn)),
    };
  }

  addSpent(turn: TurnFacts, spent: SpentFacts): void {
    const { cost, byUser, saved, unpriced } = pricedBy(this.#prices, spent);
    this.#sessions.add(turn.sessionId);
    this.#calls += spent.calls;
    this.#usage = addUsage(this.#usage, spent.usage);
    this.#cost = addCost(this.#cost, cost);
    this.#costByUser += byUser;
    this.#saved = addCost(this.#saved, saved);
    this.#unpriced.calls += unpriced.calls;
    this.#unpriced.tokens += totalTokens(unpriced.usage);
  }

  addOther(other: TurnFacts["others"][number]): void {
    const { calls, tokens, cost } = this.#others;
    const own = otherCost(this.#prices, other);
    this.#others = {
      calls: calls + 1,
      tokens: tokens + (other.usage ? totalTokens(other.usage) : 0),
      cost: addCost(cost, own),
    };
  }

  figures(): StatsFigures {
    const sorted = this.#durations.toSorted((a, b) => a - b);
    const prompt = promptTokens(this.#usage);
    const tokens = knownTokens(this.#calls, totalTokens(this.#usage));
    return {
      sessions: this.#sessions.size,
      turns: sorted.length,
      ...this.#turns,
      calls: this.#calls,
      usage: tokens === null ? null : this.#usage,
      tokens,
      cacheShare: prompt === 0 ? null : this.#usage.cacheRead / prompt,
      cost: exact(this.#cost),
      costByUser: exactFigure(this.#costByUser, "usd"),
      unpriced: { ...this.#unpriced },
      saved: exact(this.#saved),
      cacheBreaks: { ...this.#breaks, cost: exact(this.#breaks.cost) },
      others: {
        ...this.#others,
        tokens: knownTokens(this.#others.calls, this.#others.tokens),
        cost: exact(this.#others.cost),
      },
      time: this.#time,
      turnMs: {
        p50: percentile(sorted, 50) ?? null,
        p90: percentile(sorted, 90) ?? null,
        max: sorted.at(-1) ?? null,
      },
      gaps: this.#gaps,
    };
  }

  /**
   * By the user's prices where no others tell it or count: what was read anew as input instead of from the cache. Which
   * of several models read it is not kept: where the user's prices count instead of opencode's for one, it is not known.
   */
  #costOfBreaks({ cacheBreaks, spent }: TurnFacts): number | null {
    const { count, tokens, cost } = cacheBreaks;
    const isOverridden = spent.some(({ model }) => userPriceOf(this.#prices, model)?.override);
    if (count === 0 || (cost !== null && !isOverridden)) return cost;
    const [only, ...more] = spent;
    const isPriced = only && more.length === 0 && (only.cost === null || isOverridden);
    const price = isPriced ? userPriceOf(this.#prices, only.model) : undefined;
    if (!price) return null;
    return costBy(price, { ...NO_USAGE, input: tokens }) - costBy(price, { ...NO_USAGE, cacheRead: tokens });
  }
}

function exact(usd: number | null): number | null {
  return usd === null ? null : exactFigure(usd, "usd");
}

/** What calls cost, by opencode's prices and then by the user's. */
export function pricedBy(
  prices: UserPrices,
  { model, usage, cost, saved, unpriced }: SpentFacts,
): {
  readonly cost: number | null;
  readonly byUser: number;
  readonly saved: number | null;
  readonly unpriced: SpentFacts["unpriced"];
} {
  const price = userPriceOf(prices, model);
  if (!price) return { cost, byUser: 0, saved, unpriced };
  const counted = price.override ? usage : unpriced.usage;
  const own = costBy(price, counted);
  const isAny = price.override || unpriced.calls > 0;
  const { cacheRead, cacheWrite } = counted;
  const uncached = costBy(price, { ...NO_USAGE, input: cacheRead + cacheWrite });
  const ownSaved = uncached - costBy(price, { ...NO_USAGE, cacheRead, cacheWrite });
  const known = price.override ? null : cost;
  return {
    cost: isAny ? addCost(known, own) : known,
    byUser: own,
    saved: isAny ? addCost(price.override ? null : saved, ownSaved) : saved,
    unpriced: { calls: 0, usage: NO_USAGE },
  };
}

function otherCost(prices: UserPrices, { model, usage, cost }: TurnFacts["others"][number]): number | null {
  const price = userPriceOf(prices, model);
  return price && usage && (cost === null || price.override) ? costBy(price, usage) : cost;
}
