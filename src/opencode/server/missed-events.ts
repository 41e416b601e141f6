import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { readServerEvent, type ServerEvent } from "../schema/server-event.js";

const MOST_SESSIONS = 1_000;

/**
 * What the events of a turn would have told while the stream was away, as far as the server still knows it: its
 * subagents, its messages with their parts, and the permissions that wait for an answer. Failed requests that were made
 * again are not among it.
 *
 * What cannot be read is left out. Much of it has been told before: the ids tell which.
 *
 * @param startedAt when the run began, ms since the epoch
 */
export async function missedEvents(
  client: OpencodeClient,
  sessionId: string,
  startedAt: number,
  signal: AbortSignal,
): Promise<readonly ServerEvent[]> {
  const options = { signal };
  const events: ServerEvent[] = [];
  const add = (type: ServerEvent["type"], properties: object): void => {
    const read = readServerEvent(JSON.stringify({ type, properties }), Date.now())?.event;
    if (read) events.push(read);
  };
  const unasked = [sessionId];
  const seen = new Set(unasked);
  for (let id = unasked.shift(); id !== undefined; id = unasked.shift()) {
    const { data } = await client.session.children({ sessionID: id }, options);
    for (const info of data ?? []) {
      if (info.time.created < startedAt || seen.has(info.id) || seen.size >= MOST_SESSIONS) continue;
      seen.add(info.id);
      unasked.push(info.id);
      add("session.created", { info });
    }
  }
  const messages = await client.session.messages({ sessionID: sessionId }, options);
  for (const { info, parts } of messages.data ?? []) {
    if (info.role !== "assistant" || info.time.created < startedAt) continue;
    add("message.updated", { sessionID: sessionId, info });
    for (const part of parts) add("message.part.updated", { sessionID: sessionId, part });
  }
  const waiting = await client.permission.list({}, options);
  for (const asked of waiting.data ?? []) add("permission.asked", asked);
  return events;
}
