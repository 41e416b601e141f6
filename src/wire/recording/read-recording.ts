import { hash as hashOf } from "node:crypto";
import { MASKING_RULES } from "../../masking/rules.js";
import { markMasked } from "../masking/masked-by-rules.js";
import type { WireBody, WireChunk, WireEnd, WireEvidence, WireExchange, WireResponse, WireTool } from "../model.js";
import { exchangeId, isRecordingName, recordingName } from "./exchange-id.js";
import { KeptBodies, type KeptText } from "./kept-bodies.js";
import { parseLine, RECORDING_VERSION, type RecordingLine } from "./recording-line.js";

/** How a recording is read. */
export interface ReadingOptions {
  readonly limits?: RecordingLimits | undefined;
  /** Whether looptrace has written it, so that what it says of its masking is true. */
  readonly isKept?: boolean | undefined;
}

/** Bounds for what a recording may ask for. */
export interface RecordingLimits {
  /** How long one body may be, and all of them together, in UTF-16 units. */
  readonly body: number;
  readonly bodies: number;
  /** How many requests are read. */
  readonly exchanges: number;
}

/** A long session's: 500 requests of a megabyte. Bodies are made of each other, so a short file can ask for any size. */
const LIMITS: RecordingLimits = { body: 64 * 1024 * 1024, bodies: 512 * 1024 * 1024, exchanges: 200_000 };

/**
 * Reads a recording of what opencode sent, as the tap wrote it or looptrace kept it: puts the bodies together again and
 * holds each to its hash. Several recordings may stand in one text. Never throws: what cannot be read is told in notes.
 *
 * @param name the recording's, where it does not say it itself; also for notes
 */
export function readRecording(
  text: string,
  name: string,
  { limits = LIMITS, isKept = false }: ReadingOptions = {},
): WireEvidence {
  const reader = new Reader(name, limits, isKept);
  for (let from = 0; from < text.length; ) {
    const next = text.indexOf("\n", from);
    const to = next < 0 ? text.length : next;
    const line = text.slice(from, to);
    // A kill cuts the last line short.
    if (line.trim() !== "") reader.take(parseLine(line), next < 0);
    from = to + 1;
  }
  return reader.evidence();
}

type LineOf<K extends RecordingLine["t"]> = Extract<RecordingLine, { readonly t: K }>;

interface Draft {
  readonly request: LineOf<"request">;
  readonly id: string;
  readonly text: KeptText | null;
  readonly body: WireBody;
  readonly isMasked: boolean;
  response?: LineOf<"response">;
  chunks?: WireChunk[];
  end?: WireEnd;
}

/** What can be wrong, as it is said of a recording: how many of what. */
const FAULTS = {
  broken: "lines that cannot be read",
  unknown: "lines of a kind that this looptrace does not know",
  newer: "lines of a newer version of the format",
  stray: "lines that belong to no request that is there",
  twice: "requests with the number of an earlier one",
  body: "requests with bodies that could not be put together again",
  tooLarge: "requests with bodies that are larger in all than is read",
  tooMany: "requests beyond those that are read",
} as const;

/** More are hardly read by anyone. */
const MOST_NOTES = 50;

class Reader {
  readonly #name: string;
  readonly #limits: RecordingLimits;
  readonly #isKept: boolean;
  readonly #drafts: Draft[] = [];
  readonly #tools = new Map<string, WireTool>();
  readonly #notes = new Set<string>();
  readonly #faults = new Map<keyof typeof FAULTS, number>();
  readonly #recordings = new Map<string, Map<number, Draft>>();
  readonly #bodies = new KeptBodies();
  /** The requests of the recording whose lines are read; undefined where its version is not known. */
  #requests: Map<number, Draft> | undefined;
  #recording: string;
  #isMasked = false;
  #units = 0;

  constructor(name: string, limits: RecordingLimits, isKept: boolean) {
    this.#name = name;
    this.#limits = limits;
    this.#isKept = isKept;
    this.#recording = recordingName(name);
    this.#requests = this.#requestsOf(this.#recording);
  }

