import { ServerRequestError } from "../../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../../errors/session-not-found-error.js";
import { isFields } from "../../../text/json-fields.js";
import { authorization, MOST_MESSAGES_BYTES, type ServerConnection } from "../../server/connection.js";
import { send, textOf } from "../../server/patient-fetch.js";

export interface RequestOptions {
  /** What is asked for, to stand after "could not" in an error; the method and the path when not given. */
  readonly what?: string;
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Of the answer; a longer one is an error. */
  readonly mostBytes?: number;
}

/** What a server of opencode 2 answered. */
export interface ServerAnswer {
  readonly status: number;
  /** Undefined where there is no body, or one that is no JSON. */
  readonly json: unknown;
  /** Of the text, in characters. */
  readonly length: number;
}

/**
 * Asks a server of opencode 2. There is no client of opencode's own for it on npm that Node 20 runs, and the routes are
 * few. It waits for an answer as long as it takes. Without the classes of `fetch`, which take longer to load than most
 * of a start.
 *
 * @param path such as `/api/session`
 * @throws {ServerRequestError} when the server cannot be reached or breaks off; an answer of any status is no error
 * @throws the signal's reason
 */
export async function requestJson(
  connection: ServerConnection,
  path: string,
  options: RequestOptions = {},
): Promise<ServerAnswer> {
  const { method = "GET", query = {}, body, signal, mostBytes = MOST_MESSAGES_BYTES } = options;
  const url = new URL(path, connection.url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  try {
    const json = body === undefined ? undefined : Buffer.from(JSON.stringify(body), "utf8");
    const headers = {
      ...authorization(connection),
      accept: "application/json",
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    };
    // Each request in flight listens to its signal, and more than ten to one would be warned of.
    const own = signal && AbortSignal.any([signal]);
    const answer = await send(url.href, { method, headers, body: json, signal: own });
    const text = await textOf(answer, mostBytes);
    return { status: answer.statusCode ?? 500, json: parsed(text), length: text.length };
  } catch (error) {
    signal?.throwIfAborted();
    throw new ServerRequestError(whatOf(path, options), error, undefined);
  }
}

/**
 * The same for a question that has to be answered: what stands in the answer, which is `{ data: … }`.
 *
 * @throws {ServerRequestError} when the server refuses, or answers with something else
 */
export async function requestData(
  connection: ServerConnection,
  path: string,
  options: RequestOptions = {},
): Promise<DataAnswer> {
  const answer = await requestJson(connection, path, options);
  if (isSuccess(answer) && isFields(answer.json) && "data" in answer.json) {
    const { data, cursor } = answer.json;
    const next = isFields(cursor) && typeof cursor.next === "string" ? cursor.next : undefined;
    return { data, next, length: answer.length };
  }
  throw new ServerRequestError(whatOf(path, options), answer.json ?? "", answer.status);
}

export interface DataAnswer {
  readonly data: unknown;
  /** What asks for the next page; there may be nothing on it. */
  readonly next: string | undefined;
  readonly length: number;
}

/**
 * The same about one session.
 *
 * @throws {SessionNotFoundError} when the server does not know it
 */
export async function requestOfSession(
  connection: ServerConnection,
  sessionId: string,
  path: string,
  options: RequestOptions = {},
): Promise<DataAnswer> {
  try {
    return await requestData(connection, `/api/session/${encodeURIComponent(sessionId)}${path}`, {
      what: `read the session ${sessionId}`,
      ...options,
    });
  } catch (error) {
    const isUnknown = error instanceof ServerRequestError && error.statusCode === 404 && isNotFound(error.answer);
    throw isUnknown ? new SessionNotFoundError(sessionId, { cause: error }) : error;
  }
}

/** A route that a server does not have is answered by 404 as well, but without a reason. */
function isNotFound(answer: unknown): boolean {
  return isFields(answer) && answer._tag === "SessionNotFoundError";
}

/** Whether a server did what it was asked for. */
export function isSuccess({ status }: ServerAnswer): boolean {
  return status >= 200 && status < 300;
}

function whatOf(path: string, { what, method = "GET" }: RequestOptions): string {
  return what ?? `answer ${method} ${path}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
