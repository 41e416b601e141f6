import { type EventSource, followSource } from "../../server/event-stream.js";
import type { ServerAdapter } from "../../server/server-adapter.js";
import { type BegunSession, withSubagents } from "../../server/subagent-progress.js";
import type { SendReply } from "../../server/turn-watch.js";
import { type Client2, firstKnown, tellSession2 } from "./client.js";
import { factsOf2 } from "./event-facts.js";
import { missedEvents2 } from "./missed-events.js";
import { asksFirst2, createSession2, openSession2 } from "./open-session.js";
import { playTurn2 } from "./play-turn.js";
import { promptFiles } from "./prompt-files.js";
import { isSuccess } from "./request.js";
import { servedProgress2 } from "./served-progress.js";
import { readServerEvent2, type ServerEvent2, sessionIdOf2 } from "./server-event.js";

/** Those of all projects: the server tells them together. */
export const EVENTS_OF_2: EventSource<ServerEvent2> = {
  address: (base) => new URL(`${base}/api/event`),
  read: readServerEvent2,
};

/** How a server of opencode 2 is driven. */
export const adapterOf2: ServerAdapter<Client2, ServerEvent2> = {
  connect: async (connection, directory, signal) => ({ connection, directory, signal }),
  follow: (connection, { signal, onEvent, onConnected }) =>
    followSource(EVENTS_OF_2, connection, { signal, onEvent, onConnected }),
  create: createSession2,
  asksFirst: asksFirst2,
  open: async (client, request, agent, environment, create) => {
    // What cannot be handed over is better known before there is a session.
    await promptFiles(request.files);
    return await openSession2(client, request, agent, environment, create);
  },
  missed: missedEvents2,
  facts: factsOf2,
  progress: withSubagents(servedProgress2, begunBy),
  // The server gives out all messages, at any time.
  told: () => ({ take: () => undefined, forget: () => undefined, messages: () => [] }),
  reply: (client) => (answer) => reply(client, answer),
  serve: refuseForm,
  // It writes it down, for the project and for good.
  keepsAlways: true,
  play: playTurn2,
};

async function reply(client: Client2, { sessionID, requestID, reply: decision }: Parameters<SendReply>[0]) {
  const message = decision === "reject" ? "Nobody is there who could allow it; go on without it." : undefined;
  // Under both names that the answer has had.
  const body = { decision, reply: decision, ...(message === undefined ? {} : { message }) };
  const path = `/permission/${encodeURIComponent(requestID)}/reply`;
  const answer = await tellSession2(client, sessionID, path, { body }).catch(() => undefined);
  return { response: answer && { ok: isSuccess(answer) } };
}

/** The owner of a form that a tool server's question made, which belongs to no session. */
const NO_SESSION = "global";

/** There is no person who could fill it in. */
function refuseForm(client: Client2, event: ServerEvent2, isOurs: (sessionId: string) => boolean): void {
  if (event.type !== "form.created") return;
  const { id, sessionID } = event.data.form;
  if (sessionID !== NO_SESSION && !isOurs(sessionID)) return;
  const path = `/form/${encodeURIComponent(id)}`;
  const query = {
    message: "Nobody is there who could answer; decide yourself.",
    "location[directory]": client.directory,
  };
  firstKnown(
    () => tellSession2(client, sessionID, path, { method: "DELETE", query }),
    () => tellSession2(client, sessionID, `${path}/cancel`),
  ).catch(() => undefined);
}

function begunBy(event: ServerEvent2): BegunSession | undefined {
  if (event.type !== "session.created") return undefined;
  const { parentID } = event.data;
  // What it is to do is told by no event of its beginning.
  return parentID ? { id: sessionIdOf2(event), parentId: parentID, title: "" } : undefined;
}
