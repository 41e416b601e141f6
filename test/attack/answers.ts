import { gzipSync } from "node:zlib";
import { send } from "../../src/deliver/http/send.js";
import { createRandom, type Random } from "../bench/random.js";
import { otlpAt } from "../support/destinations.js";
import { otlpRequest } from "../support/otlp-requests.js";
import { startReceiver } from "../support/receiver.js";
import type { AttackResult } from "./support/attack.js";

export const name = "answers";

const SEED = 1;
const CASES = 3000;

/** What can stand in a 200, and whether a receiver of traces answers so when it has taken everything. */
const BODIES: readonly [Body, ...Body[]] = [
  { text: "", taken: true },
  { text: "{}", taken: true },
  { text: ' {"name":"otel-ingestion-job","data":{"id":"1"}}\n', taken: true },
  { text: '{"partialSuccess":{"rejectedSpans":"0"}}', taken: true },
  { text: "<!doctype html><title>Log in</title>", taken: false },
  { text: "OK", taken: false },
  { text: "null", taken: false },
  { text: "[]", taken: false },
  { text: '"{}"', taken: false },
  { text: '{"error":"who are you?"}', taken: false },
  { text: "{}{}", taken: false },
];

interface Body {
  readonly text: string;
  readonly taken: boolean;
}

interface Case {
  readonly bytes: Buffer;
  readonly taken: boolean;
  readonly what: string;
}

/**
 * Bodies of a 200 in every framing, whole and cut at any byte: only whole ones of a receiver's may count as delivered.
 */
export async function run(): Promise<AttackResult> {
  const random = createRandom(SEED);
  const receiver = await startReceiver({ dialect: "otlp" });
  const destination = otlpAt(receiver.url);
  const { body } = otlpRequest(1);
  const failures: string[] = [];
  let taken = 0;
  try {
    for (let index = 0; index < CASES; index += 1) {
      const one = makeCase(random);
      receiver.behave({ dialect: "otlp", always: { kind: "raw", bytes: one.bytes } });
      const { kind } = await send(destination, body, { timeoutMs: 5_000 });
      if (kind === "acknowledged") taken += 1;
      if ((kind === "acknowledged") !== one.taken) failures.push(`seed ${SEED}, case ${index}: ${one.what} is ${kind}`);
    }
  } finally {
    await receiver.close();
  }
  return {
    figures: [`${CASES} answers with 200: ${taken} counted as delivered, ${failures.length} wrongly`],
    failures,
  };
}

function makeCase(random: Random): Case {
  const { text, taken } = random.pick(BODIES);
  const isGzip = random.next() < 0.3;
  const body = isGzip ? gzipSync(text) : Buffer.from(text);
  const type = random.pick(["application/json", "text/html", "text/plain", "application/octet-stream"]);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${isGzip ? "content-encoding: gzip\r\n" : ""}`;
  const isChunked = random.next() < 0.5;
  const whole = isChunked
    ? Buffer.concat([
        Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`),
        ...chunksOf(body, random),
        Buffer.from("0\r\n\r\n"),
      ])
    : Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]);
  // An empty body that is compressed is none that a receiver sends; it cannot be told from one that was cut.
  const counts = taken && !(isGzip && text === "");
  const isCut = random.next() < 0.5;
  const end = isCut ? random.whole(1, whole.length - 1) : whole.length;
  const framing = `${isChunked ? "chunked" : "of known length"}${isGzip ? ", gzip" : ""}`;
  return {
    bytes: whole.subarray(0, end),
    taken: counts && !isCut,
    what: `${JSON.stringify(text)} as ${type}, ${framing}, ${isCut ? `cut after ${end} of ${whole.length} bytes` : "whole"}`,
  };
}

function chunksOf(body: Buffer, random: Random): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = random.whole(1, body.length - at);
    chunks.push(Buffer.from(`${size.toString(16)}\r\n`), body.subarray(at, at + size), Buffer.from("\r\n"));
    at += size;
  }
  return chunks;
}
