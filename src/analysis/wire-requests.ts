import { commonEnd, commonStart } from "../text/in-common.js";
import type { Call, Loop, LoopTrace, OtherCall, Usage, WireFacts } from "../trace/model.js";
import { sureUsageOf } from "../trace/usage.js";
import type { WireExchange } from "../wire/model.js";
import { loopsIn } from "./loop-parts.js";
import { placedSteps } from "./step-path.js";

/** A request to a model's provider, with what the session tells of it; plain data, as `--json` prints it. Times: ms. */
export interface WireRequest {
  /** From 0 among the requests of the session and of its subagents, in the order in which they were sent. */
  readonly number: number;
  /** Unique among all requests that were recorded. */
  readonly exchangeId: string;
  /** The session that its headers name. */
  readonly sessionId: string | null;
  /** The subagent that sent it; null for the session's own requests. */
  readonly agent: string | null;
  /** `call`: a step's; `compaction`: a step's or another's that sums up; `unknown`: nothing in the session belongs to it. */
  readonly kind: "call" | "retry" | "title" | "compaction" | "generate" | "unknown";
  /** `llm-call-3`, `retry 0 of step 2`, or the kind. */
  readonly name: string;
  /** The turn that it belongs to, from 0, and the step's way in it, for `looptrace show --step`. */
  readonly turn: number | null;
  readonly step: string | null;
  readonly spanId: string | null;
  readonly model: string | null;
  readonly method: string;
  readonly url: string;
  /** Since the epoch. */
  readonly sentAt: number;
  /** null: no answer came. */
  readonly status: number | null;
  /** Of the body, in UTF-8. */
  readonly requestBytes: number;
  /**
   * Of those, what the session's request before it to the same address and model did not hold in that place; null: no
   * body was recorded.
   */
  readonly newBytes: number | null;
  readonly responseBytes: number | null;
  /** As the session tells it; null where it does not. */
  readonly promptTokens: number | null;
  readonly cachedTokens: number | null;
  /** Those of the prompt that were written to the cache. */
  readonly cacheWriteTokens: number | null;
  readonly outputTokens: number | null;
  /** USD. */
  readonly cost: number | null;
  /** From the request to the first byte of the answer's body. */
  readonly firstByteMs: number | null;
  /** To the answer's end, well or badly. */
  readonly durationMs: number | null;
  /** The provider's id, for its support. */
  readonly requestId: string | null;
  readonly end: WireExchange["end"]["how"];
  /** What opencode was told of a failure. */
  readonly error: string | null;
}

/** What the session tells of a request. */
interface Told {
  readonly kind: WireRequest["kind"];
  readonly name: string;
  readonly agent: string | null;
  readonly turn: number;
  readonly step: string | null;
  readonly spanId: string;
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly cost: number | null;
  readonly wire: WireFacts;
}

/**
 * The requests of a session in the order in which they were sent.
 *
 * @param traces those of the session, for what each request was for
 */
export function wireRequests(exchanges: readonly WireExchange[], traces: readonly LoopTrace[]): readonly WireRequest[] {
  const told = new Map(traces.flatMap(toldIn).map((one) => [one.wire.exchangeId, one]));
  const before = new Map<string, string>();
  return exchanges.map((exchange, number): WireRequest => {
    const { id, sessionId, url, method, body, sentAt, response, end } = exchange;
    const one = told.get(id);
    // Put together anew each time.
    const { text } = body;
    const asked = modelIn(text);
    const place = `${sessionId} ${url} ${asked}`;
    const last = before.get(place);
    if (text !== null) before.set(place, text);
    const kind = one?.kind ?? kindOf(exchange);
    const firstByteAt = one?.wire.firstByteAt ?? response?.chunks[0]?.at ?? null;
    const endAt = one?.wire.endAt ?? end.at;
    return {
      number,
      exchangeId: id,
      sessionId,
      agent: one?.agent ?? null,
      kind,
      name: one?.name ?? kind,
      turn: one?.turn ?? null,
      step: one?.step ?? null,
      spanId: one?.spanId ?? null,
      model: one?.model ?? asked,
      method,
      url,
      sentAt,
      status: response?.status ?? null,
      requestBytes: body.bytes,
      newBytes: text === null ? null : newBytesOf(last ?? "", text),
      responseBytes: response?.bytes ?? null,
      promptTokens: one?.usage ? one.usage.input + one.usage.cacheRead + one.usage.cacheWrite : null,
      cachedTokens: one?.usage?.cacheRead ?? null,
      cacheWriteTokens: one?.usage?.cacheWrite ?? null,
      outputTokens: one?.usage ? one.usage.output + one.usage.reasoning : null,
      cost: one?.cost ?? null,
      firstByteMs: firstByteAt === null ? null : Math.max(0, firstByteAt - sentAt),
      durationMs: endAt === null ? null : Math.max(0, endAt - sentAt),
      requestId: one?.wire.requestId ?? null,
      end: end.how,
      error: end.error,
    };
  });
}

