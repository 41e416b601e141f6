import { readRetryAfter } from "../../errors/retry-after.js";
import { type Destination, publicUrl } from "../destinations/destination.js";
import type { Answer } from "./exchange.js";
import { describeNetworkFailure, describeProxyRefusal, isRefusedPort, refusedByProxy } from "./network-failure.js";
import { bounded, readBounded, redact, serverMessage } from "./response-text.js";
import type { OpenResult, SendResult } from "./send-result.js";

/** What it means that there was no answer. */
export function resultOfFailure(destination: Destination, error: unknown): OpenResult {
  const status = refusedByProxy(error);
  if (status === undefined) {
    const message = describeNetworkFailure(error, destination);
    return isRefusedPort(error)
      ? { kind: "blocked", status: undefined, message }
      : { kind: "unavailable", retryAfterMs: undefined, message };
  }
  const message = describeProxyRefusal(status, destination);
  // Another try may go better where the proxy has trouble, or does not reach the server now.
  const isPassing = status >= 500 || status === 429 || status === 408;
  if (!isPassing) return { kind: "blocked", status, message };
  return { kind: "unavailable", retryAfterMs: undefined, message, answered: { by: "proxy", status } };
}

/** An answer without success. */
export type Refusal = OpenResult | Extract<SendResult, { readonly kind: "rejected" }>;

/**
 * What an answer without success means.
 *
 * @param what the address is for, in the plural
 */
export async function resultOfRefusal(destination: Destination, response: Answer, what: string): Promise<Refusal> {
  const { status } = response;
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
      const advice = `Check that ${destination.url} is the address for ${what}.`;
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
