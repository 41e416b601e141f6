import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { readRetryAfter } from "../../errors/retry-after.js";
import { type Destination, publicUrl } from "../destinations/destination.js";
import { readAcknowledgement } from "./acknowledgement.js";
import { type Answer, exchange } from "./exchange.js";
import { describeNetworkFailure, describeProxyRefusal, refusedByProxy } from "./network-failure.js";
import { bounded, readBounded, redact, serverMessage } from "./response-text.js";
import type { SendResult } from "./send-result.js";

/** How one request is sent. */
export interface SendOptions {
  /** For the whole exchange, the answer included, in ms. Default the destination's own, else 15 s. */
  readonly timeoutMs?: number;
  /** Ends the request early; the result is then `unavailable`. */
  readonly signal?: AbortSignal;
}

export const DEFAULT_TIMEOUT_MS = 15_000;

/** What a timer can count to. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Smaller bodies fit into a few packets; compressing them saves nothing. */
const GZIP_FROM_BYTES = 4096;

const compress = promisify(gzip);

/**
 * Posts one OTLP request. Never throws: whatever happens is a result.
 *
 * Redirects are not followed, so the keys never reach another host; certificates are verified.
 *
 * @param body an ExportTraceServiceRequest as JSON
 */
export async function send(destination: Destination, body: Uint8Array, options: SendOptions = {}): Promise<SendResult> {
  const timeoutMs = options.timeoutMs ?? destination.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), LONGEST_TIMEOUT_MS));
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const written = await bodyFor(destination, body);
  if ("kind" in written) return written;
  const { bytes, type } = written;
  try {
    const compressed = destination.compression === "gzip" && bytes.byteLength >= GZIP_FROM_BYTES;
    const answer = await exchange(destination, destination.endpoint, {
      method: "POST",
      signal,
      headers: {
        ...destination.headers,
        "content-type": type,
        accept: type,
        // fetch takes a compressed body that was cut for a whole one.
        "accept-encoding": "identity",
        ...(compressed ? { "content-encoding": "gzip" } : {}),
      },
      body: new Uint8Array(compressed ? await compress(bytes) : bytes),
    });
    return await classify(destination, answer, signal);
  } catch (error) {
    if (!timeout.aborted && !options.signal?.aborted) return failure(destination, error);
    const late = `no answer from ${destination.label} within ${Math.round(timeoutMs / 100) / 10} s`;
    const message = timeout.aborted ? late : "interrupted";
    return { kind: "unavailable", retryAfterMs: undefined, message };
  }
}

interface WrittenBody {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** The request as the destination wants it; refused when it holds what cannot be written so. */
async function bodyFor({ protocol, label }: Destination, body: Uint8Array): Promise<WrittenBody | SendResult> {
  if (protocol === "http/json") return { bytes: body, type: "application/json" };
  const { protobufBody } = await import("./protobuf-body.js");
  try {
    return { bytes: await protobufBody(body), type: "application/x-protobuf" };
  } catch {
    return { kind: "rejected", status: 400, message: `what is to be sent to ${label} cannot be written as protobuf` };
  }
}

function failure(destination: Destination, error: unknown): SendResult {
  const status = refusedByProxy(error);
  if (status === undefined)
    return { kind: "unavailable", retryAfterMs: undefined, message: describeNetworkFailure(error, destination) };
  const message = describeProxyRefusal(status, destination);
  // Another try may go better where the proxy has trouble, or does not reach the server now.
  const isPassing = status >= 500 || status === 429 || status === 408;
  if (!isPassing) return { kind: "blocked", status, message };
  return { kind: "unavailable", retryAfterMs: undefined, message, answered: { by: "proxy", status } };
}

async function classify(destination: Destination, response: Answer, signal: AbortSignal): Promise<SendResult> {
  const { status } = response;
  if (response.ok) return readAcknowledgement(destination, response, signal);
  const text = await readBounded(response);
  if (status >= 300 && status < 400) {
    return { kind: "misdirected", status, message: describeRedirect(destination, response) };
  }
  const isPage = response.headers.get("content-type")?.includes("text/html") ?? false;
  const message = `${destination.label} answered ${status}${serverMessage(text, isPage, destination.secrets)}`;
  switch (status) {
    case 401:
    case 403:
      return { kind: "unauthorised", status, message };
    case 407:
      return { kind: "blocked", status, message: describeProxyRefusal(status, destination) };
    case 400:
    case 413:
    case 422:
      return { kind: "rejected", status, message };
    case 429:
      return { kind: "throttled", retryAfterMs: retryAfterMs(response), message };
    case 408:
    case 425:
      return { kind: "unavailable", retryAfterMs: undefined, message, answered: { by: "server", status } };
    default: {
      const answered = { by: "server", status } as const;
      if (status >= 500) return { kind: "unavailable", retryAfterMs: retryAfterMs(response), message, answered };
      const advice = `Check that ${destination.url} is the address for traces.`;
      return { kind: "misdirected", status, message: `${message}. ${advice}` };
    }
  }
}

/** How long a server asks to wait, in ms: 24 h at most; undefined when it does not say. */
function retryAfterMs({ headers }: Answer): number | undefined {
  const said = readRetryAfter({ "retry-after": headers.get("retry-after") }, Date.now());
  return said === null || said.source === "default" ? undefined : said.delayMs;
}

function describeRedirect(destination: Destination, response: Answer): string {
  const location = response.headers.get("location");
  const target =
    location !== null && URL.canParse(location, destination.endpoint)
      ? redact(bounded(publicUrl(new URL(location, destination.endpoint))), destination.secrets)
      : undefined;
  return `${destination.url} redirects (${response.status}) to ${target ?? "nowhere"}. Redirects are not followed, so that the keys stay with the host they are meant for; if that is the right place, configure its address.`;
}