/** What a request was for: a subagent's with its agent, in a session of several turns with its turn. Not cleaned. */
export function callLabel({ name, agent, turn, kind }: WireRequest): string {
  const whose = agent === null ? "" : `${agent} `;
  const which = turn !== null && turn > 0 && kind !== "title" ? `turn ${turn + 1} ` : "";
  const what = kind === "compaction" && name !== kind ? `${name} (${kind})` : name;
  return `${which}${whose}${what === "unknown" ? "not in the session" : what}`;
}

function kindOf({ purpose }: WireExchange): WireRequest["kind"] {
  return purpose === null || purpose === "primary" ? "unknown" : purpose;
}

function toldIn({ loop, session }: LoopTrace): readonly Told[] {
  const { turn } = session;
  const agentOf = (one: Loop): string | null => (one === loop ? null : (one.agent ?? "subagent"));
  const ofSteps = placedSteps(loop).flatMap(({ path, loop: own, step }): Told[] => {
    const at = { agent: agentOf(own), turn, step: path };
    const kind = step.kind === "compaction" ? step.kind : "call";
    const calls = step.call?.wire ? [{ ...toldOfCall(step.call, step.call.wire, at), kind } as const] : [];
    const retries = step.retries.flatMap(({ wire, attempt, spanId }): Told[] =>
      wire
        ? [
            {
              ...at,
              kind: "retry",
              name: `retry ${attempt} of step ${step.index}`,
              spanId,
              model: step.call?.model?.modelId ?? null,
              usage: null,
              cost: null,
              wire,
            },
          ]
        : [],
    );
    return [...retries, ...calls];
  });
  const others = loopsIn(loop).flatMap((own) =>
    (own.otherCalls ?? []).flatMap((call) => (call.wire ? [toldOfOther(call, call.wire, agentOf(own), turn)] : [])),
  );
  return [...ofSteps, ...others];
}

function toldOfCall(call: Call, wire: WireFacts, at: Pick<Told, "agent" | "turn" | "step">): Told {
  const { index, spanId, model, cost } = call;
  const name = `llm-call-${index}`;
  return {
    ...at,
    kind: "call",
    name,
    spanId,
    model: model?.modelId ?? null,
    usage: sureUsageOf("prompt", call),
    cost,
    wire,
  };
}

function toldOfOther(
  { kind, spanId, model, usage, cost }: OtherCall,
  wire: WireFacts,
  agent: string | null,
  turn: number,
): Told {
  return { kind, name: kind, agent, turn, step: null, spanId, model: model?.modelId ?? null, usage, cost, wire };
}

/** What a body names as the model; of most protocols it stands in a field of that name. */
function modelIn(text: string | null): string | null {
  return /"model":"([^"\\]{1,200})"/.exec(text?.slice(0, 2000) ?? "")?.[1] ?? null;
}

/** How much of a body the one before it did not hold, where both begin and end alike. */
function newBytesOf(before: string, text: string): number {
  const from = commonStart(before, text);
  const same = commonEnd(before, text, Math.min(before.length, text.length) - from);
  return Buffer.byteLength(text.slice(from, text.length - same));
}
