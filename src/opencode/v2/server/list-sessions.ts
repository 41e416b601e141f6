import { z } from "zod";
import { ServerRequestError } from "../../../errors/server-request-error.js";
import { isFields } from "../../../text/json-fields.js";
import type { ServerConnection } from "../../server/connection.js";
import { pages } from "./pages.js";
import { requestData, requestJson } from "./request.js";

const listed = z
  .looseObject({
    id: z.string(),
    parentID: z.string().nullish(),
    title: z.string().nullish(),
    projectID: z.string().nullish(),
    location: z.looseObject({ directory: z.string() }).nullish().catch(undefined),
    time: z.looseObject({ created: z.number(), updated: z.number() }),
  })
  .transform(({ id, parentID, title, projectID, location, time }) => ({
    id,
    parentID: parentID ?? undefined,
    title: title ?? "",
    projectId: projectID ?? undefined,
    directory: location?.directory ?? "",
    created: time.created,
    updated: time.updated,
  }));

/** A session as a list of opencode 2 has it. Times: epoch, ms. */
export type ListedSession = z.output<typeof listed>;

export interface List2Options {
  /** The sessions of the project that this directory belongs to; without it those of all. */
  readonly directory?: string | undefined;
  /** Updated since then, ms since the epoch. */
  readonly since?: number | undefined;
  /** At most so many, the last updated ones; all when not given. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The sessions that a server of opencode 2 knows, without those of subagents, the last updated first. Sessions of 1.x
 * that it has imported are among them, under the ids that they had.
 *
 * @throws {ServerRequestError} when the server cannot be reached or refuses
 */
export async function listSessions2From(
  connection: ServerConnection,
  { directory, since, limit = Number.POSITIVE_INFINITY, signal }: List2Options,
): Promise<readonly ListedSession[]> {
  const project = directory === undefined ? undefined : await projectOf(connection, directory, signal);
  const ask = (query: Readonly<Record<string, string | number | undefined>>) =>
    requestData(connection, "/api/session", { what: "list the sessions", query, signal });
  const sessions = new Map<string, ListedSession>();
  for await (const page of pages(ask, { project, parentID: "null", order: "desc" })) {
    const read = page.flatMap((one) => listed.safeParse(one).data ?? []);
    for (const one of read) {
      const isMeant = one.parentID === undefined && (project === undefined || one.projectId === project);
      if (isMeant && (since === undefined || one.updated >= since)) sessions.set(one.id, one);
    }
    // They come the last updated first.
    const last = read.at(-1);
    if (sessions.size >= limit || (since !== undefined && last !== undefined && last.updated < since)) break;
  }
  const sorted = [...sessions.values()].sort((a, b) => b.updated - a.updated);
  return Number.isFinite(limit) ? sorted.slice(0, limit) : sorted;
}

/** As `opencode session list` asks for it. */
async function projectOf(connection: ServerConnection, directory: string, signal?: AbortSignal): Promise<string> {
  const what = `say which project ${directory} belongs to`;
  const { json, status } = await requestJson(connection, "/api/location", {
    what,
    query: { "location[directory]": directory },
    signal,
  });
  const location = isFields(json) && isFields(json.data) ? json.data : json;
  const project = isFields(location) && isFields(location.project) ? location.project.id : undefined;
  if (typeof project === "string") return project;
  throw new ServerRequestError(what, json ?? "", status);
}
