/** Sums of what turns took. */
import { costBy, type Usage, type UserPrices, userPriceOf } from "../../opencode/model.js";
import { addCost, knownTokens, NO_USAGE, promptTokens, totalTokens } from "../../trace/usage.js";
import { exactFigure } from "../figures.js";
import { percentile } from "../percentiles.js";
import type { SpentFacts, TurnFacts } from "../session-facts.js";
import { type Columns, SPENT_SUMS, TURN_SUMS, type TurnTable } from "./turn-table.js";

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
  /** What opencode asked models beside the steps, such as for a title: in no other figure. */
  readonly others: {
    readonly calls: number;
    /** null where nothing is known of any one's. */
    readonly tokens: number | null;
    readonly cost: number | null;
    /** Those of whose tokens nothing is known. */
    readonly withoutUsage: number;
    /** Those that may have cost something, and of which it is not known what: the cost lacks them. */
    readonly withoutCost: number;
  };
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
  readonly #sessions = new Set<number>();
  #last: number | undefined;
  readonly #durations: number[] = [];
  readonly #turns = new Float64Array(TURN_SUMS.length);
  readonly #spent = new Float64Array(SPENT_SUMS.length);
  #costOfBreaks: number | null = null;
  #cost: number | null = null;
  #costByUser = 0;
  #saved: number | null = null;
  #others: { calls: number; tokens: number; cost: number | null; withoutUsage: number; withoutCost: number } = {
    ...{ calls: 0, tokens: 0, cost: null, withoutUsage: 0, withoutCost: 0 },
  };

  constructor(prices: UserPrices) {
    this.#prices = prices;
  }

  /** @param session its number, that of no other session */
  addTurn(table: SummedTable, row: number, session: number): void {
    this.#count(session);
    addRow(this.#turns, table.turnSums, row);
    this.#durations.push(at(table.turns.total, row));
    if (at(table.turns.breaks, row) > 0)
      this.#costOfBreaks = addCost(this.#costOfBreaks, costOfBreaks(this.#prices, table, row));
  }

  addSpent(table: SummedTable, row: number, session: number): void {
    this.#count(session);
    addRow(this.#spent, table.spentSums, row);
    const { cost, saved } = table.spent;
    if (this.#prices.length === 0) {
      this.#cost = addCost(this.#cost, known(cost, row));
      this.#saved = addCost(this.#saved, known(saved, row));
      return;
    }
    const facts = spentAt(table, row);
    const priced = pricedBy(this.#prices, facts);
    this.#cost = addCost(this.#cost, priced.cost);
    this.#costByUser += priced.byUser;
    this.#saved = addCost(this.#saved, priced.saved);
    // What has a price by the user is not unpriced any more.
    if (priced.unpriced !== facts.unpriced) subtractUnpriced(this.#spent, facts.unpriced);
  }

  /** Turns of one session come one after the other, as a rule. */
  #count(session: number): void {
    if (session !== this.#last) this.#sessions.add(session);
    this.#last = session;
  }

  addOther(table: SummedTable, row: number): void {
    const { calls, tokens, cost, withoutUsage, withoutCost } = this.#others;
    const usage = at(table.others.hasUsage, row) === 1 ? usageAt(table.others, row) : null;
    const model = table.places[at(table.others.place, row)]?.model ?? null;
    const own = otherCost(this.#prices, { model, usage, cost: known(table.others.cost, row) });
    const took = usage && totalTokens(usage);
    this.#others = {
      calls: calls + 1,
      tokens: tokens + (took ?? 0),
      cost: addCost(cost, own),
      withoutUsage: withoutUsage + Number(took === null),
      // What took nothing costs nothing.
      withoutCost: withoutCost + Number(own === null && took !== 0),
    };
  }

  #besides(): StatsFigures["others"] {
    const { calls, tokens, cost, withoutUsage } = this.#others;
    const isKnown = calls === 0 || withoutUsage < calls;
    return { ...this.#others, tokens: isKnown ? tokens : null, cost: exact(cost) };
  }

  figures(): StatsFigures {
    const turns = named(TURN_SUMS, this.#turns);
    const spent = named(SPENT_SUMS, this.#spent);
    const { input, output, reasoning, cacheRead, cacheWrite } = spent;
    const usage = { input, output, reasoning, cacheRead, cacheWrite };
    const sorted = new Float64Array(this.#durations).sort();
    const prompt = promptTokens(usage);
    const tokens = knownTokens(spent.calls, totalTokens(usage));
    return {
      sessions: this.#sessions.size,
      turns: sorted.length,
      failed: turns.failed,
      unfinished: turns.unfinished,
      steps: turns.steps,
      retries: turns.retries,
      toolCalls: turns.toolCalls,
      toolFailures: turns.toolFailures,
      calls: spent.calls,
      usage: tokens === null ? null : usage,
      tokens,
      cacheShare: prompt === 0 ? null : cacheRead / prompt,
      cost: exact(this.#cost),
      costByUser: exactFigure(this.#costByUser, "usd"),
      unpriced: { calls: spent.unpricedCalls, tokens: totalTokens(unpricedOf(spent)) },
      saved: exact(this.#saved),
      cacheBreaks: { count: turns.breaks, tokens: turns.tokensReadAnew, cost: exact(this.#costOfBreaks) },
      others: this.#besides(),
      time: {
        total: turns.total,
        model: turns.model,
        tools: turns.tools,
        waiting: turns.waiting,
        retries: turns.retried,
        opencode: turns.opencode,
      },
      turnMs: {
        p50: percentile(sorted, 50) ?? null,
        p90: percentile(sorted, 90) ?? null,
        max: sorted.at(-1) ?? null,
      },
      gaps: {
        missingSubagents: turns.missingSubagents,
        doubtfulCalls: turns.doubtfulCalls,
        withoutUsage: turns.withoutUsage,
      },
    };
  }
}

/** A table, and which of its columns are added up as they are. */
export interface SummedTable extends TurnTable {
  readonly turnSums: readonly Float64Array[];
  readonly spentSums: readonly Float64Array[];
  /** Which rows of `spent` are a turn's: from its own place on to before the next one's. */
  readonly spentFrom: Float64Array;
}

export function summedTable(table: TurnTable): SummedTable {
  return {
    ...table,
    turnSums: TURN_SUMS.map((name) => table.turns[name]),
    spentSums: SPENT_SUMS.map((name) => table.spent[name]),
    spentFrom: startsOf(table.turns.spent),
  };
}

/** Where the rows of each begin, where they follow each other. @param counts how many each has */
export function startsOf(counts: Float64Array): Float64Array {
  let from = 0;
  return counts.map((count) => {
    from += count;
    return from - count;
  });
}

/** A figure of a row. */
export function at(column: Float64Array, row: number): number {
  return column[row] ?? 0;
}

function known(column: Float64Array, row: number): number | null {
  const value = at(column, row);
  return Number.isNaN(value) ? null : value;
}

function addRow(sums: Float64Array, columns: readonly Float64Array[], row: number): void {
  for (let column = 0; column < columns.length; column += 1)
    sums[column] = (sums[column] ?? 0) + (columns[column]?.[row] ?? 0);
}

function named<Name extends string>(names: readonly Name[], values: Float64Array): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0])) as Record<Name, number>;
}

function usageAt(columns: Columns<keyof Usage>, row: number): Usage {
  const { input, output, reasoning, cacheRead, cacheWrite } = columns;
  return {
    ...{ input: at(input, row), output: at(output, row), reasoning: at(reasoning, row) },
    ...{ cacheRead: at(cacheRead, row), cacheWrite: at(cacheWrite, row) },
  };
}

type Unpriced = Readonly<Record<Extract<(typeof SPENT_SUMS)[number], `unpriced${string}`>, number>>;

function unpricedOf(row: Unpriced): Usage {
  return {
    ...{ input: row.unpricedInput, output: row.unpricedOutput, reasoning: row.unpricedReasoning },
    ...{ cacheRead: row.unpricedCacheRead, cacheWrite: row.unpricedCacheWrite },
  };
}

/** What a row tells of calls, as the facts have it. */
function spentAt({ places, spent, spentSums }: SummedTable, row: number): Priceable {
  const figures = named(
    SPENT_SUMS,
    Float64Array.from(spentSums, (column) => at(column, row)),
  );
  return {
    model: places[at(spent.place, row)]?.model ?? null,
    usage: usageAt(spent, row),
    cost: known(spent.cost, row),
    saved: known(spent.saved, row),
    unpriced: { calls: figures.unpricedCalls, usage: unpricedOf(figures) },
  };
}

function subtractUnpriced(sums: Float64Array, { calls, usage }: SpentFacts["unpriced"]): void {
  const { input, output, reasoning, cacheRead, cacheWrite } = usage;
  const from = SPENT_SUMS.indexOf("unpricedCalls");
  for (const [index, value] of [calls, input, output, reasoning, cacheRead, cacheWrite].entries())
    sums[from + index] = (sums[from + index] ?? 0) - value;
}

/**
 * By the user's prices where no others tell it or count: what was read anew as input instead of from the cache. Which
 * of several models read it is not kept: where the user's prices count instead of opencode's for one, it is not known.
 */
function costOfBreaks(prices: UserPrices, table: SummedTable, row: number): number | null {
  const { turns, spentFrom } = table;
  const cost = known(turns.breakCost, row);
  if (prices.length === 0) return cost;
  const spent = Array.from({ length: at(turns.spent, row) }, (_, index) => spentAt(table, at(spentFrom, row) + index));
  const isOverridden = spent.some(({ model }) => userPriceOf(prices, model)?.override);
  if (cost !== null && !isOverridden) return cost;
  const [only, ...more] = spent;
  const isPriced = only && more.length === 0 && (only.cost === null || isOverridden);
  const price = isPriced ? userPriceOf(prices, only.model) : undefined;
  if (!price) return null;
  const tokens = at(turns.tokensReadAnew, row);
  return costBy(price, { ...NO_USAGE, input: tokens }) - costBy(price, { ...NO_USAGE, cacheRead: tokens });
}

/** What of the facts of calls a price is reckoned from. */
type Priceable = Pick<SpentFacts, "model" | "usage" | "cost" | "saved" | "unpriced">;

function exact(usd: number | null): number | null {
  return usd === null ? null : exactFigure(usd, "usd");
}

/** What calls cost, by opencode's prices and then by the user's. */
export function pricedBy(
  prices: UserPrices,
  { model, usage, cost, saved, unpriced }: Priceable,
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

function otherCost(
  prices: UserPrices,
  { model, usage, cost }: Pick<TurnFacts["others"][number], "model" | "usage" | "cost">,
): number | null {
  const price = userPriceOf(prices, model);
  return price && usage && (cost === null || price.override) ? costBy(price, usage) : cost;
}
