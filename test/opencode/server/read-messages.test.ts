import { createOpencodeClient } from "@opencode-ai/sdk/v2/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readMessages } from "../../../src/opencode/server/read-messages.js";
import type { MirroredMessage } from "../../../src/opencode/server/session-mirror.js";

const FORMAT = { type: "json_schema", schema: { type: "object" } };

/** A session's messages; those of the given places asked for a structured answer. */
const messagesOf = (count: number, structured: readonly number[]): readonly MirroredMessage[] =>
  Array.from({ length: count }, (_, index) => {
    const place = { id: `msg_${index}`, sessionID: "ses_1" };
    const format = structured.includes(index) ? { format: FORMAT } : {};
    return {
      info: { role: "user", time: { created: 1_000 + index }, ...format, ...place },
      parts: [{ type: "text", text: "Go.", id: `prt_${index}`, sessionID: "ses_1", messageID: place.id }],
    };
  });

/**
 * opencode 1.18: what it writes by its schema, all messages and the page with the oldest one, it refuses where one
 * asked for a value.
 */
function serverWith(messages: readonly MirroredMessage[], answerTo = pageOf) {
  const asked: number[] = [];
  const client = createOpencodeClient({
    baseUrl: "http://127.0.0.1:1",
    fetch: async (input) => {
      const { searchParams } = new URL(new Request(input).url);
      const limit = Number(searchParams.get("limit") ?? messages.length);
      asked.push(limit);
      return answerTo(messages, Number(searchParams.get("before") ?? messages.length), limit);
    },
  });
  return { client, asked };
}

function pageOf(messages: readonly MirroredMessage[], before: number, limit: number): Response {
  const from = Math.max(0, before - limit);
  const page = messages.slice(from, before);
  if (from > 0) return Response.json(page, { headers: { "x-next-cursor": String(from) } });
  const isRefused = page.some(({ info }) => info.format !== undefined);
  const error = { name: "BadRequest", data: { message: "Expected OutputFormatJsonSchema" } };
  return isRefused ? Response.json(error, { status: 400 }) : Response.json(page);
}

const told = (all: readonly MirroredMessage[], id: string) => (id === "ses_1" ? all : []);

test("all messages come, whichever of them asked for a value, with few requests", async () => {
  const session = fc
    .integer({ min: 1, max: 300 })
    .chain((count) => fc.tuple(fc.constant(count), fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 4 })));
  await fc.assert(
    fc.asyncProperty(session, async ([count, structured]) => {
      const messages = messagesOf(count, structured);
      const { client, asked } = serverWith(messages);
      const read = await readMessages(client, "ses_1", (id) => told(messages.slice(0, 1), id));
      expect(JSON.stringify(read)).toBe(JSON.stringify(messages));
      expect(asked.length).toBeLessThanOrEqual(structured.length === 0 ? 1 : 2 * Math.log2(count) + 5);
    }),
  );
});

test("the oldest is kept back where the events did not tell it, and nothing else stands in its place", async () => {
  const messages = messagesOf(4, [0, 2]);
  for (const known of [[], messages.slice(2), messages.slice(1, 2), messagesOf(1, [])]) {
    const { client } = serverWith(messages);
    await expect(readMessages(client, "ses_1", (id) => told(known, id))).rejects.toThrow(
      "opencode's server could not read the session ses_1 (status 400): Expected OutputFormatJsonSchema",
    );
  }
  // A prompt that came while the session was read.
  const { client } = serverWith(messages);
  const later = messagesOf(5, [4]).slice(4);
  await expect(readMessages(client, "ses_1", (id) => told(later, id))).rejects.toThrow("status 400");
});

test("a server whose pages have no end, or hold more than was asked for, is not read for ever", async () => {
  const messages = messagesOf(3, [0]);
  const endless = serverWith(messages, (all, before, limit) =>
    limit === all.length && before === all.length
      ? Response.json({ message: "no" }, { status: 400 })
      : Response.json([], { headers: { "x-next-cursor": "1" } }),
  );
  await expect(readMessages(endless.client, "ses_1", () => [])).rejects.toThrow("status 400");
  expect(endless.asked.length).toBeLessThan(100);
});
