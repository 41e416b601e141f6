import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { InvalidExportError } from "../../errors/invalid-export-error.js";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import { collectSessions, type ExportResult, type ReadSession } from "../export-session.js";
import { isSessionId } from "../ids.js";
import { readExport } from "../read-export.js";

/**
 * A session with those of its subagents as a server has them at this moment, finished or not: the same as what `opencode export`
 * would write for it.
 *
 * A subagent's session that cannot be read is a note, not a failure.
 *
 * @throws {SessionNotFoundError} when the server does not know the session
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 * @throws {InvalidExportError} when what it says cannot be read
 */
export async function readSessionFrom(
  client: OpencodeClient,
  sessionId: string,
  signal?: AbortSignal,
): Promise<ExportResult> {
  return await collectSessions(sessionId, {
    read: (id) => readOne(client, id, signal),
    childrenOf: async (id) => {
      const { data } = await client.session.children({ sessionID: id }, { ...(signal ? { signal } : {}) });
      return (data ?? []).map((child) => child.id);
    },
    signal,
  });
}

async function readOne(client: OpencodeClient, id: string, signal?: AbortSignal): Promise<ReadSession> {
  if (!isSessionId(id)) throw new SessionNotFoundError(id);
  // As text: it is kept as it is, and read by looptrace's own schemas.
  const options = { parseAs: "text", ...(signal ? { signal } : {}) } as const;
  const info = textOf(await client.session.get({ sessionID: id }, options), id);
  const messages = textOf(await client.session.messages({ sessionID: id }, options), id);
  const text = `{"info":${info},"messages":${messages}}\n`;
  return { text, session: readExport(text, id) };
}

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response?: Response;
}

function textOf({ data, error, response }: Answer, sessionId: string): string {
  if (response?.status === 404) throw new SessionNotFoundError(sessionId);
  if (response?.ok !== true) throw new ServerRequestError(`read the session ${sessionId}`, error, response?.status);
  if (typeof data === "string") return data;
  throw new InvalidExportError(sessionId, "the server answered with something else than a session.");
}
