/** What the requests of a trace are made of, and what the wire lacks of it. */
import { hash } from "node:crypto";
import { once, withLazy } from "../text/lazy.js";
import { ownText } from "../text/own-text.js";
import type { WireEvidence, WireExchange } from "../wire/model.js";
import { RequestReader } from "../wire/protocol/parse-request.js";
import type { ParsedRequest, RequestMessage } from "../wire/protocol/parsed-request.js";
import type { Segment } from "../wire/segment.js";
import { type AnswerTokens, calibrate } from "../wire/segments/calibrate.js";
import type { OwnerFacts } from "../wire/segments/owner-facts.js";
import { segmentsOfRequest } from "../wire/segments/segments-of.js";
import { withCarriedTools } from "./carried-tools.js";
import type { Call, Loop, LoopTrace, OtherCall, Retry, Step, Usage } from "./model.js";
import { sentMessage, sentSystem } from "./sent-messages.js";
import { subagentsOfLoop } from "./totals.js";
import { promptTokens, sureUsageOf, totalTokens } from "./usage.js";
import type { RequestFacts, SegmentFacts, SentMessage, WireFacts, WireTables } from "./wire-facts.js";

/** What is known of a session beside its requests, to say whose their parts are. */
export function ownerFacts(mcpServers: readonly string[] | undefined, agent: string | null): OwnerFacts {
  return { mcpServers: mcpServers && mcpServers.length > 0 ? mcpServers : null, agent };
}

/** The hash by which a segment's text is named in a trace: SHA-256, hexadecimal. */
export function segmentHash(text: string): string {
  return hash("sha256", text, "hex");
}

/**
 * A trace with what its requests are made of; as it is where none of its requests was recorded, but for why.
 *
 * To cut requests and to reckon their tokens takes as long as all else of a trace, and few ask for it: that is done
 * when a field that tells of it is read first. The trace is plain data all the same, whoever reads it.
 *
 * @param fullInput with all messages of each request
 */
export function withWireTables(
  trace: LoopTrace,
  wire: WireEvidence,
  mcpServers: readonly string[] | undefined,
  fullInput = false,
): LoopTrace {
  const recorded = recordedIn(trace.loop);
  if (recorded.length === 0)
    return wire.notes.length === 0 ? trace : { ...trace, wire: { segments: [], texts: {}, notes: wire.notes } };
  const exchanges = new Map(wire.exchanges.map((exchange) => [exchange.id, exchange]));
  const notes = [...wire.notes, ...gaps(trace.loop), ...nameless(recorded, exchanges)];
  const reckoned = once(() => reckon(recorded, exchanges, mcpServers, fullInput));
  const tables = once((): WireTables => ({ ...reckoned().tables, notes }));
  const requests = withRequests(trace.loop, (exchangeId) => reckoned().facts.get(exchangeId) ?? null, trace.traceId);
  const loop = withCarriedTools(requests, wire.tools ?? [], trace.traceId);
  return withLazy({ ...trace, loop }, "wire", tables);
}

/** Of each request what it is made of, and what they share. */
function reckon(
  recorded: readonly Recorded[],
  exchanges: ReadonlyMap<string, WireExchange>,
  mcpServers: readonly string[] | undefined,
  fullInput: boolean,
): { readonly facts: ReadonlyMap<string, RequestFacts>; readonly tables: Omit<WireTables, "notes"> } {
  const tables = new Tables(fullInput);
  const facts = new Map<string, RequestFacts>();
  for (const group of bySessionAndModel(recorded)) {
    const reader = new RequestReader();
    const cut = group.flatMap((one) => tables.cut(one, exchanges.get(one.exchangeId), reader, mcpServers));
    const reckoned = calibrate(cut);
    cut.forEach((one, index) => {
      const { tokens = [], error = null } = reckoned[index] ?? {};
      facts.set(one.exchangeId, tables.add(one, tokens, error));
    });
  }
  return { facts, tables: tables.whole() };
}

/** A request of a trace that was recorded. */
interface Recorded {
  readonly exchangeId: string;
  readonly sessionId: string;
  readonly model: string;
  readonly agent: string | null;
  /** null: the provider did not tell of its tokens. */
  readonly promptTokens: number | null;
  /** What the provider counted of its answer; absent where that is not sure. */
  readonly answer?: AnswerTokens;
}

