import { createHash } from "node:crypto";
import type { Call, Loop, LoopTrace, Retry, SegmentOwner, Step, Usage, WireFacts } from "../../src/trace/model.js";
import type { WireBody, WireEvidence, WireExchange } from "../../src/wire/model.js";
import type { Fixture } from "./fixtures.js";

/** A request that was recorded; its answer took 200 ms, with the first byte after 50. */
export function madeExchange(number: number, body: string, more: Partial<WireExchange> = {}): WireExchange {
  const sentAt = 1_764_385_200_000 + number * 1000;
  return {
    id: `made/${number}`,
    sessionId: "ses_made",
    parentSessionId: null,
    messageId: null,
    purpose: null,
    method: "POST",
    url: "https://api.example.com/v1/chat/completions",
    headers: { "content-type": "application/json" },
    sentAt,
    body: madeBody(body),
    response: {
      status: 200,
      headers: { "x-request-id": `req_${number}` },
      at: sentAt + 40,
      bytes: 13,
      chunks: [{ at: sentAt + 50, text: "data: [DONE]\n", bytes: 13 }],
    },
    end: { how: "complete", at: sentAt + 200, error: null },
    ...more,
  };
}

export function madeBody(text: string): WireBody {
  return { text, bytes: Buffer.byteLength(text), hash: hashOf(text) };
}

export function madeEvidence(...exchanges: readonly WireExchange[]): WireEvidence {
  return { exchanges, notes: [] };
}

/** A part of a request: whose it is, what it says, and the tokens that are reckoned to it. */
export interface MadeSegment {
  readonly owner: SegmentOwner;
  readonly text: string;
  readonly tokens: number;
}

/** What the wire tells of a call. */
export interface MadeCall {
  readonly segments: readonly MadeSegment[];
  readonly exchange?: WireExchange;
  readonly usage?: Usage;
  readonly cost?: number | null;
  readonly tokensError?: number | null;
}

/**
 * A trace as it is where opencode's requests were recorded: its calls, in their order through the turn and its
 * subagents' turns, are told what they were made of.
 */
export function withMadeWire(trace: LoopTrace, calls: readonly MadeCall[]): LoopTrace {
  const known = new Map<string, number>();
  const segments: { owner: SegmentOwner; hash: string; bytes: number }[] = [];
  const placeOf = ({ owner, text }: MadeSegment): number => {
    const hash = hashOf(text);
    const key = `${JSON.stringify(owner)} ${hash}`;
    const place = known.get(key) ?? segments.push({ owner, hash, bytes: Buffer.byteLength(text) }) - 1;
    known.set(key, place);
    return place;
  };
  let next = 0;
  const told = (call: Call): Call => {
    const made = calls[next];
    next += 1;
    if (!made) return call;
    const exchange = made.exchange ?? madeExchange(next - 1, made.segments.map(({ text }) => text).join(""));
    const request = {
      hash: exchange.body.hash,
      systemHash: null,
      toolsHash: null,
      segments: made.segments.map((segment) => [placeOf(segment), segment.tokens] as const),
      tokensError: made.tokensError ?? 0,
    };
    const { usage = call.usage, cost = call.cost } = made;
    return { ...call, usage, cost, wire: { ...factsOf(exchange), request } };
  };
  const inStep = (step: Step): Step => ({
    ...step,
    call: step.call && told(step.call),
    tools: step.tools.map((tool) => ({ ...tool, loops: tool.loops.map(inLoop) })),
  });
  const inLoop = (loop: Loop): Loop => ({ ...loop, steps: loop.steps.map(inStep) });
  return { ...trace, loop: inLoop(trace.loop), wire: { segments, texts: {}, notes: [] } };
}

/** The texts of their segments, by hash. */
export function madeTexts(calls: readonly MadeCall[]): (hash: string) => string | undefined {
  const texts = new Map(calls.flatMap(({ segments }) => segments.map(({ text }) => [hashOf(text), text] as const)));
  return (hash) => texts.get(hash);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What the wire tells of a request of which only the exchange is known. */
export function factsOf({ id, response, sentAt, end, body }: WireExchange): WireFacts {
  return {
    exchangeId: id,
    status: response?.status ?? null,
    requestId: response?.headers["x-request-id"] ?? null,
    headers: response?.headers ?? {},
    sentAt,
    headersAt: response?.at ?? null,
    firstByteAt: response?.chunks[0]?.at ?? null,
    firstContentAt: null,
    endAt: end.at,
    requestBytes: body.bytes,
    responseBytes: response?.bytes ?? 0,
    request: null,
  };
}

/** A dead attempt that was recorded. */
export function madeRetry(exchange: WireExchange): Retry {
  return {
    spanId: "00000000000000aa",
    start: exchange.sentAt,
    end: exchange.end.at ?? exchange.sentAt,
    timing: "exact",
    attempt: 0,
    error: null,
    output: { thinking: null, text: null, toolCalls: [] },
    wire: factsOf(exchange),
  };
}

/**
 * The recording of a fixture's session: its requests when the provider had them, with bodies made by hand that grow
 * from call to call.
 *
 * @param said what the person's message says
 */
export function madeRecording({ provider }: Fixture, said = "Fix it."): WireEvidence {
  let calls = 0;
  const exchanges = provider.map(({ received, title, model, sessionId, firstChunk, lastChunk, status }, n) => {
    const results = Array.from({ length: title ? 0 : calls }, (_, index) => [
      { role: "assistant", content: `Step ${index}.`, tool_calls: [toolCall(index)] },
      { role: "tool", tool_call_id: `call_${index}`, content: `line ${index}\n`.repeat(20) },
    ]).flat();
    if (!title) calls += 1;
    const body = JSON.stringify({
      model,
      max_tokens: 1000,
      messages: [{ role: "system", content: SYSTEM }, { role: "user", content: said }, ...results],
      tools: title ? [] : [TOOL, { ...TOOL, function: { ...TOOL.function, name: "jira_get" } }],
    });
    const endAt = lastChunk ?? received + 10;
    return madeExchange(n, body, {
      ...{ id: `made-1:${n}`, sessionId, purpose: title ? "title" : null, sentAt: received },
      response: {
        ...{ status: status ?? 200, headers: { "x-request-id": `req_${n}` }, at: firstChunk ?? received, bytes: 6 },
        chunks: [{ at: firstChunk ?? received, text: ANSWER, bytes: ANSWER.length }],
      },
      end: { how: "complete", at: endAt, error: null },
    });
  });
  return madeEvidence(...exchanges);
}

const SYSTEM = "You are opencode, an interactive CLI tool.\nInstructions from: /repo/AGENTS.md\nBe brief.";
const ANSWER = 'data: {"choices":[{"delta":{"content":"I look."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
const TOOL = {
  type: "function",
  function: { name: "bash", description: "Executes a command.", parameters: { type: "object", properties: {} } },
};

function toolCall(index: number) {
  return { id: `call_${index}`, type: "function", function: { name: "bash", arguments: `{"command":"ls ${index}"}` } };
}
