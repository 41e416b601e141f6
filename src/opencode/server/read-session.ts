import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { z } from "zod";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import { isTooDeep, TOO_DEEP } from "../../text/json-depth.js";
import { collectSessions, type ExportResult, type ReadSession } from "../cli/export-session.js";
import { exportFromJson } from "../read/read-export.js";
import { isSessionId } from "../schema/ids.js";
import { dataOf, ownSignal, readMessages, type ToldMessages } from "./read-messages.js";

const sessionList = z.array(z.looseObject({ id: z.string() }));

/**
 * A session with those of its subagents as a server has them at this moment, finished or not: the same as what
 * `opencode export` would write for it.
 *
 * A subagent's session that cannot be read is a note, not a failure; so are subagents that cannot be asked for.
 *
 * @param told what the events have told of it, for a message that the server does not give out
 * @param children where it is known which sessions are below which; else the server is asked for each
 * @throws {SessionNotFoundError} when the server does not know the session
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 * @throws {InvalidExportError} when what it says cannot be read
 */
export async function readSessionFrom(
  client: OpencodeClient,
  sessionId: string,
  signal?: AbortSignal,
  told: ToldMessages = () => [],
  children?: (id: string) => Promise<readonly string[]>,
): Promise<ExportResult> {
  return await collectSessions(sessionId, {
    read: (id) => readOne(client, id, told, signal),
    childrenOf:
      children ??
      (async (id) => {
        const got = await client.session.children({ sessionID: id }, ownSignal(signal));
        const listed = sessionList.safeParse(dataOf(got, id));
        if (!listed.success)
          throw new ServerRequestError(`list the subagents of ${id}`, "its answer is no list of sessions", undefined);
        return listed.data.map((child) => child.id);
      }),
    signal,
  });
}

async function readOne(
  client: OpencodeClient,
  id: string,
  told: ToldMessages,
  signal?: AbortSignal,
): Promise<ReadSession> {
  if (!isSessionId(id)) throw new SessionNotFoundError(id);
  const [got, messages] = await Promise.all([
    client.session.get({ sessionID: id }, ownSignal(signal)),
    readMessages(client, id, told, signal),
  ]);
  const info = dataOf(got, id);
  if (isTooDeep([info, messages]))
    throw new ServerRequestError(`read the session ${id}`, `its answer ${TOO_DEEP}`, undefined);
  // As `opencode export` writes it, so that what is kept does not tell by which way it came; fields may stand in
  // another order.
  return {
    text: `${JSON.stringify({ info, messages }, null, 2)}\n`,
    session: exportFromJson({ info, messages }, id),
  };
}
