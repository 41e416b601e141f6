import { matchOf, type SecretMatch } from "./secret-match.js";
import { valueStrength } from "./secret-values.js";

const LONGEST = 600;
const SCHEME = /[A-Za-z][A-Za-z\d+.-]{1,30}$/;
const STOP = /[\s"'<>`\\]/;
/** What comes behind a password: a host, and then the rest of an address or its end. */
const HOST =
  /^(?:\[[\da-fA-F:.]{2,45}\]|[\w.-]{1,255}|\$\{?\w+\}?|\{\{?[\w. ]+\}?\})(?::(?:\d{1,5}|\$\{?\w+\}?))?(?:,[\w.:-]{1,255}){0,10}(?=[/?#);,\]}|&]|$)/;
const WEB = /^(?:https?|wss?|ftps?|git|git\+https?|npm)$/i;

const LABELS: readonly (readonly [RegExp, string])[] = [
  [/^postgres(?:ql)?\b/i, "PostgreSQLConnection"],
  [/^mysqlx?\b/i, "MySQLConnection"],
  [/^mongodb\b/i, "MongoDBConnection"],
];

const [WITH_SCHEME, OF_ORACLE, OF_MYSQL] = ["://", "jdbc:oracle:", "@tcp("] as const;
/** What addresses are known by. */
export const ADDRESS_WORDS: readonly string[] = [WITH_SCHEME, OF_ORACLE, OF_MYSQL];

/**
 * Users and passwords in addresses of any scheme and host, also passwords that should have been percent-encoded.
 *
 * @param places where addresses may be known by, ascending
 */
export function findAddresses(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  for (const at of places) {
    if (!text.startsWith(WITH_SCHEME, at)) continue;
    const scheme = SCHEME.exec(text.slice(Math.max(0, at - 32), at))?.[0];
    if (scheme === undefined) continue;
    const from = at + 3;
    const user = userInfo(text, from, WEB.test(scheme));
    if (!user) continue;
    const label = LABELS.find(([pattern]) => pattern.test(scheme))?.[1] ?? "password";
    found.push(matchOf(from, text.slice(from, user.to), label, at - scheme.length, false));
    const password = matchOf(user.passwordFrom, text.slice(user.passwordFrom, user.to), label);
    if (password.spreads) found.push(password);
  }
  for (const at of places) {
    if (!text.startsWith(OF_ORACLE, at)) continue;
    const match = /^jdbc:oracle:\w{1,10}:[\w.-]{1,60}\/([^\s"'`]{1,200})@/.exec(text.slice(at, at + LONGEST));
    const password = match?.[1] ?? "";
    if (!match || valueStrength(password) === 0) continue;
    found.push(matchOf(at + match[0].length - 1 - password.length, password, "password", at));
  }
  for (const at of places) {
    if (!text.startsWith(OF_MYSQL, at)) continue;
    const ahead = text.slice(Math.max(0, at - LONGEST), at);
    const before = /[\w.-]{1,60}:([^\s"'`:?=]{1,200})$/.exec(ahead) ?? /[\w.-]{1,60}:([^\s"'`]{1,200})$/.exec(ahead);
    const password = before?.[1] ?? "";
    if (!before || valueStrength(password) === 0) continue;
    found.push(matchOf(at - password.length, password, "MySQLConnection", at - before[0].length, false));
  }
  return found;
}

interface UserInfo {
  readonly passwordFrom: number;
  /** Where the `@` stands. */
  readonly to: number;
}

function userInfo(text: string, from: number, isWeb: boolean): UserInfo | undefined {
  let end = from;
  let colon = -1;
  let slash = -1;
  let query = -1;
  const signs: number[] = [];
  for (; end - from < LONGEST && end < text.length; end += 1) {
    const character = text.charAt(end);
    if (STOP.test(character)) break;
    if (character === "@") signs.push(end);
    else if (character === ":" && colon < 0) colon = end;
    else if (character === "/" && slash < 0) slash = end;
    else if (character === "?" && query < 0) query = end;
  }
  const first = signs[0];
  if (first === undefined) return undefined;
  if (colon < 0 || colon > first) {
    // A token in the place of a user.
    const isToken = (slash < 0 || slash > first) && valueStrength(text.slice(from, first)) === 3;
    return isToken && !/[:$]/.test(text.slice(from, first)) ? { passwordFrom: from, to: first } : undefined;
  }
  if (slash >= 0 && slash < colon) return undefined;
  const rest = (sign: number): string => text.slice(sign + 1, end);
  const hosts = signs.filter((sign) => HOST.test(rest(sign)));
  // The last one is where a password can end that has such signs in it; addresses of the web have them in paths too.
  const isPort = /^:\d{1,5}(?:[/?#]|$)/.test(text.slice(colon, colon + 8));
  if (isPort && (isWeb || (query >= 0 && query < first))) return undefined;
  const early = hosts.filter((sign) => query < 0 || sign < query);
  const to = early.at(-1) ?? hosts.at(-1);
  if (to === undefined) return undefined;
  const user = text.slice(from, colon);
  const password = text.slice(colon + 1, to);
  if (/[\s/]/.test(user)) return undefined;
  if (valueStrength(password) === 0 || user.toLowerCase() === password.toLowerCase()) return undefined;
  if (/^[$<{%[*]/.test(user) && /^[$<{%[*]/.test(password)) return undefined;
  return { passwordFrom: colon + 1, to };
}
