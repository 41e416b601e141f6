import { isIP } from "node:net";
import type { Dispatcher } from "undici";
import { defined } from "../../text/json-fields.js";
import type { Destination } from "../destinations/destination.js";

type Asked = Pick<Destination, "proxy" | "tls">;

/** What a request is made of; it is followed nowhere else, so that keys stay with the host they are meant for. */
export interface ExchangeInit {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

/** What of fetch's answer counts; Node's own and undici's are alike in it. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Pick<Headers, "get">;
  readonly body: ReadableStream<Uint8Array> | null;
}

/**
 * `fetch` to a destination, by its proxy and with its certificates where it has any. Node's own fetch knows neither;
 * the package undici does, and is loaded only then.
 *
 * @throws as fetch does
 */
export async function exchange(asked: Asked, url: string, init: ExchangeInit): Promise<Answer> {
  const { proxy, tls } = asked;
  const request = { ...init, headers: { ...init.headers }, redirect: "manual" as const };
  if (proxy === undefined && tls === undefined && !isProxiedByNode()) return fetch(url, request);
  const undici = await import("undici");
  const dispatcher = dispatchers.get(asked) ?? dispatcherFor(undici, asked, new URL(url).hostname);
  dispatchers.set(asked, dispatcher);
  return undici.fetch(url, { ...request, dispatcher });
}

/** One for each destination, so that its connections are used again. Idle ones keep no process alive. */
const dispatchers = new WeakMap<Asked, Dispatcher>();

function dispatcherFor(
  { Agent, ProxyAgent }: typeof import("undici"),
  { proxy, tls = {} }: Asked,
  host: string,
): Dispatcher {
  if (proxy === undefined) return new Agent({ connect: tls });
  const { url, authorization } = proxy;
  return new ProxyAgent({
    uri: url,
    ...defined({ token: authorization }),
    // An address is no server's name.
    requestTls: { ...tls, ...(isIP(host.replace(/^\[|\]$/g, "")) === 0 ? { servername: host } : {}) },
    // Plain HTTP is asked for as proxies expect it: many allow CONNECT to port 443 only.
    proxyTunnel: false,
  });
}

/** Node's own fetch would ask the proxy for this machine itself too, unless NO_PROXY names it. */
function isProxiedByNode(): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = "" } = process.env;
  return NODE_USE_ENV_PROXY === "1" || [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)].includes("--use-env-proxy");
}
