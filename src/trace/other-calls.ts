/** Calls of models that opencode made beside the answers: for the title, or to sum up the conversation. */
import type { Entry, Session, SessionEvent, Spent, Turn } from "../opencode/model.js";
import type { WireExchange } from "../wire/model.js";
import type { Loop, OtherCall, Usage } from "./model.js";
import { isUnknown } from "./other-call-usage.js";
import { spanIdOf } from "./span-id.js";
import { pricesOf } from "./token-prices.js";
import { subagentsOfLoop } from "./totals.js";
import { answersOf } from "./turn-entries.js";
import { addCost, addUsage, NO_USAGE, totalTokens } from "./usage.js";
import { recordedOutput, recordedWire } from "./wire-of-request.js";

const NOTHING: Spent = { usage: NO_USAGE, cost: null };

/**
 * The other calls of each turn: those that opencode tells of one by one, and what it has counted for the session beyond
 * all that it tells of. With them the sums meet what opencode itself has counted.
 *
 * What no turn can be told to have used stands with the first that no fork copied: there the title was made.
 *
 * @returns one list for each turn of the session
 */
export function otherCallsOf(session: Session): readonly (readonly OtherCall[])[] {
  const priced = pricesIn(session);
  const known = session.turns.map((turn) => toldCalls(turn, session.id).map(priced));
  const over = uncountedOf(session, known.flat());
  const { told, rest } = withCounted(known, over);
  const first = session.turns.findIndex(({ copied, origin }) => !copied && origin !== "command");
  const turn = session.turns[first];
  if (!rest || !turn) return told;
  const at = { start: turn.at, end: turn.at, timing: "bounded" as const };
  const spanId = spanIdOf("call", session.id, `${turn.id}/other`);
  return told.map((own, index) =>
    index === first ? [{ spanId, ...at, kind: "unknown", model: null, ...rest }, ...own] : own,
  );
}

/** Gives recorded calls the cost that the session's answers settle; opencode 1 tells none of a title. */
function pricesIn({ turns }: Session): (call: OtherCall) => OtherCall {
  const ofAnswers = (): ReturnType<typeof pricesOf> => {
    const calls = turns.flatMap((turn) => answersOf(turn).flatMap(({ call }) => call ?? []));
    return pricesOf(calls.map(({ model, recorded: { usage, cost } }) => ({ model, usage, cost })));
  };
  let prices: ReturnType<typeof pricesOf> | undefined;
  return (call) => {
    const { model, usage, cost, wire } = call;
    if (cost !== null || !wire || !model || !usage || totalTokens(usage) === 0) return call;
    prices ??= ofAnswers();
    return { ...call, cost: prices(model).settled(usage) };
  };
}

/**
 * What was counted is that of the one recorded call whose tokens are not known; what was counted of cost alone that of
 * the one whose cost is not.
 */
function withCounted(
  told: readonly (readonly OtherCall[])[],
  rest: Spent | null,
): { readonly told: readonly (readonly OtherCall[])[]; readonly rest: Spent | null } {
  if (!rest) return { told, rest };
  const isOfCost = totalTokens(rest.usage) === 0;
  const fitting = told
    .flat()
    .filter((call) => call.cost === null && call.wire && (isOfCost ? totalOf(call) > 0 : isUnknown(call)));
  if (fitting.length !== 1) return { told, rest };
  const counted = isOfCost ? { cost: rest.cost } : rest;
  const withRest = (call: OtherCall): OtherCall => (call === fitting[0] ? { ...call, ...counted } : call);
  return { told: told.map((calls) => calls.map(withRest)), rest: null };
}

