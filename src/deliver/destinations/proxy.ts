import { BlockList, isIP } from "node:net";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { attempt } from "../../errors/thrown.js";
import type { Setting } from "./client-tls.js";
import { basicAuthorization, isLoopback } from "./http-address.js";

/** The proxy that requests to a destination go through. Holds its password: never print it. */
export interface HttpProxy {
  /** Without user and password. */
  readonly url: string;
  /** The value of `Proxy-Authorization`; undefined for a proxy that asks for none. */
  readonly authorization: string | undefined;
  /** For people: its host and port. */
  readonly shown: string;
  /** The variable that names it. */
  readonly setting: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which proxy an address is to be asked through: `HTTPS_PROXY` or `HTTP_PROXY` by its scheme, else `ALL_PROXY`, but for
 * what `NO_PROXY` excepts; the names in small letters come first. As in Node.js (`NODE_USE_ENV_PROXY`), `HTTP_PROXY`
 * stands in for an `HTTPS_PROXY` that is not set, and a variable that is set to nothing means no proxy.
 *
 * @returns undefined when it is asked directly, as this machine itself always is
 * @throws {ConfigurationError} when the proxy cannot be used; the message does not show its address, which may hold a
 *   password
 */
export function proxyFor(endpoint: URL, env: Environment): HttpProxy | undefined {
  if (isLoopback(endpoint.hostname) || isExcepted(endpoint, firstSet(env, "NO_PROXY")?.value ?? "")) return undefined;
  const names =
    endpoint.protocol === "https:" ? ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"] : ["HTTP_PROXY", "ALL_PROXY"];
  const setting = firstSet(env, ...names);
  if (setting === undefined || setting.value === "") return undefined;
  const { name, value } = setting;
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol.startsWith("socks")) {
    throw new ConfigurationError(
      name,
      `${name} names a SOCKS proxy, which looptrace does not speak. Name an HTTP proxy in HTTPS_PROXY, or except ${endpoint.hostname} by NO_PROXY.`,
    );
  }
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new ConfigurationError(
      name,
      `${name} is not the address of a proxy, such as http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128.`,
    );
  }
  const { username, password } = url;
  return {
    url: url.origin,
    authorization:
      username === "" && password === "" ? undefined : basicAuthorization(decoded(username), decoded(password)),
    shown: url.host,
    setting: name,
  };
}

function firstSet(env: Environment, ...names: readonly string[]): Setting | undefined {
  const name = names.flatMap((one) => [one.toLowerCase(), one]).find((one) => env[one] !== undefined);
  return name === undefined ? undefined : { name, value: (env[name] ?? "").trim() };
}

/** Whether `NO_PROXY` names a host, a domain that it is in, or a network: `example.com,.corp,10.0.0.0/8,host:8443,*`. */
function isExcepted({ protocol, hostname, port }: URL, list: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const ownPort = port || (protocol === "https:" ? "443" : "80");
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === "*") return true;
      const [, bracketed, plain = entry, wanted] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
      const name = (bracketed ?? plain).replace(/^\*?\./, "");
      if (wanted !== undefined && wanted !== ownPort) return false;
      return host === name || host.endsWith(`.${name}`) || isInNetwork(host, name);
    });
}

function isInNetwork(host: string, network: string): boolean {
  const [, address = "", bits] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
  const [own, its] = [isIP(host), isIP(address)];
  if (own === 0 || own !== its || Number(bits) > (its === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), its === 4 ? "ipv4" : "ipv6");
  return list.check(host, own === 4 ? "ipv4" : "ipv6");
}

/** A password with a lone % in it was typed as it is. */
function decoded(text: string): string {
  return attempt(() => decodeURIComponent(text)) ?? text;
}
