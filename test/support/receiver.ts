import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { type ApiBehaviour, langfuseApi, type ReceivedMedia, type ReceivedScore } from "./langfuse-api.js";
import { metricsOfProtobuf, requestOfProtobuf, responseProtobuf } from "./otlp-protobuf.js";
import { type ReceivedSpan, readSpans } from "./received-spans.js";

/** One scripted answer. */
export type Answer =
  | { readonly kind: "accept" }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** OTLP's partial success: status 200, and so many spans were not taken. */
  | { readonly kind: "partial"; readonly rejectedSpans: number | string; readonly errorMessage: string }
  | { readonly kind: "redirect"; readonly location: string; readonly status?: number }
  /** Writes this to the connection as it is, a whole HTTP answer or a part of one, and closes it. */
  | { readonly kind: "raw"; readonly bytes: string | Uint8Array }
  /** Status 200, and this again and again until nobody reads it any more; the empty text stops behind the headers. */
  | { readonly kind: "endless"; readonly part: string }
  /** Reads the request and never answers. */
  | { readonly kind: "hang" }
  /** Reads the request and tears the connection down. */
  | { readonly kind: "reset" };

export interface ReceiverBehaviour extends ApiBehaviour {
  /** Answers given one after the other; when they are used up, `always` counts. */
  readonly script?: readonly Answer[];
  /** The answer to every other request; default: accept what Langfuse would accept. */
  readonly always?: Answer;
  /** The answer to requests whose path ends so, in place of the script's and of what Langfuse would say. */
  readonly at?: Readonly<Record<string, Answer>>;
  /** 413 for a decoded body of more bytes than this. */
  readonly maxBytes?: number;
  /** 400 for the whole request when it holds one of these span ids, as Langfuse does with a malformed span. */
  readonly refuseSpanIds?: Iterable<string>;
  /** Waits so long before each answer. */
  readonly delayMs?: number;
  /** 401 for any other pair of keys. */
  readonly keys?: { readonly publicKey: string; readonly secretKey: string };
  /** Says that the keys are of this project; without it the question is refused, as every request but POST. */
  readonly project?: { readonly id: string; readonly name: string };
  /** Answers what else a Langfuse is asked, to the right keys; undefined for what it does not know. */
  readonly api?: (question: ApiQuestion) => Answer | undefined;
  /** `otlp` asks for no authentication and none of Langfuse's headers. Default: `langfuse`. */
  readonly dialect?: "langfuse" | "otlp";
  /** Speaks TLS with these; only what it is started with counts. */
  readonly tls?: ServerOptions;
}

/** A request to something else than the traces' endpoint. */
export interface ApiQuestion {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as JSON; undefined without one. */
  readonly json: unknown;
}

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body after gunzip; in base64 where it is protobuf. */
  readonly body: string;
  /** The body as JSON, also where it came as protobuf; undefined when it is neither. */
  readonly json: unknown;
  readonly spans: readonly ReceivedSpan[];
  /** What was answered; undefined for a request that was hung or reset, or answered by raw bytes. */
  readonly status: number | undefined;
}

