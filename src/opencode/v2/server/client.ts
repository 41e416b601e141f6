import type { ServerConnection } from "../../server/connection.js";
import { type RequestOptions, requestData, requestJson, requestOfSession, type ServerAnswer } from "./request.js";

/** A server of opencode 2, in one of its projects. */
export interface Client2 {
  readonly connection: ServerConnection;
  readonly directory: string;
  /** Ends all of its requests. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks what is said of the client's project: its agents, models, tool servers.
 *
 * @returns the list; empty where none is told
 */
export async function listOf2(
  client: Client2,
  path: string,
  options: RequestOptions = {},
): Promise<readonly unknown[]> {
  const query = { "location[directory]": client.directory };
  const { data } = await requestData(client.connection, path, { ...withSignal(client, options), query });
  return Array.isArray(data) ? data : [];
}

/** Tells a session something. The answer may be a refusal. */
export async function tellSession2(
  client: Client2,
  sessionId: string,
  path: string,
  options: RequestOptions = {},
): Promise<ServerAnswer> {
  const full = `/api/session/${encodeURIComponent(sessionId)}${path}`;
  return await requestJson(client.connection, full, { method: "POST", ...withSignal(client, options) });
}

/** What stands in a session's answer, see {@link requestOfSession}. */
export async function dataOf2(
  client: Client2,
  sessionId: string,
  path: string,
  options: RequestOptions = {},
): Promise<unknown> {
  return (await requestOfSession(client.connection, sessionId, path, withSignal(client, options))).data;
}

/**
 * Asks for something by the names that it has had, the newest first: a route that a server does not have is answered by
 * 404 without a reason, or by 405.
 */
export async function firstKnown(
  ask: () => Promise<ServerAnswer>,
  ...others: readonly (() => Promise<ServerAnswer>)[]
): Promise<ServerAnswer> {
  let answer = await ask();
  for (const other of others) {
    if (!isUnknownRoute(answer)) break;
    answer = await other();
  }
  return answer;
}

function isUnknownRoute({ status, json }: ServerAnswer): boolean {
  return (status === 404 || status === 405) && json === undefined;
}

function withSignal({ signal }: Client2, options: RequestOptions): RequestOptions {
  if (!signal) return options;
  return { ...options, signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal };
}
