import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { patientFetch } from "./patient-fetch.js";

/** Where an opencode server listens, and what it wants to hear. */
export interface ServerConnection {
  /** Such as `http://127.0.0.1:4096`, without a path. */
  readonly url: string;
  /** `OPENCODE_SERVER_PASSWORD` of the server; undefined for one that asks for none. */
  readonly password?: string | undefined;
  /** `OPENCODE_SERVER_USERNAME` of the server; opencode's own default is `opencode`. */
  readonly username?: string | undefined;
}

/**
 * opencode's own client for a server. It is loaded only here, when it is needed.
 *
 * @param directory the project's directory, in which the server finds configuration and sessions; without it that in
 *   which the server was started
 * @param signal ends all of its requests
 */
export async function connect(
  connection: ServerConnection,
  directory?: string,
  signal?: AbortSignal,
): Promise<OpencodeClient> {
  const { createOpencodeClient } = await import("@opencode-ai/sdk/v2/client");
  return createOpencodeClient({
    baseUrl: connection.url,
    headers: authorization(connection),
    fetch: (input, init) => {
      const request = new Request(input, init);
      const most = /\/message$/.test(new URL(request.url).pathname) ? MOST_MESSAGES_BYTES : MOST_BYTES;
      if (!signal) return patientFetch(request, most);
      return patientFetch(new Request(request, { signal: AbortSignal.any([request.signal, signal]) }), most);
    },
    ...(directory === undefined ? {} : { directory }),
  });
}

/** Of a list of sessions, say. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A session that is longer can still be read by `opencode export`. */
export const MOST_MESSAGES_BYTES = 128 * 1024 * 1024;

/** The header by which a server lets a client in; none for a server without a password. */
export function authorization({ password, username = "opencode" }: ServerConnection): Readonly<Record<string, string>> {
  if (password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}` };
}
