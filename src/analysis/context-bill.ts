import type { UserPrices } from "../opencode/model.js";
import type {
  LoopTrace,
  ModelFacts,
  OtherCall,
  RequestFacts,
  SegmentFacts,
  SegmentOwner,
  Usage,
} from "../trace/model.js";
import { otherCallsIn } from "../trace/other-calls.js";
import { type Prices, pricesOf } from "../trace/token-prices.js";
import { promptTokens, sureUsageOf } from "../trace/usage.js";
import { type OwnerGroup, ownerGroup, ownerName, segmentName } from "../wire/segments/owner-names.js";
import { inPromptOrder } from "../wire/segments/prompt-order.js";
import { callsIn, loopsIn, toolsIn } from "./loop-parts.js";

/** What of the prompts belongs to one owner, or is one segment; plain data, as `--json` prints it. */
export interface BillRow {
  readonly group: OwnerGroup;
  readonly name: string;
  /** Whose it is; of an owner with several segments that of its first one. */
  readonly owner: SegmentOwner;
  /** In the request that is shown, of several sessions in one of each. */
  readonly tokens: number;
  /** Of all tokens there, 0 to 1. */
  readonly share: number;
  /** In how many calls it was sent. */
  readonly calls: number;
  /** Tokens that were paid for it over all calls, from the cache or not. */
  readonly paidTokens: number;
  /** Those of them that came from the cache. */
  readonly cachedTokens: number;
  /** USD; null where no call's price is known. */
  readonly cost: number | null;
}

/** Tools that were sent and never called. */
export interface UnusedTools {
  /** As in the table: `MCP server jira`, `opencode's own tools`. */
  readonly name: string;
  readonly server: string | null;
  readonly origin: (SegmentOwner & { readonly kind: "tool-schema" })["origin"];
  readonly tools: readonly string[];
  /** Whether no tool of that owner was called. */
  readonly all: boolean;
  /** In one request: in the one that is shown, else in the largest that held them. */
  readonly tokens: number;
  readonly paidTokens: number;
  readonly cost: number | null;
}

/** The request whose tokens are shown. */
export interface ShownRequest {
  readonly exchangeId: string;
  readonly sessionId: string;
  /** `llm-call-3`, a subagent's with its agent before it, or what else it was for. */
  readonly name: string;
  readonly turn: number;
  /** Tokens of its prompt as the provider counted them, else as they were reckoned. */
  readonly tokens: number;
  /** Whether the provider counted them. */
  readonly counted: boolean;
}

/** What is in the prompts of sessions, and what it has cost. */
export interface ContextBill {
  readonly by: "owner" | "segment";
  readonly sessions: number;
  /** One for each session. */
  readonly shown: readonly ShownRequest[];
  /** Calls that are in the sums. */
  readonly calls: number;
  /** Those of them beside the steps, how many of each kind. */
  readonly otherCalls: Readonly<Partial<Record<OtherCall["kind"], number>>>;
  /** Calls whose requests are known, and not what they used. */
  readonly callsWithoutUsage: number;
  /** Calls whose requests were not recorded. */
  readonly callsWithoutWire: number;
  /** The one with most tokens first. */
  readonly rows: readonly BillRow[];
  readonly total: Pick<BillRow, "tokens" | "paidTokens" | "cachedTokens" | "cost">;
  readonly unused: readonly UnusedTools[];
  /** By how much reckoned tokens differ from what the providers counted, as a share: on the average, and at most. */
  readonly tokensError: { readonly mean: number; readonly most: number } | null;
}

/** A call whose request is known. */
export interface BilledCall {
  readonly name: string;
  /** What it was for; null: it is a step's. */
  readonly other: OtherCall["kind"] | null;
  readonly turn: number;
  readonly exchangeId: string;
  readonly sessionId: string;
  readonly request: RequestFacts;
  readonly segments: readonly SegmentFacts[];
  readonly usage: Usage | null;
  readonly cost: number | null;
  readonly costFrom?: "user" | undefined;
  readonly model: ModelFacts | null;
}

export interface BillOptions {
  readonly by: ContextBill["by"];
  /** The request that is shown, where there is one session; without it the one with the longest prompt. */
  readonly exchangeId?: string | undefined;
  /** What models cost by the user's own word, where calls were priced by it. */
  readonly prices?: UserPrices | undefined;
}

/** What a bill needs of a session: the rest of its traces need not stay in memory. */
export interface BilledSession {
  readonly calls: readonly BilledCall[];
  /** Names of all tools that were called in it. */
  readonly tools: ReadonlySet<string>;
  /** Calls whose requests were not recorded. */
  readonly callsWithoutWire: number;
}

/** @param traces those of a session; turns that a fork copied are left out, since they were paid for elsewhere */
export function billedSession(traces: readonly LoopTrace[]): BilledSession {
  const own = traces.filter(({ loop }) => !loop.copied);
  const names = own.flatMap(({ loop }) =>
    toolsIn(loop).flatMap(({ name, innerCalls }) => [name, ...innerCalls.map((inner) => inner.name)]),
  );
  return {
    calls: own.flatMap(billedCalls),
    tools: new Set(names),
    callsWithoutWire: own.flatMap(({ loop }) => callsIn(loop)).filter(({ wire }) => !wire?.request).length,
  };
}

