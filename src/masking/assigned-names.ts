import { ownText } from "../text/own-text.js";
import { type NameStrength, nameStrength } from "./secret-names.js";

export const LONGEST_NAME = 60;

/** What names of secrets contain, or what that begins with. */
export const STEMS: readonly string[] =
  "pass pwd pswd psk pw secret token key cred auth cookie dsn bearer jwt conn contra sig salt mnemonic seed sid sess otp totp senha kennwort pepper recovery verifier webhook pat phpsess hmac license".split(
    " ",
  );

export interface Name {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly strength: NameStrength;
  readonly isFlag: boolean;
  /** Whether it is a header's that signs in. */
  readonly isHeader: boolean;
}

interface Kind {
  readonly strength: NameStrength;
  readonly isHeader: boolean;
}

const kinds = new Map<string, Kind>();
const MOST_KINDS = 20_000;

function kindOf(name: string): Kind {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  if (kinds.size > MOST_KINDS) kinds.clear();
  const kind = { strength: nameStrength(name), isHeader: HEADER.test(name) };
  kinds.set(ownText(name), kind);
  return kind;
}

const HEADER = /^(?:x-)?(?:proxy-)?authorization$|^(?:http_)?(?:proxy_)?authorization$|^(?:set-)?cookie$/i;

export function strengthOf(name: string): NameStrength {
  return kindOf(name).strength;
}

export function isConstant(name: string): boolean {
  return /^[A-Z][A-Z\d_]*$/.test(name);
}

/** A table of the first 128 characters, with those that a class of a regular expression has. */
function tableOf(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0));
}

const NAME_PARTS = tableOf(/[\w.-]/);

function isNamePart(code: number): boolean {
  return NAME_PARTS[code] === 1;
}

/** Where a name ends that goes on at a place; one that is too long is cut. */
export function nameEnd(text: string, at: number): number {
  let to = at;
  while (to - at < LONGEST_NAME && isNamePart(text.charCodeAt(to))) to += 1;
  return to;
}

/** What can follow a name whose value comes next. */
const FOLLOWS = tableOf(/["'`()\]}|?=:,>< \t\r\n!+]/);
const [DASH, DOT, GREATER] = [45, 46, 62];

function isFollowed(text: string, to: number): boolean {
  const code = text.charCodeAt(to);
  if (code !== DASH) return FOLLOWS[code] === 1;
  const next = text.charCodeAt(to + 1);
  return next === DASH || next === GREATER;
}

/** The name around a place in it, where it is that of a secret and something follows that can be its value. */
export function nameAround(text: string, at: number): Name | undefined {
  let from = at;
  while (at - from < LONGEST_NAME && from > 0 && isNamePart(text.charCodeAt(from - 1))) from -= 1;
  let to = nameEnd(text, at);
  // A name that goes on is none.
  if (at - from === LONGEST_NAME || to - at === LONGEST_NAME) return undefined;
  for (let last = text.charCodeAt(to - 1); to > at && (last === DOT || last === DASH); last = text.charCodeAt(to - 1)) {
    to -= 1;
  }
  if (!isFollowed(text, to)) return undefined;
  const isFlag = text.charCodeAt(from) === DASH && /^-{1,2}[A-Za-z]/.test(text.slice(from, from + 3));
  for (let first = text.charCodeAt(from); from < at && (first === DASH || first === DOT); ) {
    from += 1;
    first = text.charCodeAt(from);
  }
  const name = text.slice(from, to);
  const { strength: own, isHeader } = kindOf(name);
  const isParameter = name.length === 3 && name.toLowerCase() === "key" && /[?&;]/.test(text.charAt(from - 1));
  const strength = isParameter ? 1 : own;
  if (strength === 0 && !isHeader) return undefined;
  if (from >= MARKER.length && text.startsWith(MARKER, from - MARKER.length)) return undefined;
  return { from, to, text: name, strength, isFlag, isHeader };
}

const MARKER = "[masked: ";
