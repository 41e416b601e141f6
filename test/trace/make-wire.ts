/** Recorded requests made by hand. What is given wins over what is filled in. */
import type { WireEvidence, WireExchange, WireResponse } from "../../src/wire/model.js";
import { SESSION, T0 } from "./make-session.js";

let made = 0;

/** An exchange that was answered well. @param sent and @param ended ms since the session's beginning */
export function exchange(sent: number, ended: number, more: Partial<WireExchange> = {}): WireExchange {
  made += 1;
  return {
    id: `made#${made}`,
    sessionId: SESSION,
    parentSessionId: null,
    messageId: null,
    purpose: null,
    method: "POST",
    url: "http://127.0.0.1:9/v1/chat/completions",
    headers: {},
    sentAt: T0 + sent,
    body: { text: null, bytes: 1_000, hash: "a".repeat(64) },
    response: response(sent + (ended - sent) / 4, [[sent + (ended - sent) / 2], [ended - 1]]),
    end: { how: "complete", at: T0 + ended, error: null },
    ...more,
  };
}

/** One that the provider refused. */
export function refused(sent: number, ended: number, status: number, more: Partial<WireExchange> = {}): WireExchange {
  const error = status === 429 ? { message: "Rate limit reached", type: "rate_limit_error" } : { message: "No." };
  const body = JSON.stringify({ error });
  return exchange(sent, ended, {
    response: response(ended - 2, [[ended - 1, body]], { status, headers: { "retry-after": "1" } }),
    ...more,
  });
}

/** @param chunks when each came, ms since the session's beginning, and its text where that was recorded */
export function response(
  at: number,
  chunks: readonly (readonly [at: number, text?: string])[],
  more: Partial<WireResponse> = {},
): WireResponse {
  return {
    status: 200,
    headers: { "x-request-id": "req_1" },
    at: T0 + at,
    bytes: chunks.length * 10,
    chunks: chunks.map(([when, text]) => ({ at: T0 + when, text: text ?? null, bytes: 10 })),
    ...more,
  };
}

export function wireOf(exchanges: readonly WireExchange[], more: Partial<WireEvidence> = {}): WireEvidence {
  return { exchanges, notes: [], ...more };
}
