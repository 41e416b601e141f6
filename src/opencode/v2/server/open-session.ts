import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ServerRequestError } from "../../../errors/server-request-error.js";
import { fieldsOf, isFields } from "../../../text/json-fields.js";
import type { CheckedRequest } from "../../request/run-request.js";
import type { ServerConnection } from "../../server/connection.js";
import { refuseUnknownModel } from "../../server/known-model.js";
import type { OpenedSession } from "../../server/server-adapter.js";
import { type Client2, dataOf2, firstKnown, listOf2, tellSession2 } from "./client.js";
import { type ModelRef2, modelRef } from "./model-ref.js";
import { isSuccess, requestData, requestJson } from "./request.js";

/** There is no person to ask. */
const UNATTENDED = [{ action: "question", resource: "*", effect: "deny" }];
/** A project's agents and models are there a moment after they were first asked for. */
const CATALOG_MS = 5_000;
const CATALOG_POLL_MS = 50;

/**
 * The session that a prompt belongs to: the named one, the project's last one, a copy of either, or a new one; with the
 * agent and the model that were asked for.
 *
 * @param agent the one to run with, after the generated configuration had its say
 * @param create makes a new one that needs neither an agent nor a model
 * @throws {SessionNotFoundError} when the named one does not exist
 * @throws {RunRequestError} for a model that the server does not list, where that is to be refused
 * @throws {ServerRequestError} when the server refuses
 */
export async function openSession2(
  asked: Client2,
  request: CheckedRequest,
  agent: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  create: () => Promise<string>,
): Promise<OpenedSession> {
  const client = placed(asked);
  const [usable, model] = await Promise.all([usableAgent(client, agent), usableModel(client, request, environment)]);
  // They are asked for while the session is made.
  const servers = mcpServersOf2(client);
  const continued = request.session ?? (request.continueLast ? await lastSession(client) : undefined);
  const isPlain = usable === undefined && model === undefined;
  const make = () => (isPlain ? create() : newSession(client, request.title, usable, model));
  const sessionId =
    continued === undefined
      ? await make()
      : await continuedSession(client, continued, request.fork ?? false, usable, model);
  return { sessionId, agent: usable, mcpServers: await servers };
}

/** Whether there is more to a new session than its title: then the server is asked for that first. */
export function asksFirst2({ model, variant, files }: CheckedRequest): boolean {
  // What of the files cannot be handed over is better known before there is a session.
  return model !== undefined || variant !== undefined || files.length > 0;
}

/**
 * Makes a new session with opencode's own agent and model.
 *
 * @returns its id
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function createSession2(
  connection: ServerConnection,
  { directory, title }: Pick<CheckedRequest, "directory" | "title">,
  signal?: AbortSignal,
): Promise<string> {
  return await newSession(placed({ connection, directory, signal }), title, undefined, undefined);
}

/** Of a session whose place is a link no snapshots are made. */
function placed(client: Client2): Client2 {
  return { ...client, directory: realpathSync(client.directory) };
}

async function newSession(
  { connection, directory, signal }: Client2,
  title: string | undefined,
  agent: string | undefined,
  model: ModelRef2 | undefined,
): Promise<string> {
  const body = { title, agent, model, permissions: UNATTENDED, location: { directory } };
  const { data } = await requestData(connection, "/api/session", {
    what: "make a session",
    method: "POST",
    body,
    signal,
  });
  const info = identified(data);
  const client = { connection, directory, signal };
  // Builds before 2.0 take no title there.
  if (title !== undefined && info.title !== title)
    await firstKnown(
      () => tellSession2(client, info.id, "", { method: "PATCH", body: { title } }),
      () => tellSession2(client, info.id, "/rename", { body: { title } }),
    );
  return info.id;
}

interface Identified {
  readonly id: string;
  readonly title: unknown;
}

/** @throws {ServerRequestError} for what is no session */
function identified(data: unknown): Identified {
  const { id, title } = fieldsOf(data);
  if (typeof id === "string") return { id, title };
  throw new ServerRequestError("find the session", data, undefined);
}

