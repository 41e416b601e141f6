import { ownText } from "../text/own-text.js";

/**
 * What a value looks like: nothing secret at all, a word or a name, something with digits or signs in it, or so random
 * that it stands for itself.
 */
export type ValueStrength = 0 | 1 | 2 | 3;

const PLACEHOLDER =
  /^(?:\$\{?\(?[A-Za-z_][\w.:-]*\}?\)?|%[A-Za-z_]\w*%?|%\(\w+\)s|<[^>]*>?|\[[^\]]*\]?|\{[^}]*\}?|\(.*|\*+|[.…•·●_-]+|(.)\1{2,}|&\w+;?|@\w+@|![A-Z]\w+|#\{.*|__\w+__|\\[A-Za-z]+\{?.*)$/u;

const NO_VALUE =
  /^(?:null|none|nil|undefined|void|true|false|yes|no|on|off|required|optional|options?|flags?|arguments?|parameters?|default|unset|empty|missing|unknown|any|string|str|number|int|integer|bool|boolean|bytes?|buffer|object|array|list|text|varchar|char|date|uuid|function|self|this|password|passwd|passphrase|pass|pwd|secret|token|key|apikey|api_key|auth|bearer|basic|digest|user|username|login|admin|administrator|root|guest|test|tests|testing|demo|example|sample|dummy|fake|mock|foo|bar|baz|qux|foobar|postgres|postgresql|mysql|mongo|mongodb|redis|rabbitmq|minio|minioadmin|changeit|changeme|letmein|welcome|hello|world|abc|abcd|abc123|secret123|password1|password123|passw0rd|p@ssw0rd|p@ssword|1234|12345|123456|1234567|12345678|123456789|1234567890|0123456789|qwerty|qwer|asdf|asdfasdf|todo|tbd|tba|fixme|hidden|redacted|masked|removed|omitted|censored|private|public|encrypted|hunter|localhost|same-origin|include|omit|manual|auto|inherit|ephemeral|prompt|stdin|env|file|vault|keyring|keychain|secretmanager|xxx|yyy|zzz|n\/a|sha1|sha256|sha384|sha512|md5|hmac|rsa|aes|hs256|rs256|es256|utf8|utf-8|base64|hex|ascii|latin1|binary|current-password|new-password|one-time-code)$/i;

const STAND_IN =
  /(?:^|[^a-z])(?:your|yours|my-?own|change-?_?me|change-?_?this|replace|placeholder|example|insert|enter|put|redacted|masked|dummy|sample|fake|goes-?_?here|not-?_?a-?_?real|xxx+)(?:$|[^a-z])|x{6,}|X{4,}|\.\.\.|…|\*{3,}|•{2,}|\[masked|<[\w -]+>|\$\{|\$\(|\{\{|<%|%\(|#\{|process\.env|os\.environ|getenv|System\.get|import\.meta|secretsmanager|keyvault|^op:\/\/|^vault:|^ref\+|^arn:|^env[:.(]|^secrets?\.|^ENC\[|^!vault|^file:/i;

/** Of code, as values are written there. */
const EXPRESSION =
  /^(?:[A-Za-z_$][\w$]*(?:(?:\?\.|\.#?|->|::)[A-Za-z_$][\w$]*)+(?:[!?;,)]*$|[([])|[A-Za-z_$][\w$.]*(?:\?\.)?[([{<`]|new |await |typeof |function|async |class |lambda |=>|[!~+-]?[A-Za-z_$][\w$]*[[(]|\/\/|\/\*|"|'|`)/;

const WORD = /^(?:[A-Z]?[a-z]{1,24}\d{0,4}|[A-Z]{1,12}\d{0,4}|\d{1,4}|v\d{1,3})$/;

/** Whether it is made of words and small numbers, as names of things are. */
function isWordy(value: string): boolean {
  // Names begin with letters: `2024Abc` in the midst of one is chance.
  if (/[-_.:/+#]\d+[A-Za-z]{3}|\d#[A-Za-z]/.test(value) || isOfBothCases(value)) return false;
  const parts = value
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/(\d)([A-Z][a-z])/g, "$1 $2")
    .replace(/([A-Z]{2,})([A-Z][a-z])/g, "$1 $2")
    .split(/[-_.:/\\ ,@+#]+/)
    .filter((part) => part !== "");
  if (parts.length > value.length / 3 && value.length > 8 && /\d/.test(value)) return false;
  if (!parts.every((part) => WORD.test(part))) return false;
  // Chance makes such parts too, but short ones and unpronounceable ones.
  const odd = parts.filter((part) => /^[A-Za-z]{1,2}$|^[b-df-hj-np-tv-xz]{4,}\d*$/i.test(part));
  return !/\d/.test(value) || odd.length < 2;
}

/**
 * Whether chance chose between capitals and small letters: names have a capital for some five letters, or many at once.
 */
export function isOfBothCases(value: string): boolean {
  let capitals = 0;
  let small = 0;
  // Counted one by one: this is asked of each value, and most are told by the count.
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code >= 65 && code <= 90) capitals += 1;
    else if (code >= 97 && code <= 122) small += 1;
  }
  const count = capitals + small;
  if (count < 16 || 3 * capitals <= count || 3 * capitals >= 2 * count) return false;
  return changesOf(value.replaceAll(/[^A-Za-z]/g, "")) > count / 4 && isSpelledOddly(value);
}

const SMALL_WORD = /(?:Of|By|In|To|Is|At|As|On|Or|An|If|Id|Up|No|My)(?![a-z])/g;

/** Whether it is made of words, and of some capitals before them, as in `XGetWMNormalHints`: chance leaves letters alone. */
function isSpelledAsName(value: string): boolean {
  return !/(?<![a-z])[a-z](?![a-z])|[A-Z]{6}/.test(value.replaceAll(SMALL_WORD, "-"));
}

/** Whether capitals stand side by side, or around one letter, more than once: `HTMLDataListElement` has them so once. */
function isSpelledOddly(value: string): boolean {
  if (isSpelledAsName(value)) return false;
  const letters = value.replaceAll(/[^A-Za-z]/g, "");
  return (letters.match(/[A-Z]{2,}|(?<=[A-Z])[a-z](?=[A-Z])/g)?.length ?? 0) > 1;
}

/** In bits for each character. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let sum = 0;
  for (const count of counts.values()) sum -= (count / value.length) * Math.log2(count / value.length);
  return sum;
}

/** What is said of passwords to people. */
const SENTENCE =
  /\b(?:your|the|is|are|was|must|should|can|cannot|please|enter|type|a|an|to|for|of|not|and|or|in|with|at|least|this|that|be|has|have|password|passwords|passphrase|token|secret|key|field|invalid|required|new|confirm|forgot|reset|missing|if|when|from|by|it)\b/i;

/** The beginning of a long one tells what it is. */
const LOOKED_AT = 300;

/** Markdown puts these around words. */
const EMPHASIS = /^[*_~]{1,3}([A-Za-z]+)[*_~]{0,3}$/;

const FOLDER =
  /^(?:~|\.{1,2})\/|^\/(?:bin|etc|home|opt|tmp|usr|var|run|root|mnt|srv|dev|proc|Users|private|app|data|secrets?|workspace)\//;

/** A date, a version, an amount. */
const NUMBER =
  /^\d{4}-\d\d-\d\d(?:[T ]|$)|^v?\d+(?:\.\d+)+$|^0x[\da-f]{1,8}$|^\d+(?:ms|s|m|h|d|px|em|rem|%|kb|mb|gb)?$/i;

/** What was found out about values before: the same ones come again and again, and each is asked for several times. */
const known = new Map<string, ValueStrength>();
const MOST_KNOWN = 10_000;
/** Longer ones hardly come again. */
const LONGEST_KNOWN = 40;

/** @param text as it stands, without quotes */
export function valueStrength(text: string): ValueStrength {
  if (text.length > LONGEST_KNOWN) return strengthOf(text);
  const before = known.get(text);
  if (before !== undefined) return before;
  const strength = strengthOf(text);
  if (known.size > MOST_KNOWN) known.clear();
  known.set(ownText(text), strength);
  return strength;
}

function strengthOf(text: string): ValueStrength {
  const value = text.slice(0, LOOKED_AT).replace(EMPHASIS, "$1");
  const { length } = value;
  if (length < 4) return 0;
  if (NO_VALUE.test(value) || PLACEHOLDER.test(value) || STAND_IN.test(value)) return 0;
  if (/^[a-z][\w+.-]*:\/\//i.test(value)) return 0;
  if (/^(?:sha\d{1,3}|md5)[-:][A-Za-z0-9+/=]{20,}$/.test(value)) return 0;
  if (/^(?:ses|msg|prt|evt|per|call|toolu|tool|run|usr|wrk|job)_[\w-]+$/.test(value)) return 0;
  if (/^(?:data|urn|blob|mailto|tel|cid|javascript):/i.test(value)) return 0;
  if (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(value)) return 0;
  // Paths, and expressions that match texts.
  if (/^(?:~|\.{1,2})?\/[\w.@-]+(?:\/[\w.@-]*)+$/.test(value) && isWordy(value.replace(/[~@]/g, ""))) return 0;
  if (/^(?:[A-Za-z]:\\|\\\\\w)/.test(value) || FOLDER.test(value)) return 0;
  if (/^\/.*[[\]^$()|*?\\]/.test(value)) return 0;
  if (/\\[dwsb.]|\[\^|\(\?|\[a-z|\[A-Z|\[0-9|\.\*/.test(value)) return 0;
  if (NUMBER.test(value)) return /^\d{4,}$/.test(value) ? 1 : 0;
  if (/\s/.test(value)) {
    if (SENTENCE.test(value) || /[<>{}=;]|[.:!?]$|^[A-Z]\w* [a-z]/.test(value)) return 0;
    return /^[a-z]+(?: [a-z]+){2,}$/.test(value) ? 1 : /\d/.test(value) ? 2 : 1;
  }
  if (/^[A-Za-z]+$/.test(value))
    return length >= 16 && (isOfBothCases(value) || (changesOf(value) > length / 3 && isSpelledOddly(value))) ? 3 : 1;
  if (isWordy(value)) return 1;
  const isMixed = (/\d/.test(value) && /[A-Za-z]/.test(value)) || isOfBothCases(value);
  if (length >= 16 && isMixed && entropyOf(value) >= (length >= 20 ? 2.8 : 3)) return 3;
  if (length >= 20 && /^\d+$/.test(value)) return 2;
  if (!/[A-Za-z0-9].*[A-Za-z0-9].*[A-Za-z0-9]/.test(value)) return 0;
  return 2;
}

/** Whether it is what code has in the place of a value: a call, a field of something, a list. */
export function isExpression(value: string): boolean {
  return EXPRESSION.test(value) && !isDottedToken(value);
}

/** Tokens too have dots between their parts. */
function isDottedToken(value: string): boolean {
  return (
    /^[\w-]+(?:\.[\w-]+)+[;,]?$/.test(value) &&
    value
      .split(/[.;,]/)
      .some((part) => /^[A-Za-z\d]{16,}$/.test(part) && /\d[A-Za-z]+\d/.test(part) && valueStrength(part) === 3)
  );
}

/** What is longer and still not random is text. */
const LONGEST_WEAK = 64;

/** At least three words: the same ones do not meet again by chance. */
const PASSPHRASE = /^[A-Za-z]+(?: [A-Za-z]+){2,}$/;
const SHORTEST_PASSPHRASE = 16;

/** A word with a year or more behind it, as people make passwords; in front of a number these are names of things. */
const WORD_WITH_DIGITS =
  /^(?!(?:localhost|port|user|test|admin|guest|demo|example|sample|dummy|foo|bar|item|page|line|file|row|node|host|server|worker|client|job|task|run|build|release|version|rev|issue|ticket|bug|pr|cve|rfc|iso|utf|cp|windows|latin|ecma|ecmascript|es|sha|md|aes|rsa|crc|blake|python|java|ruby|php|win|year|section|step|order|id|uid|gid|pid|key|token|secret|password|pass|account|customer|january|february|march|april|may|june|july|august|september|october|november|december|q)\d)[A-Za-z]+\d{4,}$/i;
const SHORTEST_WORD = 8;

/** Whether the value may be masked wherever it stands: nothing that is also an ordinary word. */
export function spreads(value: string): boolean {
  const strength = valueStrength(value);
  const { length } = value;
  if (strength === 3) return true;
  if (strength === 0 || length > LONGEST_WEAK) return false;
  if (strength === 2) return length >= 8 && /[A-Za-z]/.test(value) && /[^A-Za-z]/.test(value);
  if (length >= SHORTEST_PASSPHRASE && PASSPHRASE.test(value)) return true;
  return length >= SHORTEST_WORD && WORD_WITH_DIGITS.test(value);
}

function changesOf(value: string): number {
  let changes = 0;
  for (let at = 1; at < value.length; at += 1) {
    if (value.charCodeAt(at) < 97 !== value.charCodeAt(at - 1) < 97) changes += 1;
  }
  return changes;
}
