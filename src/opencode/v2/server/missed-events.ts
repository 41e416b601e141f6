import { type Fields, fieldsOf, isFields } from "../../../text/json-fields.js";
import type { Client2 } from "./client.js";
import { familyAtWork } from "./family-at-work.js";
import { childrenOf2, rawSession2From } from "./read-session.js";
import { requestData } from "./request.js";
import { readServerEvent2, type ServerEvent2 } from "./server-event.js";

const MOST_SESSIONS = 1_000;

/**
 * What the events of a turn would have told while the stream was away, as far as the server still knows it: its
 * subagents, its steps with their tools, the permissions and questions that wait, and that it has come to rest.
 * Requests that failed and were made again meanwhile are not among it: opencode 2 keeps no events.
 *
 * What cannot be read is left out. Much of it has been told before: the ids tell which.
 *
 * @param startedAt when the run began, ms since the epoch
 */
export async function missedEvents2(
  client: Client2,
  sessionId: string,
  startedAt: number,
  signal: AbortSignal,
): Promise<readonly ServerEvent2[]> {
  const { connection } = client;
  const events: ServerEvent2[] = [];
  const add = (type: string, data: Fields, at = Date.now()): void => {
    const id = `evt_missed${events.length}`;
    const read = readServerEvent2(JSON.stringify({ id, created: at, type, data }), at)?.event;
    if (read) events.push(read);
  };
  const { active } = await familyAtWork(client, sessionId, signal);
  const family = new Set([sessionId]);
  for (const id of family) {
    if (family.size >= MOST_SESSIONS) break;
    for (const child of await childrenOf2(connection, id, signal)) {
      family.add(child);
      add("session.created", { sessionID: child, parentID: id });
    }
  }
  const { messages } = await rawSession2From(connection, sessionId, signal);
  for (const message of messages) if (isFields(message)) addMessage(message, sessionId, startedAt, add);
  for (const id of family) {
    const path = `/api/session/${encodeURIComponent(id)}`;
    const listed = async (what: string): Promise<readonly unknown[]> => {
      const { data } = await requestData(connection, `${path}/${what}`, { signal });
      return Array.isArray(data) ? data : [];
    };
    for (const asked of await listed("permission").catch(() => [])) add("permission.asked", fieldsOf(asked));
    for (const form of await listed("form").catch(() => [])) add("form.created", { form });
  }
  const hasBegun = messages.some((message) => isFields(message) && createdAt(message) >= startedAt);
  if (hasBegun && !active.includes(sessionId)) add("session.execution.succeeded", { sessionID: sessionId });
  return events;
}

type Add = (type: string, data: Fields, at?: number) => void;

function addMessage(message: Fields, sessionID: string, startedAt: number, add: Add): void {
  const { id: assistantMessageID, agent, model, content, finish, cost, tokens, error, retry } = message;
  const created = createdAt(message);
  if (message.type !== "assistant" || created < startedAt) return;
  const of = { sessionID, assistantMessageID };
  add("session.step.started", { ...of, agent, model, started: created }, created);
  if (isFields(retry)) add("session.retry.scheduled", { ...of, ...retry });
  for (const item of Array.isArray(content) ? content.filter(isFields) : []) {
    const { type, id, name, text, state, time, executed } = item;
    if (type === "text") add("session.text.ended", { ...of, text });
    if (type !== "tool") continue;
    const { ran = created, completed = created } = fieldsOf(time);
    const { status, input, content: output, metadata, error: failure } = fieldsOf(state);
    const tool = { ...of, id, executed };
    add("session.tool.input.started", { ...tool, name }, created);
    if (isFields(input)) add("session.tool.called", { ...tool, input }, Number(ran));
    const settled = { ...tool, content: output, metadata };
    if (status === "completed") add("session.tool.success", settled, Number(completed));
    if (status === "error") add("session.tool.failed", { ...settled, error: failure }, Number(completed));
  }
  const ended = fieldsOf(message.time).completed;
  if (typeof ended !== "number") return;
  if (error === undefined) add("session.step.ended", { ...of, finish, cost, tokens }, ended);
  else add("session.step.failed", { ...of, error, cost, tokens }, ended);
}

function createdAt({ time }: Fields): number {
  const { created } = fieldsOf(time);
  return typeof created === "number" ? created : 0;
}
