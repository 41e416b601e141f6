/** Recorded requests that are of no answer: so that none is lost they stand beside the answers of their turn. */
import { answerOf } from "../../wire/answer-of.js";
import type { WireExchange } from "../../wire/model.js";
import { parseRequest } from "../../wire/protocol/parse-request.js";
import type { Entry, OtherCall, Turn } from "./session.js";
import type { SessionWire, WireRequest } from "./session-wire.js";
import type { ModelFacts } from "./values.js";

/**
 * The turns with those of their session's recorded requests that no answer and no compaction has taken, each in the
 * turn in whose time it was sent. What was sent before all turns stands with the first: there the title is made.
 *
 * @param turns in their order
 */
export function withOtherRequests(turns: readonly Turn[], { requests, others }: SessionWire): readonly Turn[] {
  const taken = new Set(turns.flatMap((turn) => [...turn.context, ...turn.rest].flatMap(exchangesOf)));
  const left = [...requests, ...others]
    .filter(({ exchange }) => !taken.has(exchange.id))
    .sort((a, b) => a.exchange.sentAt - b.exchange.sentAt);
  if (left.length === 0) return turns;
  const own = turns.filter(({ copied, origin }) => !copied && origin !== "command");
  const homes = own.length > 0 ? own : turns;
  const byTurn = new Map<Turn, OtherCall[]>();
  const providerOf = providersByPlace(turns);
  for (const request of left) {
    const home = homes.findLast(({ at }) => at <= request.at) ?? homes[0];
    if (!home) continue;
    const call = otherCall(request, providerOf);
    const known = byTurn.get(home);
    if (known) known.push(call);
    else byTurn.set(home, [call]);
  }
  return turns.map((turn) => {
    const calls = byTurn.get(turn);
    return calls ? { ...turn, otherCalls: [...turn.otherCalls, ...calls] } : turn;
  });
}

function exchangesOf(entry: Entry): readonly string[] {
  if (entry.kind === "event") return entry.name === "compaction" ? idsOf([entry.summary ?? {}]) : [];
  return entry.kind === "answer" ? idsOf([entry.call ?? {}, ...entry.dead]) : [];
}

function idsOf(recorded: readonly { readonly exchange?: { readonly id: string } }[]): readonly string[] {
  return recorded.flatMap(({ exchange }) => (exchange ? [exchange.id] : []));
}

/** Which provider is asked at which address, by the calls of which both are known. */
function providersByPlace(turns: readonly Turn[]): (url: string) => string {
  const providers = new Map<string, string>();
  for (const entry of turns.flatMap(({ rest }) => rest)) {
    const call = entry.kind === "answer" ? entry.call : null;
    if (call?.exchange && call.model) providers.set(placeOf(call.exchange.url), call.model.providerId);
  }
  return (url) => providers.get(placeOf(url)) ?? "unknown";
}

function placeOf(url: string): string {
  return /^[a-z]+:\/\/[^/?#]+/i.exec(url)?.[0] ?? url;
}

function otherCall({ exchange, kind, at, endedAt }: WireRequest, providerOf: (url: string) => string): OtherCall {
  return {
    kind: kind === "answer" ? "unknown" : kind,
    model: modelOf(exchange, providerOf),
    usage: answerOf(exchange)?.usage ?? null,
    cost: null,
    start: at,
    end: Number.isFinite(endedAt) ? endedAt : null,
    exchange,
  };
}

/** As it was asked for; providers answer under longer names. */
function modelOf(exchange: WireExchange, providerOf: (url: string) => string): ModelFacts | null {
  const modelId = parseRequest(exchange)?.model ?? answerOf(exchange)?.model ?? null;
  return modelId === null ? null : { providerId: providerOf(exchange.url), modelId, variant: null };
}
