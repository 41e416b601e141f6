import { codeOf, messageOf } from "../../errors/thrown.js";
import type { Destination } from "../destinations/destination.js";
import { redact } from "./response-text.js";

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** Why a server was not reached, in words; fetch itself says only "fetch failed". */
export function describeNetworkFailure(error: unknown, destination: Destination): string {
  const { code, message } = deepestCause(error);
  const { host } = new URL(destination.endpoint);
  const { proxy } = destination;
  // Whom the connection is made to, and whom what goes through it is for.
  const next = proxy === undefined ? host : `the proxy ${proxy.shown} of ${proxy.setting}`;
  const behind = proxy === undefined ? host : `${host}, or ${next} before it,`;
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${next}: connection refused`;
    case "ENOTFOUND":
      return `there is no host ${next} (its name cannot be resolved)`;
    case "EAI_AGAIN":
      return `the name ${next} cannot be resolved now (no network, or the name server does not answer)`;
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return `${behind} closed the connection without an answer${mayWantCertificate(destination)}`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return `${next} cannot be reached from this network (${code})`;
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return `${next} does not take the connection (timed out)`;
    default:
      if (code !== undefined && CLIENT_CERTIFICATE.test(code)) {
        return `${host} does not accept who connects (${code}): it wants another client certificate, or one at all. Set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY.`;
      }
      if (code !== undefined && CERTIFICATE.test(code)) {
        return `the certificate of ${host} is not trusted (${code}). For an authority of your own, set NODE_EXTRA_CA_CERTS, or for an OTLP backend OTEL_EXPORTER_OTLP_CERTIFICATE, to its certificate.`;
      }
      if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
        return `${host} does not speak TLS; should the address begin with http://?`;
      }
      if (isRefusedPort(error))
        return `Node.js does not connect to ${host}: its port is kept for another protocol. Check the port in the address.`;
      return redact(`${behind} was not reached: ${code ? `${code}, ` : ""}${message}`, destination.secrets);
  }
}

/** Whether nothing can ever be sent there: its port is on the fetch standard's list of those that speak something else. */
export function isRefusedPort(error: unknown): boolean {
  return deepestCause(error).message === "bad port";
}

/** With TLS 1.3 a certificate is found wanting after the handshake, and most servers then just hang up. */
function mayWantCertificate({ kind, endpoint, tls }: Destination): string {
  if (kind !== "otlp" || !endpoint.startsWith("https:") || tls?.cert !== undefined) return "";
  return ", as those do that want a client certificate (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE)";
}

/** The alerts of a server that asked for a certificate. */
const CLIENT_CERTIFICATE = /^ERR_SSL_.*ALERT_(?:CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE)/;

/** What a proxy answered instead of making the connection; undefined when it was no proxy. */
export function refusedByProxy(error: unknown): number | undefined {
  const { message } = deepestCause(error);
  const status = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(message);
  return status === null ? undefined : Number(status[1] ?? status[2]);
}

/** What is to be done about a proxy that does not let a request through. */
export function describeProxyRefusal(status: number, { proxy, endpoint }: Destination): string {
  const who = proxy === undefined ? "a proxy on the way" : `the proxy ${proxy.shown} of ${proxy.setting}`;
  const { host, hostname } = new URL(endpoint);
  if (status !== 407) return `${who} does not connect to ${host} (it answered ${status})`;
  const setting = proxy?.setting ?? "HTTPS_PROXY";
  const what =
    proxy?.authorization === undefined ? "wants a user and a password" : "does not accept this user and password";
  return `${who} ${what} (407). Set ${setting} to http://user:password@host:port (percent-encoded), or except ${hostname} by NO_PROXY.`;
}

function deepestCause(error: unknown): { readonly code: string | undefined; readonly message: string } {
  let current = error;
  // Connecting tries every address of a host and reports all failures; the first stands for the rest.
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const next: unknown =
      current instanceof AggregateError && current.errors.length > 0 ? current.errors[0] : current.cause;
    if (!(next instanceof Error)) break;
    current = next;
  }
  return { code: codeOf(current), message: messageOf(current) };
}
