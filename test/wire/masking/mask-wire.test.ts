import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Masking, maskFor } from "../../../src/masking/mask.js";
import { wireMasking } from "../../../src/wire/masking/mask-wire.js";
import type { WireEvidence, WireExchange } from "../../../src/wire/model.js";
import { KeptBodies } from "../../../src/wire/recording/kept-bodies.js";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { writeRecording } from "../../../src/wire/recording/write-recording.js";
import { tries } from "../../support/tries.js";
import { arbitraryWire, sha256 } from "../recording/arbitrary-wire.js";

const TOKEN = ["ghp", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"].join("_");
const PASSWORD = "correct7Horse!battery";
const ENVIRONMENT = { DB_PASSWORD: PASSWORD };

async function maskedWire(wire: WireEvidence, masking: Masking = { environment: ENVIRONMENT }): Promise<WireEvidence> {
  const wanted = wireMasking(wire);
  return wanted.masked(await maskFor(wanted.values, masking));
}

function exchange(body: string, chunks: readonly string[] = [], more: Partial<WireExchange> = {}): WireExchange {
  return {
    ...{ id: "17-lzk3:0", sessionId: "ses_a", parentSessionId: null, messageId: null, purpose: null, method: "POST" },
    ...{ url: "https://a.example/v1", headers: {}, sentAt: 1 },
    body: { text: body, bytes: Buffer.byteLength(body), hash: sha256(body) },
    response: {
      ...{ status: 200, headers: {}, at: 2, bytes: chunks.join("").length },
      chunks: chunks.map((text, at) => ({ at: 3 + at, text, bytes: text.length })),
    },
    end: { how: "complete", at: 9, error: null },
    ...more,
  };
}

const maskedOne = async (one: WireExchange): Promise<WireExchange> =>
  (await maskedWire({ exchanges: [one], notes: [] })).exchanges[0] ?? one;

/** How providers say a text in pieces, and how it is read. */
const STREAMS = {
  "chat completions": {
    frame: (text: string) => ({ id: "chatcmpl-1", choices: [{ index: 0, delta: { content: text } }] }),
    text: /"content":("(?:[^"\\]|\\.)*")/g,
  },
  "arguments of a tool": {
    frame: (text: string, isFirst: boolean) => {
      const named = isFirst ? { id: "call_1", type: "function" } : {};
      const called = { ...(isFirst ? { name: "bash" } : {}), arguments: text };
      return { choices: [{ index: 0, delta: { tool_calls: [{ index: 1, ...named, function: called }] } }] };
    },
    text: /"arguments":("(?:[^"\\]|\\.)*")/g,
  },
  "Anthropic messages": {
    frame: (text: string) => ({ type: "content_block_delta", index: 2, delta: { type: "text_delta", text } }),
    text: /"text":("(?:[^"\\]|\\.)*")/g,
  },
  Responses: {
    frame: (text: string) => ({ type: "response.output_text.delta", item_id: "msg_1", output_index: 0, delta: text }),
    text: /"delta":("(?:[^"\\]|\\.)*")/g,
  },
  Gemini: {
    frame: (text: string) => ({ candidates: [{ content: { parts: [{ text }], role: "model" } }] }),
    text: /"text":("(?:[^"\\]|\\.)*")/g,
  },
} as const;
const kinds = Object.keys(STREAMS) as (keyof typeof STREAMS)[];

