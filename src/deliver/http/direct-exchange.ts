import type { Agent, IncomingMessage } from "node:http";
import { pipeline, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { Answer, ExchangeInit } from "./answer.js";
import { headerValue } from "./header-value.js";
import { refuseOtherProtocols } from "./refused-ports.js";

/** Shorter than the 5 s after which servers close what is idle: a request must not meet a connection that just closes. */
const IDLE_MS = 4_000;

/**
 * Asks a server directly, on connections that are used again. Idle ones keep no process alive.
 *
 * `fetch` copies a body and cuts it up for its streams: for 8 MB that takes 30 ms of CPU time, and writing the bytes to
 * the connection as they are takes 6.
 *
 * @throws as `http.request` does, and where fetch refuses the port
 */
export async function exchangeDirectly(url: string, { method, headers, body, signal }: ExchangeInit): Promise<Answer> {
  const to = new URL(url);
  refuseOtherProtocols(to);
  const { request, agent } = await client(to.protocol === "https:");
  return new Promise((resolve, reject) => {
    const asked = request(to, {
      method,
      agent,
      signal,
      // As fetch has them: gateways refuse those who do not say what they are.
      headers: {
        accept: "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": "node",
        ...withoutBlanks(headers),
        ...(method === "GET" ? {} : { "content-length": body?.byteLength ?? 0 }),
      },
    });
    asked.once("response", (message) => {
      resolve(answerOf(message));
      // A server may answer without reading on. What is left for it would keep this process alive.
      message.once("end", () => {
        if (!asked.writableFinished) asked.destroy();
      });
    });
    // Once there is an answer, its body tells of what fails.
    asked.on("error", reject);
    // One that changes to another protocol gives no answer, and is no error either.
    asked.once("close", () => reject(Object.assign(new Error("no answer"), { code: "ECONNRESET" })));
    asked.end(body);
  });
}

/** As fetch sends them: settings may bring a line break with a value, which `http.request` refuses. */
function withoutBlanks(headers: ExchangeInit["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerValue(value)]));
}

interface Client {
  readonly request: typeof import("node:http").request;
  readonly agent: Agent;
}

const clients = new Map<boolean, Promise<Client>>();

function client(isSecure: boolean): Promise<Client> {
  const known = clients.get(isSecure);
  if (known) return known;
  const made = loadClient(isSecure);
  clients.set(isSecure, made);
  return made;
}

async function loadClient(isSecure: boolean): Promise<Client> {
  const { Agent, request } = isSecure ? await import("node:https") : await import("node:http");
  return { request, agent: new Agent({ keepAlive: true, timeout: IDLE_MS }) };
}

function answerOf(message: IncomingMessage): Answer {
  const { statusCode: status = 0, headers } = message;
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: {
      get: (name) => {
        const value = headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      },
    },
    body: decompressed(message),
  };
}

/** As fetch takes them: a header has room for thousands, which would take seconds and much memory to undo. */
const MOST_ENCODINGS = 5;

/** The body as it was before the server compressed it, which some do unasked. */
function decompressed(message: IncomingMessage): AsyncIterable<Uint8Array> {
  // Nothing is not even the beginning of what was compressed.
  if (isWithoutBody(message)) return message;
  const encodings = (message.headers["content-encoding"] ?? "").split(",");
  if (encodings.length > MOST_ENCODINGS) return message.destroy();
  const steps = encodings.flatMap((encoding) => decompression(encoding.trim().toLowerCase()) ?? []).reverse();
  const last = steps.at(-1);
  if (last === undefined) return message;
  // What fails is told to who reads.
  pipeline([message, ...steps], () => undefined);
  return last;
}

function isWithoutBody({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 204 || statusCode === 205 || headers["content-length"] === "0";
}

function decompression(encoding: string): Transform | undefined {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    default:
      return undefined;
  }
}
