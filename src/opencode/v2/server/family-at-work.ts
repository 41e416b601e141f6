import { fieldsOf } from "../../../text/json-fields.js";
import type { Client2 } from "./client.js";
import { childrenOf2 } from "./read-session.js";
import { requestData } from "./request.js";

/** What of a session and its subagents is at work. */
export interface FamilyAtWork {
  /** The ids of those that are. */
  readonly active: readonly string[];
  /** Whether it has started subagents, however long ago. */
  readonly hasChildren: boolean;
}

const MOST_SESSIONS = 1_000;

/**
 * Which of a session and its subagents' are at work on a server of opencode 2. What is at work is asked first: who is
 * it was started before, and is in the family that is asked for then.
 *
 * @param isAtRest whether the session itself was told to be, and is not known to have subagents: where it has none there
 *   is nobody who could start one, and both questions go out together
 * @throws {ServerRequestError} when the server cannot be asked
 */
export async function familyAtWork(
  client: Client2,
  sessionId: string,
  signal: AbortSignal,
  isAtRest = false,
): Promise<FamilyAtWork> {
  const { connection } = client;
  if (isAtRest) {
    const asked = [busyOn(client, signal), childrenOf2(connection, sessionId, signal)] as const;
    const [busy, children] = await Promise.all(asked);
    if (children.length === 0) return { active: busy.has(sessionId) ? [sessionId] : [], hasChildren: false };
  }
  const busy = await busyOn(client, signal);
  const family = new Set([sessionId]);
  for (const id of family) {
    if (family.size >= MOST_SESSIONS) break;
    for (const child of await childrenOf2(connection, id, signal)) family.add(child);
  }
  return { active: [...family].filter((id) => busy.has(id)), hasChildren: family.size > 1 };
}

async function busyOn({ connection }: Client2, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { data } = await requestData(connection, "/api/session/active", { what: "ask what is at work", signal });
  return new Set(Object.keys(fieldsOf(data)));
}
