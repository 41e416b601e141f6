import { ServerRequestError } from "../../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../../errors/session-not-found-error.js";
import { isTooDeep, TOO_DEEP } from "../../../text/json-depth.js";
import { isFields } from "../../../text/json-fields.js";
import { collectSessions, type ExportResult, type ReadSession } from "../../cli/export-session.js";
import { exportFromJson } from "../../read/read-export.js";
import { isSessionId } from "../../schema/ids.js";
import type { ServerConnection } from "../../server/connection.js";
import { pages } from "./pages.js";
import { requestData, requestOfSession } from "./request.js";

/**
 * A session with those of its subagents as a server of opencode 2 has them at this moment. `opencode session export`
 * writes the same, but for messages that are not at their end: of a session that is at work, or whose opencode was
 * killed, only the server tells them.
 *
 * A subagent's session that cannot be read is a note, not a failure.
 *
 * @throws {SessionNotFoundError} when the server does not know the session
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 * @throws {InvalidExportError} when what it says cannot be read
 */
export async function readSession2From(
  connection: ServerConnection,
  sessionId: string,
  signal?: AbortSignal,
): Promise<ExportResult> {
  return await collectSessions(sessionId, {
    read: async (id) => asRead(await rawSession2From(connection, id, signal), id),
    childrenOf: (id) => childrenOf2(connection, id, signal),
    signal,
  });
}

/**
 * The same of a session that has been read already, and that has started no other one.
 *
 * @throws {InvalidExportError} when what the server said cannot be read
 */
export async function readSession2Of(
  connection: ServerConnection,
  sessionId: string,
  raw: RawSession2,
  signal?: AbortSignal,
): Promise<ExportResult> {
  const isIt = (id: string): boolean => id === sessionId;
  return await collectSessions(sessionId, {
    read: async (id) => asRead(isIt(id) ? raw : await rawSession2From(connection, id, signal), id),
    childrenOf: async (id) => (isIt(id) ? [] : await childrenOf2(connection, id, signal)),
    signal,
  });
}

function asRead({ info, messages }: RawSession2, id: string): ReadSession {
  // As `opencode session export` writes it.
  return {
    text: `${JSON.stringify({ info, messages }, null, 2)}\n`,
    session: exportFromJson({ info, messages }, id),
  };
}

/** A session as the server gives it, with all of its messages, the oldest first. */
export interface RawSession2 {
  readonly info: unknown;
  readonly messages: readonly unknown[];
}

/**
 * One session as it stands in a server of opencode 2, unread.
 *
 * @throws {SessionNotFoundError} when the server does not know the session
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function rawSession2From(
  connection: ServerConnection,
  id: string,
  signal?: AbortSignal,
): Promise<RawSession2> {
  return await beginReading2(connection, id, signal).whole;
}

/** A session that is being read; both fail as {@link rawSession2From} does. */
export interface BegunReading2 {
  /** What is told of it beside its messages. */
  readonly info: Promise<unknown>;
  readonly whole: Promise<RawSession2>;
}

/** Begins to read a session; who does not wait for it need not see to its failure. */
export function beginReading2(connection: ServerConnection, id: string, signal?: AbortSignal): BegunReading2 {
  const isId = isSessionId(id);
  const refused = async () => Promise.reject(new SessionNotFoundError(id));
  const info = isId ? requestOfSession(connection, id, "", { signal }).then(({ data }) => data) : refused();
  const whole = isId ? withMessages(connection, id, info, signal) : refused();
  for (const one of [info, whole]) one.catch(() => undefined);
  return { info, whole };
}

async function withMessages(
  connection: ServerConnection,
  id: string,
  told: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<RawSession2> {
  const ending = new AbortController();
  const reach = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
  const ask = (query: Readonly<Record<string, string | number | undefined>>) =>
    requestOfSession(connection, id, "/message", { query, signal: reach });
  const read = async (): Promise<readonly unknown[]> => {
    const all: unknown[] = [];
    for await (const page of pages(ask, { order: "asc" })) all.push(...page);
    return all;
  };
  const reading = read();
  // Told of below; that there is no such session is told by its own route.
  reading.catch(() => undefined);
  try {
    const info = await told;
    const messages = await reading;
    if (isTooDeep([info, messages]))
      throw new ServerRequestError(`read the session ${id}`, `its answer ${TOO_DEEP}`, undefined);
    return { info, messages };
  } finally {
    ending.abort();
  }
}

/** The oldest first, as they were started. */
export async function childrenOf2(
  connection: ServerConnection,
  id: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const ask = (query: Readonly<Record<string, string | number | undefined>>) =>
    requestData(connection, "/api/session", { what: `list the subagents of ${id}`, query, signal });
  const children: { readonly id: string; readonly created: number }[] = [];
  for await (const page of pages(ask, { parentID: id, order: "asc" })) {
    for (const session of page) {
      // A server that does not know the filter would make all sessions children of each.
      if (!isFields(session) || session.parentID !== id || typeof session.id !== "string") continue;
      const created = isFields(session.time) ? session.time.created : undefined;
      children.push({ id: session.id, created: typeof created === "number" ? created : 0 });
    }
  }
  return children.sort((a, b) => a.created - b.created).map((child) => child.id);
}
