import type { WireChunk, WireExchange } from "../../src/wire/model.js";

/** An exchange that matters by its body alone. */
export function exchangeOf(
  path: string,
  body: unknown,
  changes: Partial<WireExchange> = {},
): WireExchange & { readonly body: { readonly text: string } } {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    id: "tap:0",
    sessionId: "ses_1",
    parentSessionId: null,
    messageId: null,
    purpose: null,
    method: "POST",
    url: `https://provider.example${path}`,
    headers: {},
    sentAt: 1_000,
    response: null,
    end: { how: "complete", at: 2_000, error: null },
    ...changes,
    body: { text, bytes: Buffer.byteLength(text), hash: "" },
  };
}

/** An answer in chunks, the first one 100 ms after the request, each of the others 10 ms later. */
export function answered(path: string, chunks: readonly string[], status = 200): WireExchange {
  return exchangeOf(path, {}, { response: { status, headers: {}, at: 1_050, bytes: 0, chunks: chunks.map(chunkOf) } });
}

function chunkOf(text: string, index: number): WireChunk {
  return { at: 1_100 + 10 * index, text, bytes: Buffer.byteLength(text) };
}

/** Server-sent events. */
export function events(...payloads: readonly unknown[]): string {
  return payloads
    .map((payload) => `data: ${typeof payload === "string" ? payload : JSON.stringify(payload)}\n\n`)
    .join("");
}
