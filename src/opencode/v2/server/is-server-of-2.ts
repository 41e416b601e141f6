import { isFields } from "../../../text/json-fields.js";
import { generationOf } from "../../program/generation.js";
import type { ServerConnection } from "../../server/connection.js";
import { isSuccess, requestJson } from "./request.js";

/** A server that does not say in this time what it is, is none. */
const ANSWER_MS = 10_000;

/** Whether a server is one of opencode 2: 1.x answers its routes with a page, builds before 2.0 know the second one. */
export async function isServerOf2(connection: ServerConnection, signal: AbortSignal): Promise<boolean> {
  for (const path of ["/api/info", "/api/health"]) {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const answer = await requestJson(connection, path, { signal: patience }).catch(() => undefined);
    if (!answer || !isSuccess(answer) || !isFields(answer.json)) continue;
    const { version } = answer.json;
    // A local build of a later one says 0.0.0, and has the route all the same.
    if (typeof version === "string") return generationOf(version) === 2 || version.startsWith("0.0.0");
  }
  return false;
}
