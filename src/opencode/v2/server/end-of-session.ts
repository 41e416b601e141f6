import { ServerRequestError } from "../../../errors/server-request-error.js";
import { fieldsOf } from "../../../text/json-fields.js";
import type { ServerConnection } from "../../server/connection.js";
import type { SessionEnd } from "../../server/list-sessions.js";
import { requestOfSession } from "./request.js";

/** Behind the last message that counts there may be some that do not: another agent, a person's own command. */
const MESSAGES = 50;
/** The next step's message, or the word that the session is idle, is there at once. */
const BETWEEN_STEPS_MS = 10_000;

/**
 * How a session of opencode 2 ends. `GET /api/session/active` does not tell it: it knows what is at work in that
 * server, and this one only reads what others do.
 *
 * @throws {SessionNotFoundError} when the server does not know the session
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function endOfSession2(
  connection: ServerConnection,
  id: string,
  signal?: AbortSignal,
): Promise<SessionEnd> {
  const query = { order: "desc", limit: MESSAGES };
  const { data } = await requestOfSession(connection, id, "/message", { query, signal });
  if (!Array.isArray(data)) throw new ServerRequestError(`read the session ${id}`, "it is no list", undefined);
  for (const raw of data) {
    const message = fieldsOf(raw);
    const state = stateAfter(message);
    if (state !== undefined) return { state, messageId: typeof message.id === "string" ? message.id : undefined };
  }
  return { state: "at-rest", messageId: undefined };
}

/** @returns undefined for a message that neither is answered nor says that something else was */
function stateAfter({
  type,
  time,
  finish,
  error,
  status,
}: Readonly<Record<string, unknown>>): SessionEnd["state"] | undefined {
  const { completed, created } = fieldsOf(time);
  switch (type) {
    // The previews have none.
    case "idle":
      return "at-rest";
    case "user":
    case "synthetic":
      return "unanswered";
    case "assistant":
      if (typeof completed !== "number") return "at-work";
      return finish === "tool-calls" && error === undefined && isRecent(completed) ? "at-work" : "at-rest";
    case "compaction":
      return status === "running" || (typeof created === "number" && isRecent(created)) ? "at-work" : "at-rest";
    default:
      return undefined;
  }
}

function isRecent(at: number): boolean {
  return Date.now() - at < BETWEEN_STEPS_MS;
}
