import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline, Readable, Transform } from "node:stream";

/** Answers without a body by the standard; `Response` refuses to be given one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * `fetch` that waits for an answer as long as it takes: a server answers a prompt when the agent's loop has ended, and
 * Node's own fetch gives up after five minutes without headers.
 *
 * @param mostBytes of the answer's body: a longer one is broken off with an error
 * @throws the system's error when the server cannot be reached or goes away
 * @throws the signal's reason when the request's signal is aborted
 */
export async function patientFetch(request: Request, mostBytes = Number.POSITIVE_INFINITY): Promise<Response> {
  const { signal } = request;
  signal.throwIfAborted();
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = request.url.startsWith("https:") ? httpsRequest : httpRequest;
    const headers = {
      ...Object.fromEntries(request.headers),
      ...(body === undefined ? {} : { "content-length": String(body.byteLength) }),
    };
    // A connection that is not kept cannot turn out to be dead when the next request wants to use it.
    const sent = send(request.url, { method: request.method, headers, agent: false }, resolve);
    const onAbort = () => sent.destroy(abortReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    sent.on("close", () => signal.removeEventListener("abort", onAbort));
    sent.on("error", reject);
    sent.end(body);
  });
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
      if (total > mostBytes) done(new Error(`the answer is longer than ${mostBytes / 1024 / 1024} MB`));
      else done(null, chunk);
    },
  });
  // What breaks off is told to who reads.
  pipeline(answer, limit, () => undefined);
  return limit;
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}
