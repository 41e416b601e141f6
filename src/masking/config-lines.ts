import { after } from "./assigned-values.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { valueStrength } from "./secret-values.js";
import { inSignIns } from "./sign-ins.js";
import { inTables } from "./tables.js";
import { replacedView } from "./views.js";

/** Where in a text what is known by a word or two may stand; ascending. */
export interface FormatPlaces {
  /** The names of columns. */
  readonly columns: readonly number[];
  /** Words that have a phrase behind them. */
  readonly phrases: readonly number[];
  /** The number of a port. */
  readonly ports: readonly number[];
  /** What a Kubernetes Secret is called. */
  readonly manifests: readonly number[];
  /** The field by which a JSON web key is known. */
  readonly webKeys: readonly number[];
  /** The field by which what signs in to a provider is known. */
  readonly signIns: readonly number[];
}

/**
 * Secrets that only a format tells: `.pgpass`, Kubernetes Secrets, JSON web keys, tables, phrases of many words.
 *
 * @returns what each of them tells
 */
export function findInFormats(
  text: string,
  { columns, phrases, ports, manifests, webKeys, signIns }: FormatPlaces,
): readonly (readonly SecretMatch[])[] {
  return [
    inPgpass(text, ports),
    manifests.some((at) => text.startsWith(MANIFEST_WORD, at)) ? inKubernetesSecrets(text) : [],
    inWebKeys(text, webKeys),
    inSignIns(text, signIns),
    inTables(text, columns),
    phrasesIn(text, phrases),
  ];
}

