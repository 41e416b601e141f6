import { countMarkers } from "../masking/marker.js";
import { plural } from "../text/format.js";
import type { WireExchange } from "../wire/model.js";

/** What curl sets by itself, or what belongs to the connection that was. */
const OF_THE_CONNECTION = new Set(["content-length", "host", "connection", "accept-encoding", "transfer-encoding"]);

/** What names the session and the trace that it was sent for: sent again it belongs to neither. */
const OF_THE_SESSION =
  /^(?:traceparent|x-parent-session-id|x-opencode-(?:parent-)?session(?:-id)?|x-opencode-request|x-session-(?:affinity|id)|session[-_]id)$/;

/**
 * A request as a command for a shell (sh, bash, zsh): its key is a variable, and its body is quoted so that no shell
 * reads anything in it. The body goes through `printf`, which is built in: as an argument of curl's a large one would
 * be refused.
 *
 * @param body as `bodyForTerminal` gives it, where it is printed on one
 */
export function curlOf({ method, url, headers }: WireExchange, body: string): string {
  const own = Object.entries(headers).filter(
    ([name]) => !OF_THE_CONNECTION.has(name) && !OF_THE_SESSION.test(name) && !isKey(name),
  );
  const typed = own.some(([name]) => name === "content-type");
  const [key, note] = keyOf(url, headers);
  const masked = countMarkers(body);
  const lines = [
    ...(masked > 0
      ? [`# ${plural(masked, "secret")} in the body ${masked === 1 ? "is" : "are"} masked: it is not what was sent.`]
      : []),
    ...(note === null ? [] : [`# ${note}`]),
    `printf '%s' ${quoted(body)} |`,
    `  curl --no-buffer --request ${quoted(method)} ${quoted(url)} \\`,
    ...(typed ? [] : [`    --header 'content-type: application/json' \\`]),
    ...own.map(([name, value]) => `    --header ${quoted(`${name}: ${value}`)} \\`),
    ...(key === null ? [] : [`    --header ${key} \\`]),
    "    --data-binary @-",
  ];
  return lines.join("\n");
}

/** A shell that has no key says so, instead of sending an empty one. */
const KEY = `\${API_KEY:?set your key}`;

/** A text between single quotes means nothing to a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function isKey(name: string): boolean {
  return name === "authorization" || name.endsWith("api-key") || name === "cookie";
}

/** The header that carries the key there, with the variable that it is read from; how it is asked for. */
function keyOf(url: string, headers: WireExchange["headers"]): readonly [key: string | null, note: string | null] {
  const { hostname, pathname } = new URL(url);
  if (/^bedrock/.test(hostname))
    return [null, "Amazon Bedrock wants each request signed: add --aws-sigv4 and --user, see curl's manual."];
  if (/generativelanguage/.test(hostname)) return [`"x-goog-api-key: ${KEY}"`, null];
  const ofAnthropic = pathname.endsWith("/messages") || "anthropic-version" in headers;
  return ofAnthropic ? [`"x-api-key: ${KEY}"`, null] : [`"authorization: Bearer ${KEY}"`, null];
}
