import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { z } from "zod";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import { MOST_MESSAGES_BYTES } from "./connection.js";
import { isBefore, type MirroredMessage } from "./session-mirror.js";

/**
 * What the events of a server have told of a session's messages, in the order of their times; perhaps not all of them.
 */
export type ToldMessages = (sessionId: string) => readonly MirroredMessage[];

/**
 * All messages of a session as a server has them, the oldest first.
 *
 * opencode 1.18 refuses them all (status 400, "Expected OutputFormatJsonSchema") where one asked for a structured
 * answer: it cannot write that one by its own schema. A page of messages behind which there are older ones it writes as
 * they are stored. So only the oldest message of a session can be kept back; that one is taken from what the events
 * told.
 *
 * @throws {SessionNotFoundError} when the server does not know the session
 * @throws {ServerRequestError} when the server cannot be reached or refuses, and no event told the message that it
 * keeps back
 */
export async function readMessages(
  client: OpencodeClient,
  sessionId: string,
  told: ToldMessages,
  signal?: AbortSignal,
): Promise<unknown> {
  const all = await client.session.messages({ sessionID: sessionId }, ownSignal(signal));
  if (all.response?.status !== REFUSED) return dataOf(all, sessionId);
  const read: unknown[] = [];
  let before: string | undefined;
  let limit = 1;
  let grows = true;
  let size = 0;
  for (let asked = 0; asked < MOST_PAGES; asked += 1) {
    const from = before === undefined ? {} : { before };
    const page = await client.session.messages({ sessionID: sessionId, limit, ...from }, ownSignal(signal));
    const isRefused = page.response?.status === REFUSED;
    if (isRefused && limit === 1) {
      const oldest = oldestTold(told(sessionId), read);
      if (oldest) return [oldest, ...read];
      break;
    }
    if (!isRefused) {
      const messages = z.array(z.unknown()).max(limit).parse(dataOf(page, sessionId));
      size += JSON.stringify(messages).length;
      if (size > MOST_MESSAGES_BYTES) break;
      read.unshift(...messages);
      const next = page.response?.headers.get("x-next-cursor") ?? undefined;
      if (next === undefined) return read;
      before = next;
    }
    // Once a page was refused, no more than its limit are left, and half of that at each further one.
    grows &&= !isRefused;
    limit = grows ? limit * 2 : Math.max(1, limit / 2);
  }
  return dataOf(all, sessionId);
}

const REFUSED = 400;
/** Pages double, and halve at the end: so many hold more messages than any session has. */
const MOST_PAGES = 60;

const identified = z.looseObject({ info: z.looseObject({ id: z.string(), role: z.string() }) });

/** The one message that is missing before those that were read, as opencode stores it. */
function oldestTold(
  told: readonly MirroredMessage[],
  read: readonly unknown[],
): { readonly info: object; readonly parts: readonly object[] } | undefined {
  const [oldest] = told;
  if (oldest?.info.format === undefined) return undefined;
  const next = identified.safeParse(read[0]).data;
  if (next ? !isBefore(oldest.info, next.info) : read.length > 0) return undefined;
  const { id, sessionID, ...info } = oldest.info;
  return {
    info: { ...info, id, sessionID },
    parts: oldest.parts.map(({ id: partID, sessionID: ofSession, messageID, ...part }) => ({
      ...part,
      ...{ id: partID, sessionID: ofSession, messageID },
    })),
  };
}

/** Each request listens to its signal for ever, and thousands to one would be warned of. */
export function ownSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal ? { signal: AbortSignal.any([signal]) } : {};
}

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response?: Response;
}

/**
 * What a server answered with a question for a session.
 *
 * @throws {SessionNotFoundError} when it does not know the session
 * @throws {ServerRequestError} when it refuses, or could not be asked
 */
export function dataOf({ data, error, response }: Answer, sessionId: string): unknown {
  if (response?.status === 404) throw new SessionNotFoundError(sessionId);
  if (response?.ok === true) return data;
  throw new ServerRequestError(`read the session ${sessionId}`, error, response?.status);
}
