import { isConstant, isStemAt, LONGEST_NAME, type Name, nameAround, nameEnd } from "./assigned-names.js";
import { one, type Place } from "./assigned-secrets.js";
import {
  after,
  BARS,
  bareAt,
  isSurelyPlain,
  isSurelyWeak,
  LONGEST_VALUE,
  lineEnd,
  quotedAt,
  SAID_STOPS,
  SPACED_STOPS,
  settingAt,
  trimmed,
  typedAfter,
  type Value,
} from "./assigned-values.js";
import { cellBehind } from "./cells.js";
import { DIGITS, isBlank, isBreak, tableOf } from "./characters.js";
import { isInConnectionString, partAt } from "./connection-strings.js";
import { credentialsOf } from "./header-values.js";
import { isMention } from "./mentions.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { isExpression, valueStrength } from "./secret-values.js";

/** Of a line, what is looked at before a name. */
const BEFORE = 200;

/**
 * Values that stand behind a name which says that they are secret, in the ways in which settings, programs, commands,
 * headers and addresses have them: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`, `<password>…</password>`, `?sig=…`.
 *
 * @param stems where names may have a word of secrets in them, ascending
 */
export function findAssignments(text: string, stems: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let headerEnd = 0;
  let next = 0;
  for (const at of stems) {
    if (at < next || !isStemAt(text, at)) continue;
    const name = nameAround(text, at);
    // Of a header's value all has been looked at.
    if (name && (!name.isHeader || name.from >= headerEnd)) {
      const values = valuesOf(text, name);
      if (values.length > 0) found.push(...values);
      if (name.isHeader) {
        const line = text.slice(name.to, name.to + LONGEST_NAME * 50);
        headerEnd = values.at(-1)?.to ?? name.to + Math.max(0, line.search(/[\n"'`]/));
      }
    }
    // What follows in the same name tells no more; a very long one is looked at in parts.
    next = Math.max(at + 1, nameEnd(text, at));
  }
  return found;
}

const LONGEST_GAP = 40;

/** Where the blanks end that stand at a place, so far as they are a gap. */
function gapEnd(text: string, at: number): number {
  let end = at;
  while (end - at < LONGEST_GAP && isBlank(text.charCodeAt(end))) end += 1;
  return end;
}

/** What patterns begin with: they are asked where they can match alone. */
const OPERATORS = tableOf(":=-<?+|!");
const FALLBACKS = tableOf("\"'`)]|?o \t\n\v\f\r");
/** Terraform's `variable "…" { default = "…" }`, and its outputs. */
const BLOCK =
  /"\s{0,4}\{[ \t]{0,8}\r?\n(?:[^\n{}]{0,160}\n){0,6}?[^\n"{}=]{0,60}\b(?:default|value)[ \t]{0,40}=[ \t]{0,8}(?=")/y;
const BLOCK_NAME = /\b(?:variable|output)\s{1,8}"$/;
/** What a plan changes stands behind what it was. */
const BECOMES = /["'][ \t]{1,4}->[ \t]{1,4}(?=["'])/y;
/** Markdown's, behind the colon of a name. */
const EMPHASIS_END = /(?:\*{2}|__)[ \t]{1,4}(?=\S)/y;
/** Files of properties go on behind a backslash. */
const CONTINUED = /\\\r?\n[ \t]{0,80}/y;
const SAYS = tableOf("\"'`* \t\n\v\f\rilwaetsv");
const SPACED_FLAGS = tableOf(`-${DIGITS}`);
const CLOSING = tableOf("])}");
const OPERATOR = /(?::=|=>|->|<-|\?=|\+=|\|\|=|\?\?=|={1,3}|!={1,2}|:-|:(?!:))/y;
const TYPED =
  /[ \t]{0,8}&?(?:'\w{1,20} )?[A-Za-z_][\w.<>|[\]?]{0,40}(?: \| [\w.]{1,20}){0,3} {0,4}= {0,4}(?=[bru@]?["'`])/y;
const LINE_BREAK = /[ \t]{0,80}\r?\n[ \t]{0,200}(?=["'`])/y;
const COMMA = /,\s{0,80}(?:(?:default|value|defaultValue)\s?[=:]\s?)?(?=[rbuf@]?["'`])/y;
const FALLBACK = /["'`]?[)\]]{0,2}\s{0,8}(?:\|\||\?\?|\?:|or)\s{1,8}(?=["'`])/y;
const CALLED = /\(\s{0,8}(?=["'`])/y;
const ELEMENT = /(?:\s[^<>\n]{0,80})?>\s{0,80}(?:<(?:value|string)>\s{0,20})?/y;
const KEY_ELEMENT = /<\/(?:key|name|Key|Name|string)>[^<]{0,120}<(?:string|value|Value|data)>\s{0,80}/y;
const ATTRIBUTE =
  /["']\s{1,80}(?:[\w:-]{1,20}=["'][^"'<>\n]{0,60}["']\s{1,8}){0,2}(?:value|Value|val|content|default)\s?=\s?(?=["'])/y;
// No blank of these may be matched in two ways: there are many of them.
const NEXT = "(?:\\s|\\n(?:[\\w./@-]{1,120}[:-]\\d{1,6}[:-]|[ \\t]{0,8}\\d{1,6}[|:\\t→]|[+>|])){0,80}";
const WORDS = "(?:\"[\\w *-]{0,40}\"|'[\\w *-]{0,40}'|[\\w*-]{1,40}(?: [\\w*-]{1,40}){0,5})";
const PAIR = new RegExp(
  `["']?(?:[ \\t]{0,8},)?${NEXT}(?:["']?(?:[Tt]ype|secret|sensitive|masked|protected|description|is_secret|isSecret|environment_scope|slot)["']?\\s{0,4}[:=](?:\\s{0,4}${WORDS}|(?=\\s)),?${NEXT}){0,3}["']?(?:value|Value|val|default|content|plaintext|ParameterValue|parameter_value)["']?\\s{0,8}[:=]\\s{0,8}`,
  "y",
);
const NAMED =
  /(?:^|[\s"'{,<(-])(?:name|Name|key|Key|variable|ParameterKey|parameter_key|id|field|env|secret_name)["']?\s{0,8}[:=]\s{0,8}["']?$/;
const SETTER =
  /(?:^|[\s"'`(;&|:+>/=])(?:set(?:x|env)?|ENV|ARG|export|config(?::set| set)|configure set|secrets? (?:set|put|create)|git config(?: --\w+)?|password-store|npm config set)(?: -{1,2}\w+){0,3}[ \t]+(?:["']|\S{1,100}[/:.])?$/;
const LOGIN = /\b(?:login|machine|user(?:name)?|account|host|default)\s{1,8}\S{1,100}\s{1,8}$/;
const SAID =
  /["'`*]{0,3}\s{1,4}(?:is|was|are|to|ist|lautet|est|es|equals|set to|is set to|value)\s{0,4}[:=]?\s{1,4}["'`*]{0,3}/y;
const LINE_START =
  /^(?:\S{0,160}[?&][\w-]{1,20}=|<\w{1,10}>)?(?:[\w./@-]{1,120}[:-]\d{1,6}[:-])?[\s+\-#>|*\d:→]{0,40}(?:- )?(?:(?:export|set|env|let|const|var) )?["'`]?(?:[$@*]{0,3})$/;

/** The values that stand behind a name; mostly none. */
function valuesOf(text: string, name: Name): readonly SecretMatch[] {
  return isMention(text, name) && !isNamed(text, name.from) ? NONE : valuesBehind(text, name);
}

const NONE: readonly never[] = [];

/** The same, whatever stands there. */
export function valuesBehind(text: string, name: Name): readonly SecretMatch[] {
  const before = text.charAt(name.from - 1);
  const isQuoted = (before === '"' || before === "'" || before === "`") && text[name.to] === before;
  let at = name.to + (isQuoted ? 1 : 0);
  if (CLOSING[text.charCodeAt(at)] === 1) {
    const opened = before === "[" || before === "{" || (isQuoted && /[[({]/.test(text.charAt(name.from - 2)));
    if (opened || (before === ":" && /[[{]/.test(text.charAt(name.from - 2)))) at += 1;
  }
  const start = gapEnd(text, at);

  const operated = OPERATORS[text.charCodeAt(start)] === 1 ? after(OPERATOR, text, start) : undefined;
  if (operated !== undefined) {
    const operator = text.slice(start, operated);
    if (operator === "->" && !isQuoted && start === name.to) return [];
    return assigned(text, name, operator, operated, isQuoted, before);
  }
  const character = text[start];
  if (character === ">" || before === "<") return element(text, name, at, before, isQuoted);
  if (character === "<") {
    const inside = after(KEY_ELEMENT, text, at);
    return inside === undefined ? [] : upTo(text, name, inside, "<", "setting");
  }
  if (isNamed(text, name.from)) {
    const pair = after(PAIR, text, name.to);
    if (pair !== undefined && pair > name.to) {
      return one(text, name, quotedAt(text, pair) ?? bareAt(text, pair, "\\s,\"'<>}"), "line");
    }
  }
  const next = isQuoted ? (after(COMMA, text, at) ?? after(FALLBACK, text, at)) : fallback(text, name.to, start);
  if (next !== undefined) {
    if (name.isHeader) return headerValues(text, name, next);
    const own = name.text.slice(name.text.lastIndexOf(".") + 1);
    const place = name.isFlag ? "setting" : isConstant(own) ? "quoted" : "inline";
    return one(text, name, quotedAt(text, next), place);
  }
  if (isQuoted && BLOCK_NAME.test(text.slice(Math.max(0, name.from - 20), name.from))) {
    const block = after(BLOCK, text, name.to);
    if (block !== undefined) return one(text, name, quotedAt(text, block), "quoted");
  }
  if (isQuoted) {
    const attribute = after(ATTRIBUTE, text, name.to);
    if (attribute !== undefined) return one(text, name, quotedAt(text, attribute), "setting");
  }
  const called = text[name.to] === "(" ? after(CALLED, text, name.to) : undefined;
  if (called !== undefined) {
    const place = name.strength === 3 ? "quoted" : "inline";
    return name.strength > 1 ? one(text, name, quotedAt(text, called), place) : [];
  }
  return spaced(text, name, start, isQuoted);
}

/** Where that stands which a name without quotes is to be replaced by. */
function fallback(text: string, to: number, start: number): number | undefined {
  const isGap = isBlank(text.charCodeAt(to));
  return canBegin(FALLBACKS, text.charCodeAt(isGap ? start : to)) ? after(FALLBACK, text, to) : undefined;
}

/** Blanks of other alphabets are left to the patterns. */
function canBegin(table: Uint8Array, code: number): boolean {
  return code > 127 || table[code] === 1;
}

/** Where a path begins whose last part is the name: `/prod/db/password`. */
function pathStart(text: string, from: number): number {
  let start = from;
  if (text[from - 1] !== "/") return from;
  while (from - start < LONGEST_NAME && /[\w./-]/.test(text.charAt(start - 1))) start -= 1;
  return start;
}

/** Whether it is itself the value of a field that says a name. */
function isNamed(text: string, from: number): boolean {
  const start = pathStart(text, from);
  let at = start - 1;
  if (text[at] === '"' || text[at] === "'") at -= 1;
  for (let count = 0; count < 8 && text[at] === " "; count += 1) at -= 1;
  return (text[at] === ":" || text[at] === "=") && NAMED.test(text.slice(Math.max(0, start - 40), start));
}

/** `name=…`, `name: …` and the like. */
function assigned(
  text: string,
  name: Name,
  operator: string,
  operated: number,
  isQuoted: boolean,
  before: string,
): readonly SecretMatch[] {
  if (name.isHeader) return headerValues(text, name, operated);
  const isComparison = operator.startsWith("==") || operator.startsWith("!=");
  const gap = gapEnd(text, operated);
  let at = gap;
  if (operator === ":") at = after(TYPED, text, operated) ?? after(EMPHASIS_END, text, operated) ?? at;
  else if (operator === "=" && operated === name.to + 1) {
    const continued = after(CONTINUED, text, operated);
    if (continued !== undefined) return one(text, name, continuedAt(text, continued), "inline");
  }
  // A line break may come behind more blanks than a gap has.
  const mayBreak = isBreak(text.charCodeAt(gap)) || gap - operated === LONGEST_GAP;
  const broken = mayBreak ? after(LINE_BREAK, text, operated) : undefined;
  const quoted = quotedAt(text, broken ?? at);
  if (quoted) {
    if (isComparison) return name.strength === 3 ? one(text, name, quoted, "inline") : [];
    const isSetting = operator === "=" && operated === name.to + 1 && at === operated && isConstant(name.text);
    const isLine = isLineStart(text, name) && isLineEnd(text, quoted.to + 1);
    const becomes = after(BECOMES, text, quoted.to);
    return [
      ...one(text, name, quoted, isSetting ? "setting" : isLine ? "line" : "quoted"),
      ...(becomes === undefined ? [] : one(text, name, quotedAt(text, becomes), "quoted")),
    ];
  }
  if (isComparison) return [];
  if (text[at] === "[") return items(text, name, at);
  const isTight = operated === at && operator === "=" && operated === name.to + (isQuoted ? 2 : 1);
  if (isTight && (before === "?" || before === "&" || (before === "#" && name.strength > 0))) {
    return one(text, name, bareAt(text, at, "\\s&#\"'<>`\\\\|)"), "setting");
  }
  if (operator === ":-") return one(text, name, bareAt(text, at, "\\s}\"'`"), "line");
  const semicolons =
    operator === "=" && !isExpression(text.slice(at, at + LONGEST_NAME)) && isInConnectionString(text, name, at);
  if (semicolons) return one(text, name, partAt(text, at), "setting");
  if (isTight && isConstant(name.text)) return one(text, name, settingAt(text, at), "setting");
  if (name.isFlag && isTight) return one(text, name, bareAt(text, at, "\\s\"'`"), "setting");
  if (isBlock(text, at)) return block(text, name, at, /(?:)/y);
  if (operator === ":" && /^[ \t]*\r?$/.test(text.slice(at, lineEnd(text, at)))) {
    return block(text, name, at, /- ["']?/y);
  }
  if (isLineStart(text, name)) {
    const end = lineEnd(text, at);
    const line = trimmed(text, at, end);
    if (line && !/\s/.test(text.slice(line.from, line.to))) {
      return one(text, name, line, operator === ":" || isTight || operator === "=" ? "line" : "inline");
    }
    if (line && name.strength === 3 && isConstant(name.text)) return one(text, name, line, "inline");
  }
  const isHeaderName = operator === ":" && /^[A-Z][\w]*(?:-[A-Za-z\d]+)+$/.test(name.text);
  const place = isHeaderName ? "setting" : isTight && !/[(.]/.test(before) ? "line" : "inline";
  return one(text, name, bareAt(text, at, "\\s,;&\"'`<>|)}\\]"), place);
}

/** What a line that was broken off goes on with: lists of files do so as well. */
function continuedAt(text: string, at: number): Value | undefined {
  const value = bareAt(text, at, "\\s\"'`");
  const own = value && text.slice(value.from, value.to);
  return own && isLineEnd(text, value.to) && /^[\w+=-]+$/.test(own) && valueStrength(own) === 3 ? value : undefined;
}

/** How commands and routers say that a value comes. */
const SPACED_FLAG = /(?:-{1,2}(?:body|value|b|v)[= ]{0,4}|\d (?=\S))/y;
/** In C a name with one of these before it stands behind a type. */
const POINTER = /^[*&]{1,3}[A-Za-z_]\w*(?:\(|$)/;
/** A bracket may belong to what surrounds the value. */
const SPACED_ENDS = `${SPACED_STOPS})`;
/** No more than a word, whatever it says. */
const PLAIN_WORD = /^[A-Za-z]{1,15}$/;

/** `--password …`, `machine … password …`, `password is …`, and a setting on a line of its own. */
function spaced(text: string, name: Name, start: number, isQuoted: boolean): readonly SecretMatch[] {
  if (name.isHeader) return [];
  const isGap = isBlank(text.charCodeAt(name.to));
  const typed = isGap ? typedAfter(text, name.to, start) : undefined;
  if (typed !== undefined) return one(text, name, quotedAt(text, typed), "quoted");
  const said = canBegin(SAYS, text.charCodeAt(isGap ? start : name.to)) ? after(SAID, text, name.to) : undefined;
  if (said !== undefined) {
    // Of less than strong names `assigned-secrets.ts` wants strong values in a line.
    if (name.strength < 3 && isSurelyWeak(text, said)) return [];
    return one(text, name, bareAt(text, said, SAID_STOPS), "inline");
  }
  if (start < text.length && BARS.includes(text.charAt(start))) {
    return one(text, name, cellBehind(text, name, start), isConstant(name.text) ? "line" : "quoted");
  }
  if (text[start] === "," && start === name.to && isConstant(name.text) && isLineStart(text, name)) {
    const cell = bareAt(text, start + 1, ",\\s\"'`");
    return cell && isLineEnd(text, cell.to) ? one(text, name, cell, "inline") : [];
  }
  if (isQuoted || !isGap) return [];
  // `gh secret set NAME --body …`, and routers say how a password is written before it.
  const begin = (SPACED_FLAGS[text.charCodeAt(start)] === 1 ? after(SPACED_FLAG, text, start) : undefined) ?? start;
  if (isSurelyPlain(text, begin, name.strength < 2)) return [];
  const value = quotedAt(text, begin) ?? bareAt(text, begin, SPACED_ENDS);
  if (value === undefined) return [];
  // Most such words are followed by another one.
  const least = name.strength > 1 ? 1 : 2;
  const own = text.slice(value.from, value.to);
  if (!value.quoted && (POINTER.test(own) || own === name.text)) return [];
  if ((least > 1 && PLAIN_WORD.test(own)) || valueStrength(own) < least) return [];
  const prefix = text.slice(Math.max(0, name.from - BEFORE), name.from);
  // In C a macro's own value is mostly another name.
  if (!value.quoted && prefix.endsWith("#define ") && (valueStrength(own) < 3 || /^[A-Za-z]\w*_\w*$/.test(own)))
    return [];
  if (name.isFlag && !text.startsWith("-", start)) return one(text, name, value, "setting");
  if (SETTER.test(prefix.slice(-40))) return one(text, name, value, "setting");
  if (name.strength > 1 && LOGIN.test(prefix)) {
    // People write of a user and a password too.
    const isFile = /\bmachine\s|(?:^|\n)[\s\d|:+>]{0,20}login\s/.test(prefix);
    return one(text, name, value, isFile ? "setting" : "inline");
  }
  // CREATE ROLE … PASSWORD '…'
  if (value.quoted) {
    const isKeyword = name.text === name.text.toUpperCase();
    return name.strength === 3 ? one(text, name, value, isKeyword ? "line" : "inline") : [];
  }
  if (valueStrength(text.slice(value.from, value.to)) === 3) return one(text, name, value, "inline");
  if (!isLineStart(text, name) || name.strength < 2) return [];
  const line = trimmed(text, begin, lineEnd(text, begin));
  if (line === undefined || /\s/.test(text.slice(line.from, line.to))) return [];
  return one(text, name, line, /^(?:requirepass|masterauth)$/i.test(name.text) ? "setting" : "inline");
}

function element(text: string, name: Name, at: number, before: string, isQuoted: boolean): readonly SecretMatch[] {
  if (before !== "<" && before !== ":" && !isQuoted) return [];
  const inside = after(ELEMENT, text, at);
  return inside === undefined ? [] : upTo(text, name, inside, "<", "setting");
}

function upTo(text: string, name: Name, from: number, stop: string, place: Place): readonly SecretMatch[] {
  const end = text.indexOf(stop, from);
  // Else it is a type of a type, or a comparison.
  if (text[end + 1] !== "/" || end < 0 || end - from > LONGEST_VALUE) return [];
  return one(text, name, trimmed(text, from, end), place);
}

/** Each item of a list of secrets. */
function items(text: string, name: Name, at: number): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let next = at + 1;
  for (let count = 0; count < 50; count += 1) {
    const gap = after(/[\s,]{0,100}/y, text, next) ?? next;
    const value = quotedAt(text, gap);
    if (!value) break;
    found.push(...one(text, name, value, "quoted"));
    next = value.to + 1;
  }
  return found;
}

function isBlock(text: string, at: number): boolean {
  return (
    /^[|>][+-]?\d?[ \t]*\r?$/m.test(text.slice(at, at + 6).split("\n", 1)[0] ?? "") && /[|>]/.test(text.charAt(at))
  );
}

/** What outputs of tools put before a line. */
const PREFIX = /^(?:[\w./@-]{1,120}[:-]\d{1,6}[:-]|\s{0,8}\d{1,6}[|:\t→])?[ \t+>|]{0,80}/;

/** The lines of a YAML text block, or the items of a list. @param mark what each line begins with */
function block(text: string, name: Name, at: number, mark: RegExp): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let from = lineEnd(text, at) + 1;
  for (let count = 0; count < 60; count += 1) {
    const end = lineEnd(text, from);
    const prefix = PREFIX.exec(text.slice(from, end))?.[0].length ?? 0;
    const start = after(mark, text, from + prefix);
    const line = start === undefined ? undefined : trimmed(text, start, end);
    if (!line || prefix === 0 || /[\s:]/.test(text.slice(line.from, line.to))) break;
    found.push(...one(text, name, line, "line"));
    from = end + 1;
  }
  return found;
}

function headerValues(text: string, name: Name, from: number): readonly SecretMatch[] {
  const at = after(/\s{0,8}[rbuf@$]?["'`]?/y, text, from) ?? from;
  const label = name.text.replace(/^["']|["']$/g, "");
  return credentialsOf(text, at, /cookie/i.test(name.text)).map(({ from: start, to }) =>
    matchOf(start, text.slice(start, to), label, name.from),
  );
}

function isLineStart(text: string, name: Name): boolean {
  const from = Math.max(0, name.from - BEFORE);
  const line = text.slice(from, name.from);
  return LINE_START.test(line.slice(line.lastIndexOf("\n") + 1));
}

function isLineEnd(text: string, at: number): boolean {
  return /^[ \t]*,?[ \t]*(?:\r?\n|$)/.test(text.slice(at, at + 12));
}
