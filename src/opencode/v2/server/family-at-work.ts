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
 * Which of a session and its subagents' are at work on a server of opencode 2.
 *
 * @throws {ServerRequestError} when the server cannot be asked
 */
export async function familyAtWork(client: Client2, sessionId: string, signal: AbortSignal): Promise<FamilyAtWork> {
  const { connection } = client;
  const what = "ask what is at work";
  const { data } = await requestData(connection, "/api/session/active", { what, signal });
  const busy = new Set(Object.keys(fieldsOf(data)));
  const family = new Set([sessionId]);
  for (const id of family) {
    if (family.size >= MOST_SESSIONS) break;
    for (const child of await childrenOf2(connection, id, signal)) family.add(child);
  }
  return { active: [...family].filter((id) => busy.has(id)), hasChildren: family.size > 1 };
}