function recordedIn(loop: Loop): readonly Recorded[] {
  const { sessionId } = loop;
  const of = (
    { wire }: { readonly wire?: WireFacts },
    about: Omit<Recorded, "exchangeId" | "sessionId">,
  ): readonly Recorded[] => (wire ? [{ exchangeId: wire.exchangeId, sessionId, ...about }] : []);
  const steps = loop.steps.flatMap(({ call, retries, agent }) => {
    const about = { model: call?.model?.modelId ?? "", agent, promptTokens: null };
    const dead = retries.flatMap((retry) => of(retry, about));
    if (!call) return dead;
    const written = sureUsageOf("output", call);
    const answer = written && { thinking: written.reasoning, said: written.output };
    const prompt = read(sureUsageOf("prompt", call));
    return [...dead, ...of(call, { ...about, promptTokens: prompt, ...(answer ? { answer } : {}) })];
  });
  const others = (loop.otherCalls ?? []).flatMap((call) => {
    const known = call.usage && totalTokens(call.usage) > 0 ? call.usage : null;
    return of(call, { model: call.model?.modelId ?? "", agent: null, promptTokens: read(known) });
  });
  return [...steps, ...others, ...subagentsOfLoop(loop).flatMap(recordedIn)];
}

function read(usage: Usage | null): number | null {
  return usage && promptTokens(usage);
}

/** A request's parts, and nothing that keeps its body in memory. */
interface Cut extends Recorded {
  readonly facts: Omit<RequestFacts, "segments" | "tokensError">;
  readonly segments: readonly Segment[];
}

/** A model counts its tokens in its own way; and what grows from call to call grows within a session. */
function bySessionAndModel(recorded: readonly Recorded[]): Iterable<readonly Recorded[]> {
  const groups = new Map<string, Recorded[]>();
  for (const one of recorded) {
    const key = `${one.sessionId} ${one.model}`;
    const known = groups.get(key);
    if (known) known.push(one);
    else groups.set(key, [one]);
  }
  return groups.values();
}

class Tables {
  readonly #segments: SegmentFacts[] = [];
  readonly #places = new Map<string, number>();
  readonly #placed = new WeakMap<Segment, number>();
  /** Of each segment the pair with which it stands in the request before. */
  readonly #pairs: (readonly [segment: number, tokens: number])[] = [];
  readonly #texts = new Map<string, string>();
  readonly #messages: Map<string, SentMessage> | undefined;
  readonly #named = new WeakMap<RequestMessage, readonly string[]>();

  constructor(fullInput: boolean) {
    this.#messages = fullInput ? new Map() : undefined;
  }

