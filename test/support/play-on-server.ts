import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { z } from "zod";
import type { ExportResult } from "../../src/opencode/cli/export-session.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { ServerEvent } from "../../src/opencode/schema/server-event.js";
import { connect } from "../../src/opencode/server/connection.js";
import { followEvents } from "../../src/opencode/server/event-stream.js";
import { readSessionFrom } from "../../src/opencode/server/read-session.js";
import type { WarmOpenCode } from "./warm-opencode.js";

/** What turns left that were played to the real opencode's server. */
export interface PlayedOnServer {
  readonly sessionId: string;
  /** All events, in their order. */
  readonly events: readonly ServerEvent[];
  /** What the server says when all is over. */
  readonly read: ExportResult;
}

/**
 * Follows the events of a server while something is played in a directory of it, until they have told all that the
 * server says of the session.
 *
 * @param play gives the session's id, when its last turn is over
 */
export async function followedOnServer(
  { server, workdir }: Pick<WarmOpenCode, "server" | "workdir">,
  play: () => Promise<string>,
): Promise<PlayedOnServer> {
  const ending = new AbortController();
  const events: ServerEvent[] = [];
  let connected = (): void => undefined;
  const isConnected = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const following = followEvents(server, {
    // The stream of all projects begins a moment after it has said so.
    directory: workdir,
    signal: ending.signal,
    onConnected: () => connected(),
    onEvent: (event) => events.push(event),
  });
  try {
    await isConnected;
    const sessionId = await play();
    const client = await connect(server, workdir);
    // What comes behind the end, such as a session's summary, has its event too, and may come after what is read or
    // before.
    for (;;) {
      const read = await readSessionFrom(client, sessionId);
      const isTold = sessionsOf(read.tree).every((info) => info.time.updated === lastUpdate(events, info.id));
      if (isTold && summariesOf(read).every(([id, summary]) => summary === lastSummary(events, id)))
        return { sessionId, events: [...events], read };
      await new Promise((later) => setTimeout(later, 20));
    }
  } finally {
    ending.abort();
    await following;
  }
}

export async function openSession(client: OpencodeClient): Promise<string> {
  const { data, error } = await client.session.create({});
  if (!data) throw new Error(`no session: ${JSON.stringify(error)}`);
  return data.id;
}

/** A session and those of its subagents. */
function sessionsOf({ session, children }: SessionTree): readonly SessionTree["session"]["info"][] {
  return [session.info, ...children.flatMap(sessionsOf)];
}

/** When a session was updated last, as far as the events have told, ms since the epoch. */
function lastUpdate(events: readonly ServerEvent[], id: string): number | undefined {
  const told = events.flatMap((event) =>
    (event.type === "session.updated" || event.type === "session.created") && event.properties.info.id === id
      ? [(event.properties.info as { readonly time?: { readonly updated?: number } }).time?.updated]
      : [],
  );
  return told.at(-1);
}

const summarised = z.object({ info: z.object({ id: z.string(), summary: z.unknown().optional() }) });
const exported = z.object({ messages: z.array(summarised) });

/** The messages that were read, each with its summary as text: that comes late too, and by an event of its own. */
function summariesOf({ raw }: ExportResult): readonly (readonly [id: string, summary: string | undefined])[] {
  const messages = [...raw.values()].flatMap((text) => exported.parse(JSON.parse(text)).messages);
  return messages.map(({ info }) => [info.id, JSON.stringify(info.summary)]);
}

/** The summary of a message, as far as the events have told. */
function lastSummary(events: readonly ServerEvent[], id: string): string | undefined {
  const told = events.flatMap(({ type, properties }) => {
    const message = type === "message.updated" ? summarised.safeParse(properties).data : undefined;
    return message?.info.id === id ? [message.info] : [];
  });
  return JSON.stringify(told.at(-1)?.summary);
}