/**
 * What the prompts of sessions were made of.
 *
 * @returns undefined where the requests of no call are known
 */
export function contextBill(
  sessions: readonly BilledSession[],
  { by, exchangeId, prices: own }: BillOptions,
): ContextBill | undefined {
  const calls = sessions.map((session) => session.calls);
  const all = calls.flat();
  if (all.length === 0) return undefined;
  const shown = calls.flatMap((some) => shownOf(some, exchangeId) ?? []);
  const prices = pricesOf(all, own);
  const rows = new Map<string, MutableRow>();
  for (const call of all) addCall(rows, call, by, prices, shown.includes(call));
  const tokens = sum([...rows.values()].map((row) => row.tokens));
  const named = by === "segment" ? toldApart([...rows.values()]) : [...rows.values()];
  const told = named.map((row): BillRow => {
    const { exchanges, ...figures } = row;
    return { ...figures, share: tokens === 0 ? 0 : row.tokens / tokens, calls: exchanges.size };
  });
  const errors = all.flatMap(({ request }) => request.tokensError ?? []).map(Math.abs);
  return {
    by,
    sessions: calls.filter((some) => some.length > 0).length,
    shown: shown.map(({ exchangeId: id, sessionId, name, turn, request, usage }) => ({
      exchangeId: id,
      sessionId,
      name,
      turn,
      tokens: usage ? promptTokens(usage) : reckoned(request),
      counted: usage !== null,
    })),
    calls: all.filter(({ usage }) => usage !== null).length,
    otherCalls: otherCallsAmong(all),
    callsWithoutUsage: all.filter(({ usage }) => usage === null).length,
    callsWithoutWire: sum(sessions.map((session) => session.callsWithoutWire)),
    rows: told.toSorted((a, b) => b.tokens - a.tokens || b.paidTokens - a.paidTokens),
    total: {
      tokens,
      paidTokens: sum(told.map(({ paidTokens }) => paidTokens)),
      cachedTokens: sum(told.map(({ cachedTokens }) => cachedTokens)),
      cost: told.some(({ cost }) => cost !== null) ? sum(told.map(({ cost }) => cost ?? 0)) : null,
    },
    unused: unusedTools(all, shown, new Set(sessions.flatMap(({ tools }) => [...tools])), prices),
    tokensError: errors.length === 0 ? null : { mean: sum(errors) / errors.length, most: Math.max(...errors) },
  };
}

function billedCalls({ loop, session, wire }: LoopTrace): readonly BilledCall[] {
  if (!wire) return [];
  const { turn } = session;
  const { segments } = wire;
  const ofSteps = loopsIn(loop).flatMap((own) =>
    own.steps.flatMap(({ call }): BilledCall[] => {
      const { request, exchangeId } = call?.wire ?? {};
      if (!call || !request || exchangeId === undefined) return [];
      const name = `${own === loop ? "" : `${own.agent ?? "subagent"} `}llm-call-${call.index}`;
      const usage = sureUsageOf("prompt", call);
      const { cost, costFrom, model } = call;
      const paid = { usage, cost, costFrom, model };
      return [{ name, other: null, turn, exchangeId, sessionId: session.id, request, segments, ...paid }];
    }),
  );
  const others = otherCallsIn(loop).flatMap(({ kind, usage, cost, costFrom, model, wire: facts }): BilledCall[] => {
    const { request, exchangeId } = facts ?? {};
    if (!request || exchangeId === undefined) return [];
    const at = { turn, exchangeId, sessionId: session.id };
    return [{ name: kind, other: kind, ...at, request, segments, usage, cost, costFrom, model }];
  });
  return [...ofSteps, ...others];
}

function otherCallsAmong(calls: readonly BilledCall[]): ContextBill["otherCalls"] {
  const kinds: Partial<Record<OtherCall["kind"], number>> = {};
  for (const { other, usage } of calls) if (other !== null && usage) kinds[other] = (kinds[other] ?? 0) + 1;
  return kinds;
}

/** The one that was asked for, else the one with the longest prompt; of equal ones the last. */
function shownOf(calls: readonly BilledCall[], exchangeId: string | undefined): BilledCall | undefined {
  if (exchangeId !== undefined) return calls.find((call) => call.exchangeId === exchangeId);
  const largest = Math.max(...calls.map(({ request }) => reckoned(request)));
  return calls.findLast(({ request }) => reckoned(request) === largest);
}

function reckoned({ segments }: RequestFacts): number {
  return sum(segments.map(([, tokens]) => tokens));
}

interface MutableRow {
  readonly group: OwnerGroup;
  readonly name: string;
  readonly owner: SegmentOwner;
  readonly exchanges: Set<string>;
  tokens: number;
  paidTokens: number;
  cachedTokens: number;
  cost: number | null;
}

