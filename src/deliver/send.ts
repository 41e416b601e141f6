import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { readAcknowledgement } from "./acknowledgement.js";
import { type Destination, publicUrl } from "./destination.js";
import { describeNetworkFailure } from "./network-failure.js";
import { bounded, readBounded, redact, serverMessage } from "./response-text.js";
import { retryAfterMs } from "./retry-after.js";
import type { SendResult } from "./send-result.js";

export interface SendOptions {
  /** For the whole exchange, the answer included. Default 15 s. */
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
 * Posts one OTLP/JSON request. Never throws: whatever happens is a result.
 *
 * Redirects are not followed, so the keys never reach another host; certificates are verified.
 *
 * @param body an ExportTraceServiceRequest as JSON
 */
export async function send(
  destination: Destination,
  body: Uint8Array,
  options: SendOptions = {},
): Promise<SendResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), LONGEST_TIMEOUT_MS));
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    const compressed = destination.compression === "gzip" && body.byteLength >= GZIP_FROM_BYTES;
    const response = await fetch(destination.endpoint, {
      method: "POST",
      redirect: "manual",
      signal,
      headers: {
        ...destination.headers,
        "content-type": "application/json",
        accept: "application/json",
        // fetch takes a compressed body that was cut for a whole one.
        "accept-encoding": "identity",
        ...(compressed ? { "content-encoding": "gzip" } : {}),
      },
      body: new Uint8Array(compressed ? await compress(body) : body),
    });
    return await classify(destination, response, signal);
  } catch (error) {
    const message = timeout.aborted
      ? `no answer from ${destination.label} within ${seconds(timeoutMs)}`
      : options.signal?.aborted
        ? "interrupted"
        : describeNetworkFailure(error, destination);
    return { kind: "unavailable", retryAfterMs: undefined, message };
  }
}

async function classify(
  destination: Destination,
  response: Response,
  signal: AbortSignal,
): Promise<SendResult> {
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
    case 400:
    case 413:
    case 422:
      return { kind: "rejected", status, message };
    case 429:
      return { kind: "throttled", retryAfterMs: retryAfterMs(response.headers), message };
    case 408:
    case 425:
      return { kind: "unavailable", retryAfterMs: undefined, message };
    default:
      if (status >= 500) {
        return { kind: "unavailable", retryAfterMs: retryAfterMs(response.headers), message };
      }
      return {
        kind: "misdirected",
        status,
        message: `${message}. Check that ${destination.url} is the address for traces.`,
      };
  }
}

function describeRedirect(destination: Destination, response: Response): string {
  const location = response.headers.get("location");
  const target =
    location !== null && URL.canParse(location, destination.endpoint)
      ? redact(bounded(publicUrl(new URL(location, destination.endpoint))), destination.secrets)
      : undefined;
  return `${destination.url} redirects (${response.status}) to ${target ?? "nowhere"}. Redirects are not followed, so that the keys stay with the host they are meant for; if that is the right place, configure its address.`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
