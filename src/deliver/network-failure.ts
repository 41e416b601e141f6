import type { Destination } from "./destination.js";
import { redact } from "./response-text.js";

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** Why a server was not reached, in words; fetch itself says only "fetch failed". */
export function describeNetworkFailure(error: unknown, destination: Destination): string {
  const { code, message } = deepestCause(error);
  const host = new URL(destination.endpoint).host;
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${host} (connection refused)`;
    case "ENOTFOUND":
      return `there is no host ${host} (its name cannot be resolved)`;
    case "EAI_AGAIN":
      return `the name ${host} cannot be resolved now (no network, or the name server does not answer)`;
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return `${host} closed the connection without an answer`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return `${host} cannot be reached from this network (${code})`;
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return `${host} does not take the connection (timed out)`;
    default:
      if (code !== undefined && CERTIFICATE.test(code)) {
        return `the certificate of ${host} is not trusted (${code}). For an authority of your own, set NODE_EXTRA_CA_CERTS to its certificate.`;
      }
      if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
        return `${host} does not speak TLS; should the address begin with http://?`;
      }
      // The fetch standard's list of ports that speak something else.
      if (message === "bad port")
        return `Node.js does not connect to ${host}: its port is kept for another protocol`;
      return redact(`${host} was not reached: ${code ? `${code}, ` : ""}${message}`, destination.secrets);
  }
}

interface Cause {
  readonly code: string | undefined;
  readonly message: string;
}

function deepestCause(error: unknown): Cause {
  let current = error;
  // Connecting tries every address of a host and reports all failures; the first stands for the rest.
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const next: unknown =
      current instanceof AggregateError && current.errors.length > 0 ? current.errors[0] : current.cause;
    if (!(next instanceof Error)) break;
    current = next;
  }
  const code =
    current instanceof Error && "code" in current && typeof current.code === "string"
      ? current.code
      : undefined;
  return { code, message: current instanceof Error ? current.message : String(current) };
}
