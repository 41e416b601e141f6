import { isIP } from "node:net";
import type { Dispatcher } from "undici";
import { defined } from "../../text/json-fields.js";
import type { Destination } from "../destinations/destination.js";
import type { Answer, ExchangeInit } from "./answer.js";
import { exchangeDirectly } from "./direct-exchange.js";

export type { Answer, ExchangeInit } from "./answer.js";

type Asked = Pick<Destination, "proxy" | "tls">;

/**
 * Asks a destination, by its proxy and with its certificates where it has any: by the package undici, which is loaded
 * only then. No redirect is followed.
 *
 * @throws as fetch or `http.request` does
 */
export async function exchange(asked: Asked, url: string, init: ExchangeInit): Promise<Answer> {
  const { proxy, tls } = asked;
  if (proxy === undefined && tls === undefined && !isProxiedByNode()) return exchangeDirectly(url, init);
  const request = { ...init, headers: { ...init.headers }, redirect: "manual" as const };
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

/** Node itself would ask the proxy for this machine too, unless NO_PROXY names it. */
function isProxiedByNode(): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = "" } = process.env;
  return NODE_USE_ENV_PROXY === "1" || [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)].includes("--use-env-proxy");
}