const PORT = /:(?:\d{4,5}|\*):/y;
/** What it begins with. */
export const PORT_WORDS: readonly string[] = [
  ":*:",
  ...Array.from({ length: 100 }, (_, digits) => `:${String(digits).padStart(2, "0")}`),
];
const PGPASS_HOST =
  /(?:^|[\s"'`:>+|=])(localhost|\*|\d{1,3}(?:\.\d{1,3}){3}|[\w-]{5,60}|[\w-]{1,60}(?:\.[\w-]{1,60}){1,6})$/;
const PGPASS_REST = /(?:[A-Za-z_][\w-]{0,60}|\*):(?:[A-Za-z_][\w.-]{0,60}|\*):([^\s"'`]{4,200})/y;
const SOURCE_FILE = /\.(?:[cm]?[jt]sx?|py|go|rs|c|h|cpp|java|rb|php|md|json|ya?ml)$/;

/** host:port:database:user:password */
function inPgpass(text: string, ports: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let next = 0;
  for (const at of ports) {
    const end = at < next ? undefined : after(PORT, text, at);
    if (end === undefined) continue;
    next = end;
    const host = PGPASS_HOST.exec(text.slice(Math.max(0, at - 100), at))?.[1];
    if (host === undefined || SOURCE_FILE.test(host)) continue;
    PGPASS_REST.lastIndex = end;
    const password = PGPASS_REST.exec(text)?.[1];
    if (password === undefined || valueStrength(password) === 0) continue;
    found.push(matchOf(PGPASS_REST.lastIndex - password.length, password, "pgpass", at - host.length));
  }
  return found;
}

/** What its kind has in it. */
export const MANIFEST_WORD = "Secret";
const KIND = /["']?kind["']?:\s{0,4}["']?(?:Sealed)?Secret\b/g;
const DATA = /^([ \t]*)["']?(?:data|stringData)["']?:[ \t]*\{?[ \t]*\r?$/gm;
const FIELD = /^([ \t]*)["']?[\w.-]{1,100}["']?:[ \t]*["']?([^\s"',|>]{4,4000})["']?,?[ \t]*\r?$/;
const FLAT = /["']?(?:data|stringData)["']?:\s{0,4}\{([^{}]{1,20000})\}/g;
const FLAT_FIELD = /["'][\w.-]{1,100}["']:\s{0,4}["']([^"']{4,4000})["']/g;
const LONGEST_SECRET = 20_000;
/** What outputs of tools put before lines; without it, how far a line is indented tells what it belongs to. */
const PREFIX = /^(?:[\w./@-]{1,120}[:-]\d{1,6}[:-]|[ \t]{0,8}\d{1,6}(?:[:\t→]|\| ?)|\+|> )/gm;

/** All values of a Secret are, whatever they are called. */
function inKubernetesSecrets(text: string): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let done = 0;
  for (const { index } of text.matchAll(KIND)) {
    if (index < done) continue;
    const start = Math.max(done, text.lastIndexOf("\n---", index), index - LONGEST_SECRET / 4);
    const next = text.indexOf("\n---", index);
    const end = Math.min(next < 0 ? text.length : next, index + LONGEST_SECRET);
    done = end;
    const view = replacedView(text.slice(start, end), PREFIX, () => "");
    const part = view.text;
    const place = (from: number, value: string, contextFrom: number): SecretMatch =>
      matchOf(start + view.origin(from), value, "KubernetesSecret", start + view.origin(contextFrom));
    for (const { 0: head, 1: indent = "", index: at } of part.matchAll(DATA)) {
      let from = at + head.length + 1;
      for (const line of part.slice(from).split("\n")) {
        const field = FIELD.exec(line);
        if (field && (field[1] ?? "").length > indent.length) {
          const value = field[2] ?? "";
          const own = from + line.indexOf(value, line.indexOf(":") + 1);
          if (valueStrength(value) > 0) found.push(place(own, value, from + indent.length));
        } else if (!/^[ \t]*(?:#.*|[A-Za-z0-9+/=]{1,200}|[\w.-]+:[ \t]*[|>]?[+-]?)?\r?$/.test(line)) break;
        from += line.length + 1;
      }
    }
    for (const { 1: fields = "", 0: whole, index: at } of part.matchAll(FLAT)) {
      const base = at + whole.indexOf("{") + 1;
      for (const { 0: field, 1: value = "", index: inside } of fields.matchAll(FLAT_FIELD)) {
        const own = base + inside + field.lastIndexOf(value);
        if (valueStrength(value) > 0) found.push(place(own, value, base + inside));
      }
    }
  }
  return found;
}

const PRIVATE_PART = /["'](?:d|p|q|dp|dq|qi|k)["']\s{0,4}:\s{0,4}["']([\w-]{20,2000})["']/g;

/** The field by which a JSON web key is known. */
export const WEB_KEY_WORD = '"kty"';

/** Of a JSON web key, the numbers that only its owner knows. */
function inWebKeys(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let done = 0;
  for (const at of places) {
    if (at < done || !text.startsWith(WEB_KEY_WORD, at)) continue;
    const from = Math.max(done, at - 4_000);
    done = at + 4_000;
    for (const { 0: whole, 1: value = "", index } of text.slice(from, done).matchAll(PRIVATE_PART)) {
      const own = from + index + whole.lastIndexOf(value);
      found.push(matchOf(own, value, "PrivateKey", own, true));
    }
  }
  return found;
}

/** What phrases are called. */
export const PHRASE_WORDS: readonly string[] = ["mnemonic", "seed", "recovery", "backup", "wallet", "secret"];
const PHRASE =
  /\b(?:mnemonic|seed|recovery|backup|wallet|secret)[ _-]?(?:phrase|words|recovery phrase)?["'`]{0,2}\s{0,4}(?:[:=]|is)\s{0,4}["'`]{0,2}((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})(?![a-z ])/iy;

/** The words that a wallet can be opened with: twelve or more, none of them long. */
function phrasesIn(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let next = 0;
  for (const place of places) {
    if (place < next) continue;
    PHRASE.lastIndex = place;
    const phrase = PHRASE.exec(text)?.[1];
    if (phrase === undefined) continue;
    next = PHRASE.lastIndex;
    const from = next - phrase.length;
    found.push(matchOf(from, phrase, "mnemonic", from, true));
  }
  return found;
}
