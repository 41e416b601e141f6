import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline, Readable, Transform } from "node:stream";

/** Answers without a body by the standard; `Response` refuses to be given one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** A request without what makes `fetch` costly: its classes take longer to load than most of a start. */
export interface PlainRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a request and waits for the beginning of its answer, as long as that takes.
 *
 * @throws the system's error when the server cannot be reached or goes away
 * @throws the signal's reason when it is aborted
 */
export async function send(
  url: string,
  { method = "GET", headers = {}, body, signal }: PlainRequest,
): Promise<IncomingMessage> {
  signal?.throwIfAborted();
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const start = url.startsWith("https:") ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { "content-length": String(body.byteLength) };
    // A connection that is not kept cannot turn out to be dead when the next request wants to use it.
    const sent = start(url, { method, headers: { ...headers, ...length }, agent: false }, resolve);
    const onAbort = () => sent.destroy(signal && abortReason(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    sent.on("close", () => signal?.removeEventListener("abort", onAbort));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** An answer as a text. @throws when it is longer than so many bytes, or breaks off */
export async function textOf(answer: IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of answer) {
    total += chunk.length;
    if (total > mostBytes) throw tooLong(mostBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Whether it is an answer to what was asked, and no refusal. */
export function isOk({ statusCode = 500 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

/**
 * `fetch` that waits for an answer as long as it takes: a server answers a prompt when the agent's loop has ended, and
 * Node's own fetch gives up after five minutes without headers.
 *
 * @param mostBytes of the answer's body: a longer one is broken off with an error
 * @throws the system's error when the server cannot be reached or goes away
 * @throws the signal's reason when the request's signal is aborted
 */
export async function patientFetch(request: Request, mostBytes = Number.POSITIVE_INFINITY): Promise<Response> {
  const { url, method, signal } = request;
  signal.throwIfAborted();
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const answer = await send(url, { method, headers: Object.fromEntries(request.headers), body, signal });
  const status = answer.statusCode ?? 500;
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  if (WITHOUT_BODY.has(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  // The types of Node's web streams and of the DOM's are the same streams under two names.
  return new Response(Readable.toWeb(limited(answer, mostBytes)) as ReadableStream<Uint8Array>, {
    status,
    headers,
  });
}

/** An answer too large to hold is no answer. */
function limited(answer: IncomingMessage, mostBytes: number): Transform {
  let total = 0;
  const limit = new Transform({
    transform: (chunk: Buffer, _, done) => {
      total += chunk.length;
      if (total > mostBytes) done(tooLong(mostBytes));
      else done(null, chunk);
    },
  });
  // What breaks off is told to who reads.
  pipeline(answer, limit, () => undefined);
  return limit;
}

function tooLong(mostBytes: number): Error {
  return new Error(`the answer is longer than ${mostBytes / 1024 / 1024} MB`);
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}
