import { MASKING_RULES } from "../../masking/rules.js";
import { commonEnd, commonStart } from "../../text/in-common.js";
import { isMaskedByRules } from "../masking/masked-by-rules.js";
import type { WireBody, WireChunk, WireEvidence, WireExchange } from "../model.js";
import { parseExchangeId } from "./exchange-id.js";
import { RECORDING_VERSION, type WrittenLine } from "./recording-line.js";

/**
 * Writes what was sent as a recording: the inverse of `readRecording`. Each body is written as what differs from an
 * earlier one, so that the beginning that all requests of a session have in common stands there once. Where all is
 * masked by the rules of this looptrace, the recording says so.
 *
 * @param evidence exchanges in the order in which they were sent
 * @throws {TypeError} for an exchange whose id is of no recording
 */
export function writeRecording({ exchanges, tools = [], notes }: WireEvidence): string {
  const lines: string[] = [];
  const put = (line: WrittenLine): void => {
    lines.push(JSON.stringify(line));
  };
  const bases = new Map<string, Bases>();
  const rules = exchanges.every(isMaskedByRules) ? { masked: MASKING_RULES } : {};
  let open: string | undefined;
  for (const exchange of exchanges) {
    const named = parseExchangeId(exchange.id);
    if (!named) throw new TypeError(`${JSON.stringify(exchange.id)} is the id of no recorded request`);
    const { recording, n } = named;
    if (recording !== open) put({ t: "tap", v: RECORDING_VERSION, id: recording, ...rules });
    open = recording;
    const own = bases.get(recording) ?? new Bases();
    bases.set(recording, own);
    writeExchange(exchange, n, own, put);
  }
  if (open === undefined && tools.length + notes.length > 0) put({ t: "tap", v: RECORDING_VERSION });
  for (const { sessionId: session, callId: call, tool, start, end, traceparent } of tools)
    put({ t: "tool", session, call, tool, start, end, ...(traceparent === undefined ? {} : { traceparent }) });
  for (const text of notes) put({ t: "note", text });
  return lines.map((line) => `${line}\n`).join("");
}

function writeExchange(exchange: WireExchange, n: number, bases: Bases, put: (line: WrittenLine) => void): void {
  const { sessionId, parentSessionId, messageId, purpose, method, url, headers, traceparent, body, response, end } =
    exchange;
  put({
    ...{ t: "request", n, at: exchange.sentAt, method, url, headers },
    ...{ session: sessionId, parent: parentSessionId, message: messageId },
    ...(purpose === null ? {} : { purpose }),
    ...{ hash: body.hash, bytes: body.bytes },
    ...bases.compare(exchange, n),
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  if (response) {
    put({ t: "response", n, at: response.at, status: response.status, headers: response.headers });
    for (const chunks of partsOf(response.chunks)) put({ t: "part", n, ...chunks });
  }
  if (end.how !== "open" && end.at !== null)
    put({ t: "end", n, at: end.at, how: end.how, ...(end.error === null ? {} : { error: end.error }) });
}

type Delta = Pick<Extract<WrittenLine, { t: "request" }>, "base" | "prefix" | "suffix" | "middle">;

interface Base {
  readonly n: number;
  readonly text: string;
}

/** The bodies that later ones are compared with: the last one of each session, and of each provider. */
class Bases {
  readonly #last = new Map<string, Base>();

  compare({ sessionId, url, body }: WireExchange, n: number): Delta {
    const { text }: WireBody = body;
    if (text === null) return {};
    // A subagent's first request is like another subagent's. A title's is like no other of its session.
    const size = text.length < LARGE ? "small" : "large";
    const keys = [[sessionId, url, size], [sessionId, url], [url, size], [url]].map((key) => JSON.stringify(key));
    const bases = new Set(keys.flatMap((key) => this.#last.get(key) ?? []));
    let best: Delta = { base: null, prefix: 0, suffix: 0, middle: text };
    let least = text.length;
    for (const base of bases) {
      const prefix = commonStart(base.text, text);
      const suffix = commonEnd(base.text, text, Math.min(base.text.length, text.length) - prefix);
      const left = text.length - prefix - suffix;
      if (left >= least) continue;
      least = left;
      best = { base: base.n, prefix, suffix, middle: text.slice(prefix, text.length - suffix) };
    }
    const own = { n, text };
    for (const key of keys) this.#last.set(key, own);
    return best;
  }
}

/** A request with tools is longer, in UTF-16 units. */
const LARGE = 10_000;

interface PartOfResponse {
  readonly at: number;
  readonly chunks: [number, number, number][];
  text?: string;
}

/** More chunks in a line are hard to look at. */
const MOST_CHUNKS = 1_000;

/** Chunks as lines: as many in one as have their texts or not, and whose times come out again. */
function partsOf(chunks: readonly WireChunk[]): readonly PartOfResponse[] {
  const parts: PartOfResponse[] = [];
  let part: PartOfResponse | undefined;
  let texts: string[] = [];
  const close = (): void => {
    if (part && texts.length > 0) part.text = texts.join("");
    texts = [];
  };
  for (const { at, bytes, text } of chunks) {
    const after = part && distance(part.at, at);
    const goesOn = part && part.chunks.length < MOST_CHUNKS && texts.length > 0 === (text !== null);
    if (!part || after === undefined || !goesOn) {
      close();
      part = { at, chunks: [] };
      parts.push(part);
    }
    part.chunks.push([after !== undefined && goesOn ? after : 0, bytes, text?.length ?? 0]);
    if (text !== null) texts.push(text);
  }
  close();
  return parts;
}

/** The shortest number that leads from one time to the other; undefined where none does. */
function distance(from: number, to: number): number | undefined {
  const exact = to - from;
  return [1, 3, 4]
    .map((digits) => Number(exact.toFixed(digits)))
    .concat(exact)
    .find((after) => from + after === to);
}
