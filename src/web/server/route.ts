import { createHash, timingSafeEqual } from "node:crypto";
import { isSessionId } from "../../opencode/session.js";

/** What of a request decides about the answer. */
export interface AskedFor {
  readonly method: string | undefined;
  /** As it stands in the request's first line. */
  readonly target: string | undefined;
  readonly host: string | undefined;
  /** The page's that asks, where the browser says so. */
  readonly origin?: string | undefined;
}

export type Route =
  | { readonly kind: "list" }
  | { readonly kind: "changes" }
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "comparison"; readonly a: string; readonly b: string }
  /** In which sessions each of the texts occurs. */
  | { readonly kind: "search"; readonly texts: readonly string[] }
  /** Takes files that are to be shown, and says where. */
  | { readonly kind: "open" }
  | { readonly kind: "opened"; readonly number: number }
  | { readonly kind: "redirect"; readonly to: string }
  | { readonly kind: "refused"; readonly status: 403 | 404 | 405; readonly why: string };

/**
 * What a request is for.
 *
 * Without the token nothing is to be learnt, so it comes first. The host is checked because a page from elsewhere can
 * give its own name this machine's address (DNS rebinding) and then counts as the server's own; the token alone would
 * stop that too, as long as it stays secret.
 */
export function routeOf({ method, target, host, origin }: AskedFor, token: string, port: number): Route {
  const [, path = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(target ?? "") ?? [];
  const [, given = "", rest] = /^\/([^/]*)(\/.*)?$/s.exec(path) ?? [];
  if (!isSame(given, token)) return NOT_FOUND;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
    return { kind: "refused", status: 403, why: "This server answers to 127.0.0.1 and localhost only." };
  }
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (method === "POST" && rest === "/open") return isOwn ? { kind: "open" } : NOT_OWN;
  if (method !== "GET" && method !== "HEAD") {
    return { kind: "refused", status: 405, why: "This server only shows: GET and HEAD." };
  }
  if (rest === undefined) return { kind: "redirect", to: `/${token}/` };
  if (rest === "/") return { kind: "list" };
  if (rest === "/changes") return { kind: "changes" };
  if (rest === "/search") return isOwn ? { kind: "search", texts: new URLSearchParams(query).getAll("text") } : NOT_OWN;
  const [, a = "", b = ""] = /^\/compare\/([^/]+)\/([^/]+)$/.exec(rest) ?? [];
  if (isSessionId(a) && isSessionId(b)) return { kind: "comparison", a, b };
  const number = /^\/opened\/(\d{1,6})$/.exec(rest)?.[1];
  if (number !== undefined) return { kind: "opened", number: Number(number) };
  const id = /^\/sessions\/([^/]+)$/.exec(rest)?.[1] ?? "";
  return isSessionId(id) ? { kind: "session", id } : NOT_FOUND;
}

const NOT_OWN: Route = { kind: "refused", status: 403, why: "This server is asked by its own page only." };
const NOT_FOUND: Route = { kind: "refused", status: 404, why: "There is nothing here." };

/** In a time that does not tell how much of it is right. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(token));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