  take(line: RecordingLine | "unknown" | "broken", isCut: boolean): void {
    if (line === "broken") {
      if (!isCut) this.#fault(line);
    } else if (line === "unknown") this.#fault(line);
    else if (line.t === "tap") this.#tap(line);
    else if (!this.#requests) this.#fault("newer");
    else this.#add(line, this.#requests);
  }

  evidence(): WireEvidence {
    const exchanges = this.#drafts.map(exchangeOf).sort((a, b) => a.sentAt - b.sentAt);
    const faults = [...this.#faults].map(
      ([fault, count]) => `The recording ${this.#name} has ${FAULTS[fault]}: ${count}.`,
    );
    const tools = [...this.#tools.values()].sort((a, b) => a.start - b.start);
    return {
      exchanges,
      ...(tools.length === 0 ? {} : { tools }),
      notes: [...new Set([...this.#notes, ...faults])],
    };
  }

  #tap({ v, id, masked }: LineOf<"tap">): void {
    this.#isMasked = this.#isKept && masked === MASKING_RULES;
    this.#recording = id !== undefined && isRecordingName(id) ? id : recordingName(this.#name);
    this.#requests = v <= RECORDING_VERSION ? this.#requestsOf(this.#recording) : undefined;
  }

  #add(line: Exclude<RecordingLine, LineOf<"tap">>, requests: Map<number, Draft>): void {
    if (line.t === "request") this.#request(line, requests);
    else if (line.t === "tool") this.#tool(line);
    else if (line.t === "lost") this.#note(`The recording ${this.#name} is not whole: ${line.why.slice(0, 500)}`);
    else if (line.t === "note") this.#note(line.text.slice(0, 1_000));
    else this.#answer(line, requests.get(line.n));
  }

  #request(request: LineOf<"request">, requests: Map<number, Draft>): void {
    if (requests.has(request.n)) this.#fault("twice");
    else if (this.#drafts.length >= this.#limits.exchanges) this.#fault("tooMany");
    else {
      const { hash, bytes } = request;
      const text = this.#textOf(request, requests);
      const body = text ? this.#bodies.bodyOf(text, { bytes, hash }) : { text, bytes, hash };
      const id = exchangeId(this.#recording, request.n);
      const draft = { request, id, text, body, isMasked: this.#isMasked };
      requests.set(request.n, draft);
      this.#drafts.push(draft);
    }
  }

  /** null: it was not recorded, or does not come out as it was. */
  #textOf(line: LineOf<"request">, requests: ReadonlyMap<number, Draft>): KeptText | null {
    const { base: named, prefix, suffix, middle, hash } = line;
    if (middle === undefined) return null;
    const base = named === null ? null : requests.get(named)?.text;
    if (base === undefined || (named !== null && base === null) || prefix + suffix > (base?.length ?? 0)) {
      this.#fault("body");
      return null;
    }
    const units = prefix + middle.length + suffix;
    if (units > this.#limits.body || this.#units + units > this.#limits.bodies) {
      this.#fault("tooLarge");
      return null;
    }
    this.#units += units;
    const text = this.#bodies.add({ base, prefix, suffix, middle });
    if (hashOf("sha256", this.#bodies.textOf(text), "hex") === hash) return text;
    this.#fault("body");
    return null;
  }

  #answer(line: LineOf<"response"> | LineOf<"part"> | LineOf<"end">, draft: Draft | undefined): void {
    if (!draft || draft.end) this.#fault("stray");
    else if (line.t === "end") draft.end = { how: line.how, at: line.at, error: line.error ?? null };
    else if (line.t === "response" && !draft.response) {
      draft.response = line;
      draft.chunks = [];
    } else if (line.t === "part" && draft.chunks) addChunks(draft.chunks, line);
    else this.#fault("stray");
  }

  #tool({ session, call, tool, start, end, traceparent }: LineOf<"tool">): void {
    // One that is told when it begins is told again when it ends.
    const key = JSON.stringify([session, call, start, traceparent]);
    const carried = traceparent === undefined ? {} : { traceparent };
    if (this.#tools.get(key)?.end == null)
      this.#tools.set(key, { sessionId: session, callId: call, tool, start, end, ...carried });
  }

  #note(note: string): void {
    if (this.#notes.size < MOST_NOTES) this.#notes.add(note);
  }

  #fault(fault: keyof typeof FAULTS): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
  }

  #requestsOf(recording: string): Map<number, Draft> {
    const requests = this.#recordings.get(recording) ?? new Map<number, Draft>();
    this.#recordings.set(recording, requests);
    return requests;
  }
}

/** Adds the chunks of a line, those of one moment as one. */
function addChunks(chunks: WireChunk[], { at, chunks: told, text }: LineOf<"part">): void {
  let from = 0;
  for (const [index, [after, bytes, units]] of told.entries()) {
    // What the lengths do not account for belongs to the last one.
    const to = index === told.length - 1 ? text?.length : from + units;
    const chunk = { at: at + after, bytes, text: text === undefined ? null : text.slice(from, to) };
    from += units;
    const last = chunks.at(-1);
    if (last?.at !== chunk.at || (last.text === null) !== (chunk.text === null)) chunks.push(chunk);
    else {
      const joined = last.text === null || chunk.text === null ? null : last.text + chunk.text;
      chunks[chunks.length - 1] = { at: chunk.at, text: joined, bytes: last.bytes + bytes };
    }
  }
}

function exchangeOf({ request, id, body, isMasked, response, chunks = [], end }: Draft): WireExchange {
  const { session, parent, message, purpose, method, url, headers, at, traceparent } = request;
  const exchange = {
    id,
    sessionId: session,
    parentSessionId: parent,
    messageId: message,
    purpose,
    method,
    url,
    headers,
    ...(traceparent === undefined ? {} : { traceparent }),
    sentAt: at,
    body,
    response: response ? responseOf(response, chunks) : null,
    end: end ?? ({ how: "open", at: null, error: null } as const),
  };
  if (isMasked) markMasked(exchange);
  return exchange;
}

function responseOf({ status, headers, at }: LineOf<"response">, chunks: readonly WireChunk[]): WireResponse {
  return { status, headers, at, bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0), chunks };
}
