/** What could be on the wire, all at once: as no opencode would send it, but as it may be recorded. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { WireChunk, WireEvidence, WireExchange, WireTool } from "../../../src/wire/model.js";
import { exchangeId } from "../../../src/wire/recording/exchange-id.js";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Emoji that share their first half, halves alone, escapes of JSON. */
const piece = fc.constantFrom(
  ...'ab\n"\\é'.split(""),
  "😀",
  "😁",
  "🙀",
  "\ud83d",
  "\ude00",
  "\u2028",
  "\u0000",
  '{"role":"user"}',
  "data: {}\n\n",
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
const time = fc.double({ min: 1_764_385_200_000, max: 1_764_385_300_000, noNaN: true });
const anyTime = fc.oneof(
  time,
  fc.double({ min: -1e6, max: 1e15, noNaN: true }).map((value) => value + 0),
);
const headers = fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,12}$/), text, { maxKeys: 3 });
const id = fc.option(fc.constantFrom("ses_a", "ses_b", "ses_c", "msg_1"), { nil: null });

/** Neighbours of one moment are one chunk. */
const chunks = fc
  .array(
    fc.record({
      at: anyTime,
      text: fc.option(text, { nil: null, freq: 8 }),
      bytes: fc.nat(100),
    }),
    { maxLength: 5 },
  )
  .map((all): readonly WireChunk[] => all.filter(({ at }, index) => all[index - 1]?.at !== at));

const response = fc
  .record({ status: fc.integer({ min: 100, max: 599 }), headers, at: anyTime, chunks })
  .map((told) => ({ ...told, bytes: told.chunks.reduce((sum, { bytes }) => sum + bytes, 0) }));

const end = fc.oneof(
  fc.record({
    how: fc.constantFrom("complete" as const, "aborted" as const, "failed" as const),
    at: anyTime,
    error: fc.option(text, { nil: null }),
  }),
  fc.constant({ how: "open" as const, at: null, error: null }),
);

/** Requests that repeat what was sent before, but for some pieces, as those of a session do. */
const bodies = fc
  .array(fc.record({ at: fc.nat(12), drop: fc.nat(3), put: fc.array(piece, { maxLength: 3 }) }), { maxLength: 12 })
  .map((edits) => {
    const pieces: string[] = [];
    return edits.map(({ at, drop, put }) => {
      pieces.splice(Math.min(at, pieces.length), drop, ...put);
      return pieces.join("");
    });
  });

const CARRIED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const ranTool = fc.record({
  sessionId: fc.constantFrom("ses_a", "ses_b"),
  callId: fc.constantFrom("call_1", "call_2"),
  tool: text,
  start: time,
  end: fc.option(time, { nil: null }),
});
const tool: fc.Arbitrary<WireTool> = fc
  .record({ ran: ranTool, isCall: fc.boolean() })
  .map(({ ran, isCall }) => (isCall ? { ...ran, traceparent: CARRIED } : ran));

/** Evidence as `readRecording` gives it. */
export const arbitraryWire: fc.Arbitrary<WireEvidence> = bodies
  .chain((texts) =>
    fc.record({
      facts: fc.tuple(
        ...texts.map(() =>
          fc.record({
            recording: fc.constantFrom("17-lzk3", "18-lzk4"),
            gap: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5_000, noNaN: true })),
            hasText: fc.constantFrom(true, true, true, false),
            sessionId: id,
            parentSessionId: id,
            messageId: id,
            purpose: fc.constantFrom(null, null, "title" as const, "primary" as const),
            method: fc.constantFrom("POST", "GET"),
            url: fc.constantFrom("https://a.example/v1/chat/completions", "https://b.example/v1/messages?beta=true"),
            headers,
            traceparent: fc.option(fc.constant(CARRIED), {
              nil: undefined,
            }),
            response: fc.option(response, { nil: null, freq: 6 }),
            end,
          }),
        ),
      ),
      texts: fc.constant(texts),
      tools: fc.uniqueArray(tool, {
        maxLength: 3,
        selector: ({ sessionId, callId, start }) => `${sessionId}${callId}${start}`,
      }),
      notes: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 2 }),
      from: time,
    }),
  )
  .map(({ facts, texts, tools, notes, from }) => {
    let sentAt = from;
    const exchanges = facts.map(({ recording, gap, hasText, traceparent, ...rest }, n): WireExchange => {
      sentAt += gap;
      const body = texts[n] ?? "";
      return {
        ...rest,
        ...(traceparent === undefined ? {} : { traceparent }),
        id: exchangeId(recording, n),
        sentAt,
        body: { text: hasText ? body : null, bytes: Buffer.byteLength(body), hash: sha256(body) },
      };
    });
    const byStart = [...tools].sort((a, b) => a.start - b.start);
    return { exchanges, ...(tools.length === 0 ? {} : { tools: byStart }), notes };
  });