function toldCalls(turn: Turn, sessionId: string): readonly OtherCall[] {
  if (turn.copied) return [];
  const isEvent = (entry: Entry): entry is SessionEvent => entry.kind === "event";
  const events = [...turn.context.filter(isEvent), ...turn.rest.filter(isEvent)];
  const summaries = events.flatMap((entry): OtherCall[] => {
    if (entry.name !== "compaction" || !entry.summary) return [];
    const { summary } = entry;
    const { model, end, exchange } = summary;
    // What was recorded is told of, also where what it used is not known.
    const spent = summary.spent ?? (exchange ? { usage: null, cost: null } : null);
    if (!spent) return [];
    return [
      {
        spanId: spanIdOf("call", sessionId, entry.id),
        start: entry.at,
        end: end ?? entry.at,
        timing: end === null ? "bounded" : "exact",
        kind: "compaction",
        model,
        ...spent,
        ...recordedOutput(summary),
        ...recordedWire(summary),
      },
    ];
  });
  const seen = new Map<string, number>();
  const others = turn.otherCalls.map((call, index): OtherCall => {
    const { kind, model, start, end, usage, cost, exchange } = call;
    const from = start ?? turn.at;
    const name = exchange ? recordedName(exchange, seen) : `other/${index}`;
    return {
      spanId: spanIdOf("call", sessionId, `${turn.id}/${name}`),
      start: from,
      end: Math.max(from, end ?? from),
      timing: start === null || end === null ? "bounded" : "exact",
      kind,
      model,
      usage,
      cost,
      ...recordedOutput(call),
      ...recordedWire(call),
    };
  });
  return [...summaries, ...others];
}

/**
 * By when it was sent: the same whatever else was recorded, by whatever name the recording goes, and masked or not.
 * @param seen how often each such name was given
 */
function recordedName({ sentAt }: WireExchange, seen: Map<string, number>): string {
  const name = `wire/${Math.round(sentAt)}`;
  const before = seen.get(name) ?? 0;
  seen.set(name, before + 1);
  return before === 0 ? name : `${name}/${before}`;
}

/** What opencode has counted and tells of nowhere; null where it counted nothing more, or does not say. */
function uncountedOf({ counted, turns }: Session, told: readonly OtherCall[]): Spent | null {
  if (!counted) return null;
  const calls = turns
    .filter(({ copied }) => !copied)
    .flatMap((turn) => answersOf(turn).flatMap(({ call }) => call ?? []));
  const answers = calls.map(({ recorded: { usage, cost } }): Spent => ({ usage, cost: cost > 0 ? cost : null }));
  const known = addSpent(answers.reduce(addSpent, NOTHING), spentOnOthers(told));
  const usage = usageBeyond(counted.usage, known.usage);
  const usd = (counted.cost ?? 0) - (known.cost ?? 0);
  const cost = usd > LEAST_USD ? Number(usd.toFixed(DECIMALS)) : null;
  return totalTokens(usage) === 0 && cost === null ? null : { usage, cost };
}

/** Sums of prices in another order differ by less. */
const LEAST_USD = 1e-9;
const DECIMALS = 12;

/** Where messages tell of more than was counted, as after a change of hands, nothing is left over. */
function usageBeyond(all: Usage, known: Usage): Usage {
  const over = (bucket: keyof Usage): number => Math.max(0, all[bucket] - known[bucket]);
  return {
    input: over("input"),
    output: over("output"),
    reasoning: over("reasoning"),
    cacheRead: over("cacheRead"),
    cacheWrite: over("cacheWrite"),
  };
}

function addSpent(a: Spent, b: Spent): Spent {
  return { usage: addUsage(a.usage, b.usage), cost: addCost(a.cost, b.cost) };
}

/** All other calls of a loop and of its subagents. */
export function otherCallsIn(loop: Loop): readonly OtherCall[] {
  return [...(loop.otherCalls ?? []), ...subagentsOfLoop(loop).flatMap(otherCallsIn)];
}

/** What they used and cost together, as far as it is known. */
export function spentOnOthers(calls: readonly OtherCall[]): Spent {
  return calls.map(({ usage, cost }): Spent => ({ usage: usage ?? NO_USAGE, cost })).reduce(addSpent, NOTHING);
}

function totalOf({ usage }: OtherCall): number {
  return usage ? totalTokens(usage) : 0;
}
