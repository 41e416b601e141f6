import { realpathSync } from "node:fs";
import { attempt } from "../../errors/thrown.js";
import { fieldsOf } from "../../text/json-fields.js";
import { authorization, type ServerConnection } from "./connection.js";
import { isOk, send, textOf } from "./patient-fetch.js";

const MOST_ANSWER_BYTES = 1024 * 1024;

/**
 * The directory that a session belongs to. opencode 1.x works there whatever directory a prompt names, and tells events
 * and takes answers to permissions only there.
 *
 * @param directory for whom the server answers
 * @returns undefined where the server does not say, or knows no such session
 */
export async function directoryOfSession(
  connection: ServerConnection,
  directory: string,
  sessionId: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    const headers = { ...authorization(connection), "x-opencode-directory": encodeURIComponent(directory) };
    const url = `${connection.url}/session/${encodeURIComponent(sessionId)}`;
    const answer = await send(url, { headers, signal });
    const text = await textOf(answer, MOST_ANSWER_BYTES);
    if (!isOk(answer)) return undefined;
    const said: unknown = JSON.parse(text);
    const own = fieldsOf(said).directory;
    return typeof own === "string" && own !== "" ? own : undefined;
  } catch {
    // Whoever asks for the session next says what is wrong.
    return undefined;
  }
}

/** Whether two paths are of one directory. */
export function isSamePlace(one: string, other: string): boolean {
  return realOf(one) === realOf(other);
}

function realOf(path: string): string {
  return attempt(() => realpathSync(path)) ?? path;
}