/** Numbers those of the same name, in the order in which they were sent first. */
function toldApart(rows: readonly MutableRow[]): readonly MutableRow[] {
  const many = new Map<string, number>();
  for (const { name } of rows) many.set(name, (many.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return rows.map((row) => {
    if ((many.get(row.name) ?? 0) < 2) return row;
    const number = (seen.get(row.name) ?? 0) + 1;
    seen.set(row.name, number);
    return { ...row, name: `${row.name} #${number}` };
  });
}

function addCall(
  rows: Map<string, MutableRow>,
  call: BilledCall,
  by: ContextBill["by"],
  prices: Prices,
  shown: boolean,
): void {
  for (const { facts, tokens, cached, cost } of paidSegments(call, prices)) {
    const { owner, hash } = facts;
    const name = by === "owner" ? ownerName(owner) : segmentName(owner);
    const group = ownerGroup(owner);
    const key = by === "owner" ? `${group} ${name}` : `${JSON.stringify(owner)} ${hash}`;
    const row: MutableRow = rows.get(key) ?? {
      ...{ group, name, owner, exchanges: new Set<string>() },
      ...{ tokens: 0, paidTokens: 0, cachedTokens: 0, cost: null },
    };
    rows.set(key, row);
    row.exchanges.add(call.exchangeId);
    if (shown) row.tokens += tokens;
    if (!call.usage) continue;
    row.paidTokens += tokens;
    row.cachedTokens += cached;
    if (cost !== null) row.cost = (row.cost ?? 0) + cost;
  }
}

/** A segment of a call with what was paid for it there. */
interface PaidSegment {
  readonly facts: SegmentFacts;
  readonly tokens: number;
  /** Those that came from the cache. */
  readonly cached: number;
  /** USD; null where nothing tells the price. */
  readonly cost: number | null;
}

/**
 * What each segment of a call cost. A cache holds the beginning of a prompt: what came from it is the first
 * tokens in the order in which the model reads them, what was written to it the next ones.
 */
function paidSegments({ request, segments, usage, model }: BilledCall, prices: Prices): readonly PaidSegment[] {
  const price = prices(model).perToken;
  const known = request.segments.flatMap(([index, tokens]) => {
    const facts = segments[index];
    return facts ? [{ facts, tokens }] : [];
  });
  let from = 0;
  return inPromptOrder(known, ({ facts }) => facts.owner).map(({ facts, tokens }) => {
    const to = from + tokens;
    const cached = usage ? overlap(from, to, 0, usage.cacheRead) : 0;
    const written = usage ? overlap(from, to, usage.cacheRead, usage.cacheRead + usage.cacheWrite) : 0;
    from = to;
    const cost =
      price && usage
        ? cached * price.cacheRead + written * price.cacheWrite + (tokens - cached - written) * price.input
        : null;
    return { facts, tokens, cached, cost };
  });
}

function overlap(from: number, to: number, start: number, end: number): number {
  return Math.max(0, Math.min(to, end) - Math.max(from, start));
}

/** Tools that were sent and never called, by their owner; where a server's were all idle, that server first. */
function unusedTools(
  calls: readonly BilledCall[],
  shown: readonly BilledCall[],
  used: ReadonlySet<string>,
  prices: Prices,
): readonly UnusedTools[] {
  interface Idle {
    readonly owner: SegmentOwner & { readonly kind: "tool-schema" };
    readonly tools: Set<string>;
    readonly perCall: Map<BilledCall, number>;
    all: boolean;
    paidTokens: number;
    cost: number | null;
  }
  const byName = new Map<string, Idle>();
  for (const call of calls) {
    for (const { facts, tokens, cost } of paidSegments(call, prices)) {
      const { owner } = facts;
      if (owner.kind !== "tool-schema") continue;
      const name = ownerName(owner);
      const idle: Idle = byName.get(name) ?? {
        ...{ owner, tools: new Set<string>(), perCall: new Map<BilledCall, number>() },
        ...{ all: true, paidTokens: 0, cost: null },
      };
      byName.set(name, idle);
      if (used.has(owner.tool)) {
        idle.all = false;
        continue;
      }
      idle.tools.add(owner.tool);
      idle.perCall.set(call, (idle.perCall.get(call) ?? 0) + tokens);
      if (!call.usage) continue;
      idle.paidTokens += tokens;
      if (cost !== null) idle.cost = (idle.cost ?? 0) + cost;
    }
  }
  return [...byName]
    .filter(([, { tools }]) => tools.size > 0)
    .map(([name, { owner, tools, perCall, all, paidTokens, cost }]): UnusedTools => {
      const inShown = sum(shown.map((call) => perCall.get(call) ?? 0));
      const tokens = inShown > 0 ? inShown : Math.max(...perCall.values());
      const { server, origin } = owner;
      return { name, server, origin, tools: [...tools], all, tokens, paidTokens, cost };
    })
    .toSorted((a, b) => Number(b.all) - Number(a.all) || b.paidTokens - a.paidTokens);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
