import { createHash } from "node:crypto";
import { maskFor } from "../../../src/masking/mask.js";
import { wireMasking } from "../../../src/wire/masking/mask-wire.js";
import type { WireChunk, WireExchange } from "../../../src/wire/model.js";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { writeRecording } from "../../../src/wire/recording/write-recording.js";
import { createRandom, type Random } from "../../bench/random.js";
import { KINDS, type Sample } from "./kinds.js";
import { type Leaks, readings, textsOf } from "./leaks.js";

/** Where in what opencode sends, or is sent, a secret can stand. */
interface WirePlace {
  readonly name: string;
  readonly put: (text: string, random: Random) => { readonly body?: object; readonly answer?: readonly string[] };
}

/** A stream of frames with a text in pieces. */
const stream =
  (frame: (piece: string, isFirst: boolean) => object) =>
  (text: string, random: Random): { readonly answer: readonly string[] } => {
    const said = `It says:\n${text}\nand so on.`;
    const pieces: string[] = [];
    for (let at = 0; at < said.length; ) {
      const length = random.pick([1, 2, 3, 5, 8, 12]);
      pieces.push(said.slice(at, at + length));
      at += length;
    }
    return { answer: pieces.map((piece, index) => `data: ${JSON.stringify(frame(piece, index === 0))}\n\n`) };
  };

const PLACES: readonly WirePlace[] = [
  {
    name: "a prompt",
    put: (text) => ({ body: { messages: [{ role: "user", content: `Use this:\n\n${text}\n\nand go on.` }] } }),
  },
  {
    name: "a result of a tool",
    put: (text) => ({ body: { messages: [{ role: "tool", tool_call_id: "call_1", content: `${text}\n` }] } }),
  },
  {
    name: "arguments of a tool",
    put: (text) => ({
      body: {
        messages: [{ tool_calls: [{ function: { name: "write", arguments: JSON.stringify({ content: text }) } }] }],
      },
    }),
  },
  {
    name: "an answer in one piece",
    put: (text) => ({ answer: [JSON.stringify({ choices: [{ message: { content: `It is\n${text}\n` } }] })] }),
  },
  { name: "a failure", put: (text) => ({ answer: [`<h1>500</h1>\n<pre>\n${text}\n</pre>`] }) },
  { name: "a stream", put: stream((content) => ({ id: "c", choices: [{ index: 0, delta: { content } }] })) },
  {
    name: "arguments in a stream",
    put: stream((piece, isFirst) => {
      const named = isFirst ? { id: "call_1", type: "function" } : {};
      return {
        choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...named, function: { arguments: piece } }] } }],
      };
    }),
  },
  {
    name: "a stream of Anthropic's",
    put: stream((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
  },
  {
    name: "a stream of Responses",
    put: stream((delta) => ({ type: "response.output_text.delta", item_id: "msg_1", output_index: 0, delta })),
  },
];

/**
 * Puts secrets of every kind into what is sent, masks and keeps it, and looks for them in what is kept.
 *
 * @param seed the same seed makes the same secrets
 * @param places how many of the places each kind is tried in; default all
 */
export async function measureWireLeaks(seed: number, places = PLACES.length): Promise<Leaks> {
  const random = createRandom(seed);
  const leaking = new Map<string, string[]>();
  const unstable: string[] = [];
  let tried = 0;
  for (const [position, place] of PLACES.entries()) {
    const kinds = KINDS.filter((_, index) => (index + position) % PLACES.length < places);
    const cases = kinds.map((kind) => ({ kind, sample: kind.make(random) }));
    tried += cases.length;
    const exchanges = cases.map(({ sample }, n) => exchangeOf(place, sample, random, n));
    const kept = await keptOf(writeRecording({ exchanges, notes: [] }));
    const read = readRecording(kept, "kept").exchanges;
    if ((await keptOf(kept)) !== kept) unstable.push(place.name);
    for (const [index, { kind, sample }] of cases.entries()) {
      const texts = read[index] ? saidIn(read[index]).flatMap(readings) : [kept];
      if (sample.secrets.some((secret) => texts.some((text) => text.includes(secret))))
        leaking.set(kind.name, [...(leaking.get(kind.name) ?? []), place.name]);
    }
  }
  return { kinds: KINDS.length, tried, leaking, unstable };
}

async function keptOf(recording: string): Promise<string> {
  const wire = wireMasking(readRecording(recording, "wire"));
  return writeRecording(wire.masked(await maskFor(wire.values, { environment: {} })));
}

function exchangeOf({ put }: WirePlace, { text }: Sample, random: Random, n: number): WireExchange {
  const { body = { messages: [] }, answer = ["data: [DONE]\n\n"] } = put(text, random);
  const sent = JSON.stringify({ model: "m1", ...body, stream: true });
  const chunks = answer.map((one, at): WireChunk => ({ at: n + at / 1_000, text: one, bytes: Buffer.byteLength(one) }));
  return {
    ...{ id: `1-a:${n}`, sessionId: "ses_a", parentSessionId: null, messageId: null, purpose: null, method: "POST" },
    ...{ url: "https://a.example/v1", headers: {}, sentAt: n },
    body: { text: sent, bytes: Buffer.byteLength(sent), hash: createHash("sha256").update(sent).digest("hex") },
    response: { status: 200, headers: {}, at: n, bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0), chunks },
    end: { how: "complete", at: n + 1, error: null },
  };
}

/** All texts of an exchange, those of a stream as they are and joined. */
function saidIn({ body, response }: WireExchange): readonly string[] {
  const raw = response?.chunks.map(({ text }) => text ?? "").join("") ?? "";
  const frames = raw.split("\n\n").flatMap((line): readonly unknown[] => {
    try {
      return [JSON.parse(line.replace(/^data: /, ""))];
    } catch {
      return [];
    }
  });
  // Without the words of the protocol between them.
  const own = frames.map((frame) => textsOf(frame).filter((text) => !PROTOCOL.has(text)));
  return [...textsOf(JSON.parse(body.text ?? "{}")), raw, own.flat().join("")];
}

const PROTOCOL: ReadonlySet<string> = new Set(
  `id c choices index delta content tool_calls function arguments call_1 type content_block_delta text_delta text
   response.output_text.delta item_id msg_1 output_index message`.split(/\s+/),
);
