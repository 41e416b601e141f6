import { statSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { OpencodeClient, PermissionRuleset } from "@opencode-ai/sdk/v2/client";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import { fieldsOf } from "../../text/json-fields.js";
import type { CheckedRequest } from "../request/run-request.js";
import { authorization, type ServerConnection } from "./connection.js";
import { isOk, send, textOf } from "./patient-fetch.js";

/**
 * What `opencode run` denies in the sessions that it makes: there is no person to ask, and no plan mode to switch to.
 */
const UNATTENDED: PermissionRuleset = [
  { permission: "question", action: "deny", pattern: "*" },
  { permission: "plan_enter", action: "deny", pattern: "*" },
  { permission: "plan_exit", action: "deny", pattern: "*" },
];

/**
 * The session that a prompt belongs to, as `opencode run` finds or makes it: the named one, the project's last one, a
 * copy of either, or a new one.
 *
 * @param create makes a new one
 * @returns its id
 * @throws {SessionNotFoundError} when the named one does not exist
 * @throws {ServerRequestError} when the server refuses
 */
export async function openSession(
  client: OpencodeClient,
  request: CheckedRequest,
  environment: Readonly<Record<string, string | undefined>>,
  create: () => Promise<string>,
): Promise<string> {
  const continued = request.session ?? (request.continueLast ? await lastSession(client) : undefined);
  const id =
    continued === undefined ? await create() : await continuedSession(client, continued, request.fork ?? false);
  // Not waited for: that it fails, or comes late, is no reason not to work.
  shareWhereConfigured(client, id, environment).catch(() => undefined);
  return id;
}

const MOST_ANSWER_BYTES = 1024 * 1024;

/**
 * Makes a new session. By a plain request, so that opencode can do so while its client is still loaded.
 *
 * @returns its id
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function createSession(
  connection: ServerConnection,
  { directory, title }: Pick<CheckedRequest, "directory" | "title">,
  signal?: AbortSignal,
): Promise<string> {
  const body = { ...(title === undefined ? {} : { title }), permission: UNATTENDED };
  const headers = {
    ...authorization(connection),
    ...{ "content-type": "application/json", "x-opencode-directory": encodeURIComponent(directory) },
  };
  let status: number | undefined;
  try {
    const json = Buffer.from(JSON.stringify(body), "utf8");
    const answer = await send(`${connection.url}/session`, { method: "POST", headers, body: json, signal });
    status = answer.statusCode;
    const text = await textOf(answer, MOST_ANSWER_BYTES);
    const said: unknown = /^\s*\{/.test(text) ? JSON.parse(text) : text;
    const { id } = fieldsOf(said);
    if (isOk(answer) && typeof id === "string") return id;
    throw new ServerRequestError("make a session", said, status);
  } catch (error) {
    if (error instanceof ServerRequestError) throw error;
    throw new ServerRequestError("make a session", error, status);
  }
}

async function continuedSession(client: OpencodeClient, id: string, fork: boolean): Promise<string> {
  const known = await client.session.get({ sessionID: id });
  if (known.response?.status === 404) throw new SessionNotFoundError(id);
  if (!known.data) throw new ServerRequestError(`find the session ${id}`, known.error, known.response?.status);
  if (!fork) return known.data.id;
  const { data, error, response } = await client.session.fork({ sessionID: id });
  if (!data) throw new ServerRequestError(`copy the session ${id}`, error, response?.status);
  return data.id;
}

/** The last one of the project that is no subagent's; a new one where there is none. */
async function lastSession(client: OpencodeClient): Promise<string | undefined> {
  const { data, error, response } = await client.session.list();
  if (!data) throw new ServerRequestError("list its sessions", error, response?.status);
  return data.find(({ parentID }) => parentID === undefined)?.id;
}

/** As `opencode run` does for users who have chosen it. */
async function shareWhereConfigured(
  client: OpencodeClient,
  sessionID: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { data } = await client.config.get();
  const isOn = /^(?:1|true)$/i.test(environment.OPENCODE_AUTO_SHARE ?? "");
  if (data?.share === "auto" || (isOn && data?.share !== "disabled")) await client.session.share({ sessionID });
}

/**
 * The agent to ask for: undefined, for opencode's default, where there is none of that name or only one for subagents.
 * `opencode run` does the same.
 */
export async function usableAgent(
  client: OpencodeClient,
  asked: string | undefined,
): Promise<{ readonly agent?: string; readonly agents: readonly string[] }> {
  if (asked === undefined) return { agents: [] };
  const { data, error, response } = await client.app.agents();
  if (!data) throw new ServerRequestError("list its agents", error, response?.status);
  const found = data.find(({ name }) => name === asked);
  const agents = data.filter(({ mode }) => mode !== "subagent").map(({ name }) => name);
  return found && found.mode !== "subagent" ? { agent: asked, agents } : { agents };
}

/** A file part as `opencode run` makes it: opencode itself finds out later what is in the file. */
export function filePart(path: string): {
  readonly type: "file";
  readonly url: string;
  readonly filename: string;
  readonly mime: string;
} {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const mime = isFolder ? "application/x-directory" : "text/plain";
  return { type: "file", url: pathToFileURL(path).href, filename: basename(path), mime };
}
