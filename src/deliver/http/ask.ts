import { promisify } from "node:util";
import { gzip, type ZlibOptions } from "node:zlib";
import { inOwnMemory } from "../../text/bytes.js";
import type { Destination } from "../destinations/destination.js";
import { type Refusal, resultOfFailure, resultOfRefusal } from "./classify.js";
import { type Answer, type ExchangeInit, exchange } from "./exchange.js";

/** How long an exchange may take. */
export interface AskOptions {
  /** For the whole exchange, the answer included, in ms. Default the destination's own, else 15 s. */
  readonly timeoutMs?: number;
  /** What a request may take where `timeoutMs` is less since the delivery's time ends, in ms; for the message. */
  readonly limitMs?: number;
  /** Ends the request early; the result is then `unavailable`. */
  readonly signal?: AbortSignal;
}

/** What goes to a destination's endpoint. */
export interface Asking {
  readonly method: ExchangeInit["method"];
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Beside the destination's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the address is for, in the plural, for messages. */
  readonly what: string;
}

export const DEFAULT_TIMEOUT_MS = 15_000;

/** What a timer can count to. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Smaller bodies fit into a few packets; compressing them saves nothing. */
const GZIP_FROM_BYTES = 4096;

/** Takes 40 % of the time of the usual 6, for 15 % more bytes. */
const GZIP_LEVEL = 4;

const compress = promisify<Uint8Array, ZlibOptions, Buffer>(gzip);

/**
 * One exchange with a destination's endpoint. Never throws: whatever happens is a result.
 *
 * Redirects are not followed, so the keys never reach another host; certificates are verified.
 *
 * @param read what a 2xx answer says; may throw what the signal was aborted with
 */
export async function ask<T>(
  destination: Destination,
  { method, bytes, type, headers = {}, what }: Asking,
  options: AskOptions,
  read: (answer: Answer, signal: AbortSignal) => Promise<T>,
): Promise<T | Refusal> {
  const timeoutMs = options.timeoutMs ?? destination.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), LONGEST_TIMEOUT_MS));
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    const compressed = destination.compression === "gzip" && bytes.byteLength >= GZIP_FROM_BYTES;
    const answer = await exchange(destination, destination.endpoint, {
      method,
      signal,
      headers: {
        ...destination.headers,
        ...headers,
        "content-type": type,
        accept: type,
        // fetch takes a compressed body that was cut for a whole one.
        "accept-encoding": "identity",
        ...(compressed ? { "content-encoding": "gzip" } : {}),
      },
      body: inOwnMemory(compressed ? await compress(bytes, { level: GZIP_LEVEL }) : bytes),
    });
    return answer.ok ? await read(answer, signal) : await resultOfRefusal(destination, answer, what);
  } catch (error) {
    if (!timeout.aborted && !options.signal?.aborted) return resultOfFailure(destination, error);
    const { limitMs = timeoutMs } = options;
    const left =
      timeoutMs < limitMs ? `, which was left of the delivery's time (a request may take ${seconds(limitMs)})` : "";
    const late = `no answer from ${destination.label} within ${seconds(timeoutMs)}${left}`;
    const message = timeout.aborted ? late : "interrupted";
    return { kind: "unavailable", retryAfterMs: undefined, message };
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