export interface Receiver {
  /** `http://127.0.0.1:<port>`, without a path: good as LANGFUSE_BASE_URL and as OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly port: number;
  /** Every request so far, also refused ones, in the order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** What on the wire a real Langfuse would refuse, drop or show late; empty when all is well. */
  readonly violations: readonly string[];
  /** The spans of all accepted requests, a span that came twice twice. */
  spans(): readonly ReceivedSpan[];
  /** Langfuse: the scores that it took, one that came twice twice. */
  scores(): readonly ReceivedScore[];
  /** Langfuse: the files that it was told of, by their ids. */
  media(): ReadonlyMap<string, ReceivedMedia>;
  /** OTLP: the requests with metrics that it took, as JSON. */
  metrics(): readonly unknown[];
  /** Changes how it answers from now on. */
  behave(behaviour: ReceiverBehaviour): void;
  /** Resolves when so many requests have arrived in all. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts an HTTP server on 127.0.0.1 that takes OTLP traces, scores and files as Langfuse does, keeps everything and
 * checks what is on the wire.
 *
 * @param port 0 for any; a number to come back where an earlier receiver was
 */
export async function startReceiver(behaviour: ReceiverBehaviour = {}, port = 0): Promise<Receiver> {
  let current = behaviour;
  let script = [...(behaviour.script ?? [])];
  const requests: ReceivedRequest[] = [];
  const violations: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const api = langfuseApi(() => current);

  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((error: unknown) => {
      violations.push(`the receiver failed: ${String(error)}`);
      response.destroy();
    });
  };
  const { tls } = behaviour;
  const server = tls === undefined ? createServer(listen) : createTlsServer(tls, listen);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await readAll(request);
    const headers = flatHeaders(request);
    const found: string[] = [];
    const extra = current.api?.(apiQuestion(request, headers, raw));
    const read =
      extra === undefined
        ? readBody(request, raw, headers, current, found)
        : { body: raw.toString("utf8"), json: undefined, spans: [] };
    const refusal = refuse(request, headers, read, current, found, extra);
    const [, placed] = Object.entries(current.at ?? {}).find(([end]) => request.url?.endsWith(end)) ?? [];
    const told = placed ?? script.shift() ?? current.always ?? refusal ?? { kind: "accept" };
    const answer = told.kind === "accept" && isApi(request, current) ? asked(request, headers, raw, found) : told;
    violations.push(...found.map((text) => `request ${requests.length + 1}: ${text}`));
    requests.push({
      method: request.method ?? "",
      path: request.url ?? "",
      headers,
      ...read,
      status: statusOf(answer),
    });
    for (const one of waiting) if (requests.length >= one.count) one.resolve();
    if (current.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, current.delayMs));
    reply(answer, response, headers.accept === PROTOBUF && current.dialect === "otlp");
  }

  function asked(
    { method = "", url: path = "" }: IncomingMessage,
    headers: Readonly<Record<string, string>>,
    raw: Buffer,
    found: string[],
  ): Answer {
    const body = headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    const said = api.answer({ method, path, headers, body, origin: `http://${headers.host}` }, found);
    if (said !== undefined) return json(said.status, said.json);
    found.push(`${method} ${path}`);
    return json(405, { message: "Method not allowed" });
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;

  return {
    url: `http${tls === undefined ? "" : "s"}://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    violations,
    spans: () => requests.filter(({ status }) => status === 200).flatMap(({ spans }) => spans),
    scores: () => api.scores,
    media: () => api.media,
    metrics: () =>
      requests.filter(({ status, path }) => status === 200 && path.endsWith(METRICS_PATH)).map(({ json }) => json),
    behave(next) {
      current = next;
      script = [...(next.script ?? [])];
    },
    arrived: (count) =>
      new Promise<void>((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface ReadBody {
  readonly body: string;
  readonly json: unknown;
  readonly spans: readonly ReceivedSpan[];
}

function readBody(
  request: IncomingMessage,
  raw: Buffer,
  headers: Readonly<Record<string, string>>,
  behaviour: ReceiverBehaviour,
  found: string[],
): ReadBody {
  if (isProjectQuestion(request, behaviour)) return { body: "", json: undefined, spans: [] };
  if (request.method === "PUT") return { body: raw.toString("base64"), json: undefined, spans: [] };
  let bytes = raw;
  if (headers["content-encoding"] === "gzip") bytes = gunzipSync(raw);
  else if (headers["content-encoding"] !== undefined) found.push(`content-encoding ${headers["content-encoding"]}`);
  const isProtobuf = headers["content-type"] === PROTOBUF;
  const body = bytes.toString(isProtobuf ? "base64" : "utf8");
  let json: unknown;
  try {
    const decode = isMetrics(request, behaviour) ? metricsOfProtobuf : requestOfProtobuf;
    json = isProtobuf ? decode(bytes) : JSON.parse(body);
  } catch {
    found.push(`the body is not ${isProtobuf ? "protobuf" : "JSON"}`);
    return { body, json: undefined, spans: [] };
  }
  if (isApi(request, behaviour)) return { body, json, spans: [] };
  if (isMetrics(request, behaviour)) {
    if (!isMetricsRequest(json)) found.push("no resourceMetrics");
    return { body, json, spans: [] };
  }
  return { body, json, spans: readSpans(json, found) };
}

const METRICS_PATH = "/v1/metrics";
/** What of Langfuse's API the receiver has, and where it lets files be put. */
const API_PATH = /\/api\/public\/(?:ingestion|media(?:\/[^/]*)?)$|^\/storage\//;

function isApi({ url = "" }: IncomingMessage, { dialect }: ReceiverBehaviour): boolean {
  return dialect !== "otlp" && API_PATH.test(url);
}

function isMetrics({ url = "" }: IncomingMessage, { dialect }: ReceiverBehaviour): boolean {
  return dialect === "otlp" && url.endsWith(METRICS_PATH);
}

function isMetricsRequest(json: unknown): boolean {
  return typeof json === "object" && json !== null && "resourceMetrics" in json && Array.isArray(json.resourceMetrics);
}

function isProjectQuestion({ url }: IncomingMessage, { project }: ReceiverBehaviour): boolean {
  return project !== undefined && url === PROJECTS_PATH;
}

const PROTOBUF = "application/x-protobuf";

const PROJECTS_PATH = "/api/public/projects";

function apiQuestion(
  { method = "GET", url = "/" }: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  raw: Buffer,
): ApiQuestion {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  let json: unknown;
  try {
    json = JSON.parse(raw.toString("utf8"));
  } catch {
    // Whoever wants a body says so.
  }
  return { method, path: pathname, query: searchParams, headers, json };
}

/**
 * How Langfuse would refuse the request, or undefined when it would take it.
 * @param told what its API answers to the right keys
 */
function refuse(
  request: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  read: ReadBody,
  behaviour: ReceiverBehaviour,
  found: string[],
  told: Answer | undefined,
): Answer | undefined {
  const malformed = found.filter((text) => !text.includes("lone surrogate"));
  const isQuestion = told !== undefined || isProjectQuestion(request, behaviour);
  // A signed address is all that the storage asks for.
  if (isApi(request, behaviour) && request.url?.startsWith("/storage/")) return undefined;
  const isAsked = isQuestion || isApi(request, behaviour);
  if (request.method !== "POST" && !isAsked) {
    found.push(`method ${request.method}`);
    return json(405, { message: "Method not allowed" });
  }
  if (behaviour.dialect !== "otlp") {
    if (!isAsked && !request.url?.endsWith("/api/public/otel/v1/traces")) {
      found.push(`path ${request.url}`);
      return { kind: "status", status: 404, body: "<html>not found</html>" };
    }
    const keys = basicKeys(headers.authorization);
    if (keys === undefined) {
      found.push("no Basic authentication");
      return json(401, { message: "No authorization header" });
    }
    const wanted = behaviour.keys;
    if (wanted && (keys.publicKey !== wanted.publicKey || keys.secretKey !== wanted.secretKey)) {
      return json(401, {
        message: "Invalid credentials. Confirm that you've configured the correct host.",
      });
    }
    if (headers["x-langfuse-ingestion-version"] !== "4") found.push("no x-langfuse-ingestion-version: 4");
    for (const name of ["x-langfuse-sdk-name", "x-langfuse-sdk-version", "x-langfuse-public-key"]) {
      if (!headers[name]) found.push(`no ${name}`);
    }
  }
  if (told !== undefined) return told;
  if (isQuestion) return json(200, { data: [behaviour.project] });
  if (isApi(request, behaviour)) return undefined;
  if (!["application/json", PROTOBUF].includes(headers["content-type"]?.split(";")[0]?.trim() ?? "")) {
    found.push(`content-type ${headers["content-type"]}`);
    return json(400, { error: "Invalid content type" });
  }
  if (behaviour.maxBytes !== undefined && Buffer.byteLength(read.body) > behaviour.maxBytes) {
    return json(413, { message: "Request entity too large" });
  }
  const refused = new Set(behaviour.refuseSpanIds ?? []);
  const bad = read.spans.filter(({ spanId }) => refused.has(spanId));
  if (bad.length > 0 || malformed.length > 0) {
    const error = `Invalid OTLP trace export: ${Math.max(1, bad.length)} of ${read.spans.length} span(s) cannot be processed. The entire export was rejected.`;
    return json(400, { error });
  }
  return undefined;
}

function basicKeys(
  authorization: string | undefined,
): { readonly publicKey: string; readonly secretKey: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 1) return undefined;
  return { publicKey: decoded.slice(0, colon), secretKey: decoded.slice(colon + 1) };
}

function json(status: number, value: unknown): Answer {
  return { kind: "status", status, body: JSON.stringify(value) };
}

function statusOf(answer: Answer): number | undefined {
  switch (answer.kind) {
    case "accept":
    case "partial":
      return 200;
    case "status":
      return answer.status;
    case "redirect":
      return answer.status ?? 302;
    case "endless":
      return 200;
    case "raw":
    case "hang":
    case "reset":
      return undefined;
    default:
      return answer satisfies never;
  }
}

/** @param asProtobuf as an OTLP receiver answers to protobuf; Langfuse answers JSON to it too */
function reply(answer: Answer, response: ServerResponse, asProtobuf: boolean): void {
  const type = { "content-type": "application/json" };
  switch (answer.kind) {
    case "accept":
      if (asProtobuf) return void response.writeHead(200, { "content-type": PROTOBUF }).end(responseProtobuf());
      response.writeHead(200, type).end('{"name":"otel-ingestion-job","data":{"id":"1"}}');
      return;
    case "partial": {
      const { rejectedSpans, errorMessage } = answer;
      if (asProtobuf) {
        const partial = responseProtobuf({ rejectedSpans: Number(rejectedSpans), errorMessage });
        return void response.writeHead(200, { "content-type": PROTOBUF }).end(partial);
      }
      response.writeHead(200, type).end(JSON.stringify({ partialSuccess: { rejectedSpans, errorMessage } }));
      return;
    }
    case "status":
      response.writeHead(answer.status, { ...type, ...answer.headers }).end(answer.body ?? "");
      return;
    case "redirect":
      response.writeHead(answer.status ?? 302, { location: answer.location }).end();
      return;
    case "raw":
      response.socket?.end(answer.bytes);
      return;
    case "endless": {
      const write = () => {
        while (!response.destroyed && response.write(answer.part));
      };
      response.writeHead(200, type).on("drain", write).flushHeaders();
      if (answer.part !== "") write();
      return;
    }
    case "hang":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    default:
      answer satisfies never;
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}