  cut(
    recorded: Recorded,
    exchange: WireExchange | undefined,
    reader: RequestReader,
    mcpServers: readonly string[] | undefined,
  ): readonly Cut[] {
    const request = exchange && reader.read(exchange);
    if (!request) return [];
    const { system, tools } = request;
    const systemText = system.map(({ text }) => text).join("\n\n");
    const toolsText = `[${tools.map(({ from, to }) => request.body.slice(from, to)).join(",")}]`;
    const facts = {
      hash: exchange.body.hash,
      systemHash: system.length === 0 ? null : this.#text(systemText),
      toolsHash: tools.length === 0 ? null : this.#text(toolsText),
      ...(this.#messages ? { messages: this.#messagesOf(request) } : {}),
    };
    const segments = segmentsOfRequest(request, ownerFacts(mcpServers, recorded.agent));
    // What stands between the segments is no text for the model.
    return [
      { ...recorded, facts, segments: segments.filter(({ owner, text }) => owner.kind !== "rest" || text !== "") },
    ];
  }

  add({ facts, segments }: Cut, tokens: readonly number[], error: number | null): RequestFacts {
    const { messages, ...hashes } = facts;
    return {
      ...hashes,
      segments: segments.map((segment, index) => this.#pair(this.#place(segment), tokens[index] ?? 0)),
      tokensError: error,
      ...(messages ? { messages } : {}),
    };
  }

  whole(): Omit<WireTables, "notes"> {
    return {
      segments: this.#segments,
      texts: Object.fromEntries(this.#texts),
      ...(this.#messages ? { messages: Object.fromEntries(this.#messages) } : {}),
    };
  }

  #messagesOf(request: ParsedRequest): readonly string[] {
    const named = request.messages.map((message) => {
      const known = this.#named.get(message) ?? sentMessage(message).map((one) => this.#message(one));
      this.#named.set(message, known);
      return known;
    });
    return [...sentSystem(request).map((one) => this.#message(one)), ...named.flat()];
  }

  #message(message: SentMessage): string {
    const name = segmentHash(JSON.stringify(message));
    if (this.#messages?.has(name) === false) this.#messages.set(name, message);
    return name;
  }

  #text(text: string): string {
    const name = segmentHash(text);
    // What is cut from a body would keep that in memory.
    if (!this.#texts.has(name)) this.#texts.set(name, ownText(text));
    return name;
  }

  /** Most requests have most segments of the one before, with the same tokens. */
  #pair(place: number, tokens: number): readonly [segment: number, tokens: number] {
    const known = this.#pairs[place];
    if (known?.[1] === tokens) return known;
    const pair = [place, tokens] as const;
    this.#pairs[place] = pair;
    return pair;
  }

  #place(segment: Segment): number {
    const place = this.#placed.get(segment) ?? this.#placeOf(segment);
    this.#placed.set(segment, place);
    return place;
  }

  #placeOf({ owner, text }: Segment): number {
    const name = segmentHash(text);
    const key = `${name} ${JSON.stringify(owner)}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.#segments.length);
    this.#segments.push({ owner, hash: name, bytes: Buffer.byteLength(text) });
    return this.#segments.length - 1;
  }
}

/**
 * The loop with what its requests are made of. A request that carried the trace's id told the provider which span it
 * would be: its own spans hang below that one.
 */
function withRequests(loop: Loop, requestOf: (exchangeId: string) => RequestFacts | null, traceId: string): Loop {
  const of = <T extends Call | Retry | OtherCall>(one: T): T => {
    const { wire } = one;
    if (!wire) return one;
    const [, carried, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(wire.traceparent ?? "") ?? [];
    return {
      ...one,
      ...(spanId !== undefined && carried === traceId ? { spanId } : {}),
      wire: withLazy(wire, "request", () => requestOf(wire.exchangeId)),
    };
  };
  const inLoops = (loops: readonly Loop[]): readonly Loop[] =>
    loops.map((below) => withRequests(below, requestOf, traceId));
  const inStep = (step: Step): Step => ({
    ...step,
    call: step.call && of(step.call),
    retries: step.retries.map(of),
    tools: step.tools.map((tool) => (tool.loops.length === 0 ? tool : { ...tool, loops: inLoops(tool.loops) })),
    loops: inLoops(step.loops),
  });
  return {
    ...loop,
    steps: loop.steps.map(inStep),
    ...(loop.otherCalls ? { otherCalls: loop.otherCalls.map(of) } : {}),
    loops: inLoops(loop.loops),
  };
}

/** What was not recorded of a loop and those below it. */
function gaps(loop: Loop): readonly string[] {
  const calls = callsOf(loop);
  const lacking = calls.filter(({ wire }) => !wire).length;
  if (lacking === 0) return [];
  return [
    lacking === 1
      ? `The request of 1 of ${calls.length} calls was not recorded; what is said of it is opencode's.`
      : `The requests of ${lacking} of ${calls.length} calls were not recorded; what is said of them is opencode's.`,
  ];
}

function callsOf(loop: Loop): readonly Call[] {
  return [...loop.steps.flatMap(({ call }) => call ?? []), ...subagentsOfLoop(loop).flatMap(callsOf)];
}

/** Requests that stand beside the answers since nothing tells whose they are. */
function nameless(recorded: readonly Recorded[], exchanges: ReadonlyMap<string, WireExchange>): readonly string[] {
  const ofOthers = recorded.flatMap(({ exchangeId, sessionId }) => {
    const named = exchanges.get(exchangeId)?.sessionId;
    return named === sessionId ? [] : [named ?? null];
  });
  const unnamed = ofOthers.filter((named) => named === null).length;
  const missing = [...new Set(ofOthers.filter((named) => named !== null))];
  return [
    ...(unnamed > 0 ? [`${unnamed} recorded request(s) name no session; they stand beside the calls.`] : []),
    ...missing.map((id) => `The requests of subagent ${id}, which is not in the input, stand beside the calls.`),
  ];
}
