import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WireExchange } from "../../../src/wire/model.js";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { writeRecording } from "../../../src/wire/recording/write-recording.js";
import { arbitraryWire, sha256 } from "./arbitrary-wire.js";

const AT = 1_764_385_200_000;

function lines(...all: readonly object[]): string {
  return all.map((line) => `${JSON.stringify(line)}\n`).join("");
}

const TAP = { t: "tap", v: 1, id: "17-lzk3", pid: 17, at: AT, mode: "preload", content: true };

function requestLine(n: number, body: string, delta: object = { base: null, prefix: 0, suffix: 0, middle: body }) {
  return {
    ...{ t: "request", n, at: AT + n, method: "POST", url: "https://a.example/v1", headers: { "content-type": "a" } },
    ...{ session: "ses_a", parent: null, message: null, hash: sha256(body), bytes: Buffer.byteLength(body) },
    ...delta,
  };
}

describe("a recording", () => {
  it("says again what was written to it", () => {
    fc.assert(
      fc.property(arbitraryWire, (wire) => {
        expect(readRecording(writeRecording(wire), "any")).toEqual(wire);
      }),
    );
  });

  it("is not broken by a cut at any place", () => {
    fc.assert(
      fc.property(arbitraryWire, fc.double({ min: 0, max: 1, noNaN: true }), (wire, share) => {
        const text = writeRecording(wire);
        const { exchanges, notes } = readRecording(text.slice(0, Math.floor(text.length * share)), "any");
        expect(exchanges.map(({ id, body }) => ({ id, body }))).toEqual(
          wire.exchanges.slice(0, exchanges.length).map(({ id, body }) => ({ id, body })),
        );
        expect(wire.notes).toEqual(expect.arrayContaining([...notes]));
      }),
    );
  });

  it("may hold anything at all", () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(0, 1, 1e300, -1, "ses_a", [[0, 1e15, 1e15]]));
    const keys =
      "v n at id session hash bytes base prefix suffix middle chunks text status headers how __proto__".split(" ");
    const line = fc
      .tuple(
        fc.constantFrom("tap", "request", "response", "part", "end", "tool", "lost", "note", "odd"),
        fc.dictionary(fc.constantFrom(...keys), value),
      )
      .map(([t, fields]) => JSON.stringify({ ...TAP, ...requestLine(0, ""), ...fields, t }));
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: line }, fc.string()), { maxLength: 20 }), (all) => {
        const read = readRecording(all.join("\n"), "../../x y");
        // Nor does what was read of it break what is written.
        expect(readRecording(writeRecording(read), "any").exchanges).toEqual(read.exchanges);
      }),
    );
  });

  it("is read as the tap writes it", () => {
    const second = '{"messages":["a","b"],"stream":true}';
    const { exchanges, tools, notes } = readRecording(
      lines(
        TAP,
        requestLine(0, '{"messages":["a"],"stream":true}'),
        requestLine(1, second, { base: 0, prefix: 16, suffix: 16, middle: ',"b"', traceparent: "00-a-b-01" }),
        { t: "response", n: 1, at: AT + 10, status: 200, headers: { "x-request-id": "req_1" } },
        {
          t: "part",
          n: 1,
          at: AT + 20,
          chunks: [
            [0, 3, 2],
            [0, 1, 1],
            [5.5, 2, 2],
          ],
          text: "äbcde",
        },
        { t: "end", n: 1, at: AT + 30, how: "complete" },
        { t: "tool", session: "ses_a", call: "call_1", tool: "bash", start: AT + 40, end: AT + 50 },
        { t: "lost", why: "ENOSPC" },
      ),
      "spool",
    );
    expect(exchanges.map(({ id }) => id)).toEqual(["17-lzk3:0", "17-lzk3:1"]);
    expect(exchanges[0]?.end).toEqual({ how: "open", at: null, error: null });
    expect(exchanges[1]).toMatchObject({
      body: { text: second },
      traceparent: "00-a-b-01",
      response: {
        ...{ status: 200, at: AT + 10, bytes: 6 },
        chunks: [
          { at: AT + 20, bytes: 4, text: "äbc" },
          { at: AT + 25.5, bytes: 2, text: "de" },
        ],
      },
      end: { how: "complete", at: AT + 30, error: null },
    });
    expect(tools).toEqual([{ sessionId: "ses_a", callId: "call_1", tool: "bash", start: AT + 40, end: AT + 50 }]);
    expect(notes).toEqual(["The recording spool is not whole: ENOSPC"]);
  });

  it("has sizes and hashes only where it was to hold no content", () => {
    const { exchanges, notes } = readRecording(
      lines(
        { ...TAP, content: false },
        requestLine(0, "secret", { base: null, prefix: 0, suffix: 0 }),
        { t: "response", n: 0, at: AT + 10, status: 200, headers: {} },
        { t: "part", n: 0, at: AT + 20, chunks: [[0, 7, 7]] },
      ),
      "spool",
    );
    expect(exchanges[0]?.body).toEqual({ text: null, bytes: 6, hash: sha256("secret") });
    expect(exchanges[0]?.response?.chunks).toEqual([{ at: AT + 20, bytes: 7, text: null }]);
    expect(notes).toEqual([]);
  });

  it("tells what it could not read, and reads the rest", () => {
    const { exchanges, notes } = readRecording(
      `${lines(
        TAP,
        requestLine(0, "abc"),
        { ...requestLine(1, "abd"), hash: sha256("abe") },
        requestLine(2, "abcd", { base: 1, prefix: 2, suffix: 0, middle: "d" }),
        requestLine(3, "abcd", { base: 0, prefix: 2, suffix: 2, middle: "d" }),
        requestLine(0, "xyz"),
        { t: "end", n: 9, at: AT, how: "complete" },
        { t: "hologram", n: 0 },
        { t: "part", n: 0, chunks: "?" },
        { ...TAP, v: 2, id: "18-x" },
        requestLine(7, "abc"),
        { ...TAP, id: "19-x" },
        requestLine(0, "last"),
      )}{"t":"end","n":0,"a`,
      "spool",
    );
    expect(exchanges.map(({ id, body }) => [id, body.text])).toEqual([
      ["17-lzk3:0", "abc"],
      ["19-x:0", "last"],
      ["17-lzk3:1", null],
      ["17-lzk3:2", null],
      ["17-lzk3:3", null],
    ]);
    expect(notes.map((note) => note.replace("The recording spool has ", ""))).toEqual([
      "requests with bodies that could not be put together again: 3.",
      "requests with the number of an earlier one: 1.",
      "lines that belong to no request that is there: 1.",
      "lines of a kind that this looptrace does not know: 1.",
      "lines that cannot be read: 1.",
      "lines of a newer version of the format: 1.",
    ]);
  });

  it("cannot ask for more than there is room for", () => {
    const big = "x".repeat(1_000);
    const limits = { body: 2_000, bodies: 10_500, exchanges: 40 };
    const bomb = lines(
      TAP,
      requestLine(0, big),
      ...Array.from({ length: 50 }, (_, n) =>
        requestLine(n + 1, big, { base: n, prefix: 1_000, suffix: 0, middle: "" }),
      ),
    );
    const { exchanges, notes } = readRecording(bomb, "spool", { limits });
    expect(exchanges.filter(({ body }) => body.text !== null)).toHaveLength(10);
    expect(exchanges).toHaveLength(40);
    expect(notes).toHaveLength(3);
    const long = readRecording(lines(TAP, requestLine(0, big)), "spool", { limits: { ...limits, body: 999 } });
    expect(long.exchanges[0]?.body.text).toBeNull();
  });

  it("of 200 steps of 300 kB takes less than 2 MB", () => {
    const messages: string[] = [];
    const tools = Array.from({ length: 12 }, (_, n) => ({ name: `tool_${n}`, description: "word ".repeat(500) }));
    const exchanges = Array.from({ length: 200 }, (_, n): WireExchange => {
      messages.push(`${n} ${"step of the agent ".repeat(160)}`);
      // Every tenth is a title's, of another shape; every seventh a subagent's.
      const isTitle = n % 10 === 3;
      const told = n % 7 === 5 ? messages.slice(0, 3) : messages;
      const text = JSON.stringify(isTitle ? { messages: ["title"] } : { model: "m", messages: told, tools });
      return {
        ...{ id: `17-lzk3:${n}`, sessionId: n % 7 === 5 ? "ses_b" : "ses_a", parentSessionId: null, messageId: null },
        ...{ purpose: null, method: "POST", url: "https://a.example/v1", headers: {}, sentAt: AT + n },
        body: { text, bytes: Buffer.byteLength(text), hash: sha256(text) },
        response: null,
        end: { how: "complete", at: AT + n, error: null },
      };
    });
    const wire = { exchanges, notes: [] };
    const text = writeRecording(wire);
    expect(text.length).toBeLessThan(2_000_000);
    const read = readRecording(text, "any");
    // Each text is put together when it is asked for: once is enough.
    const exchangesRead = read.exchanges.map((one) => ({ ...one, body: { ...one.body } }));
    expect({ ...read, exchanges: exchangesRead }).toEqual(wire);
  });
});