async function continuedSession(
  client: Client2,
  id: string,
  fork: boolean,
  agent: string | undefined,
  model: ModelRef2 | undefined,
): Promise<string> {
  const known = identified(await dataOf2(client, id, ""));
  const sessionId = fork ? identified(await dataOf2(client, id, "/fork", { method: "POST", body: {} })).id : known.id;
  if (agent !== undefined) await must(client, sessionId, "/agent", { agent });
  if (model !== undefined) await must(client, sessionId, "/model", { model });
  return sessionId;
}

async function must(client: Client2, id: string, path: string, body: object): Promise<void> {
  const answer = await tellSession2(client, id, path, { body });
  if (!isSuccess(answer)) throw new ServerRequestError(`change the session ${id}`, answer.json ?? "", answer.status);
}

/** The last one of the project that is no subagent's; a new one where there is none. */
async function lastSession({ connection, directory, signal }: Client2): Promise<string | undefined> {
  const query = { directory, parentID: "null", order: "desc", limit: 50 };
  const { data } = await requestData(connection, "/api/session", { what: "list its sessions", query, signal });
  const listed = Array.isArray(data) ? data : [];
  const last = listed.find((one) => isFields(one) && !one.parentID && fieldsOf(one.location).directory === directory);
  return isFields(last) && typeof last.id === "string" ? last.id : undefined;
}

/**
 * The agent to ask for: undefined, for opencode's default, where there is none of that name or only one for subagents.
 * `opencode run` does the same.
 */
async function usableAgent(client: Client2, asked: string | undefined): Promise<string | undefined> {
  if (asked === undefined) return undefined;
  const named = (one: unknown): boolean => isFields(one) && (one.id ?? one.name) === asked;
  const agents = await untilListed(client, "/api/agent", named);
  const found = agents.find(named);
  return isFields(found) && found.mode !== "subagent" ? asked : undefined;
}

/** The model that was asked for; a variant alone belongs to the one that would be taken. */
async function usableModel(
  client: Client2,
  request: CheckedRequest,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ModelRef2 | undefined> {
  const { model: name, variant, session } = request;
  if (name !== undefined) {
    const model = modelRef(name, variant);
    // A prompt for one that is not there yet would fail; whether it never is, the prompt tells.
    const listed = await untilListed(client, "/api/model", (one) => {
      return isFields(one) && one.providerID === model.providerID && one.id === model.id;
    });
    const names = listed.flatMap((one) => (isFields(one) ? [`${String(one.providerID)}/${String(one.id)}`] : []));
    if (request.refuseUnknownModel)
      refuseUnknownModel({ ...request, model: `${model.providerID}/${model.id}` }, names, environment);
    return model;
  }
  if (variant === undefined) return undefined;
  const own = session === undefined ? undefined : fieldsOf(await dataOf2(client, session, "")).model;
  const { providerID, id } = fieldsOf(own ?? (await defaultModel(client)));
  return typeof providerID === "string" && typeof id === "string" ? { providerID, id, variant } : undefined;
}

async function defaultModel({ connection, directory, signal }: Client2): Promise<unknown> {
  const query = { "location[directory]": directory };
  return fieldsOf((await requestJson(connection, "/api/model/default", { query, signal })).json).data;
}

/** @returns the list when what is looked for is on it, or as it is when it is not there after some seconds */
async function untilListed(
  client: Client2,
  path: string,
  isIt: (one: unknown) => boolean,
): Promise<readonly unknown[]> {
  const giveUpAt = performance.now() + CATALOG_MS;
  for (;;) {
    const listed = await listOf2(client, path);
    if (listed.some(isIt) || performance.now() > giveUpAt) return listed;
    await sleep(CATALOG_POLL_MS, undefined, client.signal ? { signal: client.signal } : {});
  }
}

/** The names of the tool servers that opencode has in the client's project, but for those that are off. */
export async function mcpServersOf2(client: Client2): Promise<readonly string[]> {
  const listed = await listOf2(client, "/api/mcp").catch(() => []);
  return listed.flatMap((one) => {
    const { name, status } = fieldsOf(one);
    return typeof name === "string" && fieldsOf(status).status !== "disabled" ? [name] : [];
  });
}