function cutAt(text: string, places: readonly number[]): readonly string[] {
  const cuts = [...new Set([0, ...places.map((place) => place % (text.length + 1)), text.length])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((to, index) => text.slice(cuts[index], to));
}

describe("a wire", () => {
  it("says nowhere what a stream says in pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kinds),
        fc.constantFrom(TOKEN, PASSWORD),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.constantFrom("sse", "spaced", "lines", "list"),
        async (kind, secret, pieces, chunks, form) => {
          const { frame, text } = STREAMS[kind];
          const said = `It is "${secret}"; use ${secret}\nand 😀 go on.`;
          const frames = cutAt(said, pieces).map((piece, index) => JSON.stringify(frame(piece, index === 0)));
          const stream = {
            sse: () => `${frames.map((one) => `data: ${one}\n\n`).join("")}data: [DONE]\n\n`,
            spaced: () => frames.map((one) => `data: ${one.replaceAll('":', '": ')}\n\n`).join(""),
            lines: () => frames.map((one) => `${one}\n`).join(""),
            list: () => `[${frames.join(",\n")}]`,
          }[form]();
          const { response } = await maskedOne(exchange("{}", cutAt(stream, chunks)));
          const masked = response?.chunks.map((chunk) => chunk.text).join("") ?? "";
          const told = [...masked.replaceAll('": ', '":').matchAll(text)].map(([, one = '""']): string =>
            JSON.parse(one),
          );
          expect(told.join("")).not.toContain(secret);
          expect(told.join("").replaceAll(/\[masked: [\w .-]+\]/g, secret)).toBe(said);
          expect(response?.chunks.map(({ at, bytes }) => [at, bytes])).toEqual(
            cutAt(stream, chunks).map((chunk, at) => [3 + at, chunk.length]),
          );
        },
      ),
      { numRuns: tries(60) },
    );
  });

  it("does not say it where the stream breaks off in a frame either", async () => {
    const { frame } = STREAMS["chat completions"];
    const last = JSON.stringify(frame(TOKEN.slice(9))).slice(0, -5);
    const stream = `data: ${JSON.stringify(frame(TOKEN.slice(0, 9)))}\n\ndata: ${last}`;
    const { response } = await maskedOne(exchange("{}", [stream]));
    expect(response?.chunks[0]?.text).not.toContain(TOKEN.slice(9));
    expect(response?.chunks[0]?.text).not.toContain(TOKEN.slice(0, 9));
  });

  it("is masked in the bodies of requests as plain data is", async () => {
    const leaf = fc.constantFrom("a", TOKEN, `x ${TOKEN}`, PASSWORD, "ses_a", '{"password":"Zq9!kLm2"}', "");
    const data = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("role", "name", "value", "api_key", TOKEN), tie("value"), { maxKeys: 3 }),
      ),
    })).value;
    const body = fc.record({ model: leaf, messages: fc.array(data, { maxLength: 4 }), tools: fc.array(data) });
    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 1, maxLength: 3 }), async (bodies) => {
        const parsed = bodies.map((one): unknown => JSON.parse(JSON.stringify(one)));
        const mask = await maskFor([parsed], { environment: ENVIRONMENT });
        const wire = await maskedWire({ exchanges: bodies.map((one) => exchange(JSON.stringify(one))), notes: [] });
        expect(wire.exchanges.map((one) => one.body.text)).toEqual(parsed.map((one) => JSON.stringify(mask(one))));
      }),
      { numRuns: tries(60) },
    );
  });

  it("stays what it is where nothing is secret, and where nothing is to be masked", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryWire, async (wire) => {
        expect(await maskedWire(wire)).toEqual(wire);
      }),
      { numRuns: tries(30) },
    );
    const secret = { exchanges: [exchange(TOKEN, [TOKEN], { url: `https://a.example/?key=${TOKEN}` })], notes: [] };
    expect(await maskedWire(secret, false)).toEqual(secret);
  });

  it("masks what is no JSON, or JSON that says a name twice", async () => {
    for (const body of [`key is ${TOKEN}`, `{"a":"${TOKEN}","a":"b"}`, `{"a":"${TOKEN}"`, `{ "a" : "${TOKEN}" }`]) {
      const { body: masked, response } = await maskedOne(exchange(body, [body]));
      expect(masked.text).not.toContain(TOKEN);
      expect(masked.text).toContain("[masked: ");
      expect(masked.hash).toBe(sha256(masked.text ?? ""));
      expect(masked.bytes).toBe(Buffer.byteLength(body));
      expect(JSON.stringify(response)).not.toContain(TOKEN);
    }
  });

  it("is masked in addresses, headers, failures and notes", async () => {
    const key = "k7Gz-0pQ2-x9Lm-41Vb";
    const one = exchange("{}", [], {
      url: `https://a.example/v1?alt=sse&key=${key}&b=${encodeURIComponent(TOKEN)}`,
      headers: { "x-request-id": `req ${key}`, "x-note": TOKEN },
      end: { how: "failed", at: 4, error: `connect ${TOKEN}` },
    });
    const wire = await maskedWire({ exchanges: [one], notes: [`saw ${TOKEN}`] });
    expect(JSON.stringify(wire)).not.toContain(TOKEN);
    expect(JSON.stringify(wire)).not.toContain(key);
    expect(wire.exchanges[0]?.url).toMatch(/^https:\/\/a\.example\/v1\?alt=sse&key=\[masked: key\]&b=\[masked: /);
  });

  it("is masked alike where its bodies are kept by what differs, JSON or not", async () => {
    const piece = fc.constantFrom("some", TOKEN, `the key is ${TOKEN}\n`, PASSWORD, "x".repeat(9_000), '"', "]}");
    const edit = fc.record({ at: fc.nat(), put: piece });
    const begin = fc.constantFrom('{"prompt":"', '{"messages":[{"role":"user","content":"', "plain text: ", "");
    await fc.assert(
      fc.asyncProperty(begin, fc.array(edit, { minLength: 1, maxLength: 12 }), async (first, edits) => {
        const said = Array.from({ length: 500 }, () => "words and words and words and so on ");
        const exchanges = edits.map(({ at, put }, n) => {
          said.splice(at % (said.length + 1), 0, `${put} `);
          return exchange(`${first}${said.join("")}`, [], { id: `17-lzk3:${n}`, sentAt: n });
        });
        const read = readRecording(writeRecording({ exchanges, notes: [] }), "any");
        const [kept, whole] = [await maskedWire(read), await maskedWire({ exchanges, notes: [] })];
        expect(JSON.stringify(kept)).not.toContain(TOKEN);
        expect(kept).toEqual(whole);
        expect(readRecording(writeRecording(kept), "any")).toEqual(kept);
      }),
      { numRuns: tries(12) },
    );
  });

  it("is not looked through again where these rules have masked it, but for what is known to be secret", async () => {
    const bodies = ["a", `a ${PASSWORD}`].map((said, n) => exchange(`{"a":"${said}"}`, [said], { id: `17-a:${n}` }));
    const first = await maskedWire({ exchanges: bodies.slice(0, 1), notes: [] });
    const again = wireMasking(first);
    expect(JSON.stringify(again.values)).not.toContain("a.example");
    expect(again.masked(await maskFor(again.values, {}, again.known)).exchanges[0]).toBe(first.exchanges[0]);
    // Its environment did not hold the password.
    const unknown = await maskedWire({ exchanges: bodies, notes: [] }, { environment: {} });
    expect(JSON.stringify(unknown)).toContain(PASSWORD);
    const known = wireMasking(unknown);
    const masked = known.masked(await maskFor(known.values, { environment: ENVIRONMENT }, known.known));
    expect(JSON.stringify(masked)).not.toContain(PASSWORD);
    expect(masked.exchanges[1]?.body.text).toBe('{"a":"a [masked: DB_PASSWORD]"}');
  });

  it("leaves bodies out that would take too long, and says so", async () => {
    const bodies = new KeptBodies();
    // None of the requests has it, so that all of each is new.
    const hidden = bodies.add({ base: null, prefix: 0, suffix: 0, middle: "abcdefgh ".repeat(1_200_000) });
    const exchanges = Array.from({ length: 3 }, (_, n) => {
      const kept = bodies.add({ base: hidden, prefix: 2_000 * n, suffix: 0, middle: `${n}` });
      const told = { bytes: kept.length, hash: sha256(bodies.textOf(kept)) };
      return exchange("", [], { id: `17-a:${n}`, url: `https://${n}.example/`, body: bodies.bodyOf(kept, told) });
    });
    const wire = await maskedWire({ exchanges, notes: [] });
    expect(wire.exchanges.map(({ body }) => body.text)).toEqual([null, null, null]);
    expect(wire.notes).toEqual(["3 request(s) have bodies that are too long to be masked; they are left out."]);
  });

  it("has equal hashes where it had them", async () => {
    const wire = await maskedWire({
      exchanges: [exchange(`a ${TOKEN}`), exchange(`a ${TOKEN}`), exchange("b")],
      notes: [],
    });
    const [first, second, third] = wire.exchanges.map(({ body }) => body.hash);
    expect(first).toBe(second);
    expect(third).toBe(sha256("b"));
  });
});
