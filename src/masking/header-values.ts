import { isExpression, valueStrength } from "./secret-values.js";

/** A part of a text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const LONGEST_HEADER = 4_000;
const END = /["'`\n\r<>]|\\[nr"']/;
/** A scheme's name stays: it tells the way of signing in. */
const SCHEME = /^[A-Za-z][\w-]{1,30}[ \t]+(?=\S)/;
const PARAMETER = /([\w-]{1,40})[ \t]?=[ \t]?(?:"([^"]{1,4000})"|'([^']{1,4000})'|([^\s,;"']{1,4000}))/g;
/** What the parameters of a header say that is not secret. */
const OPEN_PARAMETER =
  /^(?:realm|username|uri|qop|nc|algorithm|opaque|path|domain|expires|max-age|samesite|signedheaders|oauth_version|oauth_signature_method|oauth_timestamp|sr|se|skn|keyid|headers|version|priority)$/i;

/**
 * What is secret in the value of a header that signs in: an `Authorization` of any scheme, or cookies.
 *
 * @param from where the value begins, behind a quote that surrounds it
 */
export function credentialsOf(text: string, from: number, isCookie: boolean): readonly Span[] {
  const ahead = text.slice(from, from + LONGEST_HEADER);
  // Parameters have quotes of their own.
  const hasOwn = /^[A-Za-z][\w-]{0,30}\s+[\w-]{1,40}="/.test(ahead);
  const value = ahead.slice(0, (hasOwn ? /[\n\r]/ : END).exec(ahead)?.index);
  const scheme = isCookie ? 0 : (SCHEME.exec(value)?.[0].length ?? 0);
  const rest = value.slice(scheme);
  if (/^\s*(?:\$|\{|<|\[|\+|%s)/.test(rest) || /\[masked: |\$\{|\{\{|<[\w -]+>/.test(rest)) return [];
  const parameters = [...rest.matchAll(PARAMETER)];
  if (
    isCookie ||
    (parameters.length > 0 && /^[\w-]+\s?=\s?["'\w%.~+/-]/.test(rest) && !/^[\w+/-]{12,}={1,2}$/.test(rest.trim()))
  ) {
    return parameters.flatMap((match): Span[] => {
      const [whole, name = ""] = match;
      const own = match[2] ?? match[3] ?? match[4] ?? "";
      if (OPEN_PARAMETER.test(name) || own.length < 6 || valueStrength(own) < 2) return [];
      const start = from + scheme + match.index + whole.lastIndexOf(own);
      return [{ from: start, to: start + own.length }];
    });
  }
  const own = /^\S+/.exec(rest)?.[0].replace(/[,;)\]}]+$/, "") ?? "";
  if (scheme === 0 && isExpression(own) && !own.split(".").some(isByChance)) return [];
  if (own.length < 6 || valueStrength(own) < (scheme > 0 ? 2 : 3)) return [];
  return [{ from: from + scheme, to: from + scheme + own.length }];
}

/** A part of a key rather than of a name in code: letters and digits by turns. */
function isByChance(part: string): boolean {
  return part.length >= 10 && /[A-Za-z]\d+[A-Za-z_-]+\d/.test(part);
}
