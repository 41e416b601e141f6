/** The texts of plain data, put together so that all of them are looked through fast. */
import { type Fields, isFields } from "../text/json-fields.js";
import { isSignIn, isSignInValue, SIGN_IN_FIELDS } from "./sign-ins.js";
import { TextMap } from "./text-map.js";
import { namedValue, STRUCTURE, VALUE_FIELDS } from "./texts.js";

/**
 * About how many characters a piece has, if it is not one long text: the engine puts texts together several times faster
 * while what comes of them is no large object.
 */
const PIECE_SIZE = 12_000;

/** What is told on the way. */
export interface PiecesWatcher {
  /** A field that is a text, of any object. */
  readonly field?: (name: string, text: string) => void;
  /** Whether to tell of fields that are called so; asked once for each name. Default: of all. */
  readonly tells?: (name: string) => boolean;
  /** A field that opencode signs in to a provider by. */
  readonly signIn?: (name: string, text: string) => void;
  /** How deep objects and lists are nested at most, the outermost ones being 1 deep; told at the end. */
  readonly depth?: (deepest: number) => void;
}

/**
 * All texts of some plain values, keys of objects among them, joined to pieces by line breaks: few large ones are
 * looked through faster than many small ones.
 *
 * What was looked through before is left out: keys and words that stand there again, and long texts, since traces have
 * the output of a tool where it ran, and where the model is told of it. So are ids of opencode in fields that nothing is
 * replaced in: no rule finds anything in them.
 */
export function* textPieces(values: readonly unknown[], watcher: PiecesWatcher = {}): Generator<string> {
  let piece: string[] = [];
  let length = 0;
  let [depth, deepest] = [0, 0];
  const known = new TextMap<true>();
  const met: Met = { names: new Map(), session: "", message: "" };
  const words = new Set<string>();
  const left: unknown[] = [...values];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === "string") {
      if (value.length <= LONGEST_WORD) {
        if (words.has(value)) continue;
        words.add(value);
      }
      if (known.get(value)) continue;
      known.set(value, true);
      piece.push(value);
      length += value.length;
    } else if (value === END) {
      depth -= 1;
      continue;
    } else if (typeof value === "object" && value !== null) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      left.push(END);
      addParts(value, left, met, watcher);
      continue;
    }
    // What stands behind base64 tells where it ends.
    if (length < PIECE_SIZE || left.length === depth || piece.at(-1)?.endsWith("=")) continue;
    // No text begins or ends with a piece but the first and the last one of all.
    piece.push("");
    yield piece.join("\n");
    piece = [""];
    length = 0;
  }
  if (length > 0) yield piece.join("\n");
  watcher.depth?.(deepest);
}

/** Stands behind the parts of an object that are left. */
const END = Symbol("the end of an object");

/** The engine has each of these once, so that they are found without a look at their characters. */
const LONGEST_WORD = 10;

/** What was met before. */
interface Met {
  /** What the names of fields tell, as bits. */
  readonly names: Map<string, number>;
  /** The last ids of a session and of a message: they stand in each of the rows that belong to these. */
  session: string;
  message: string;
}

const PLAIN = 0;
const VALUE = 1;
const KEPT = 2;
const SIGN_IN = 4;
const TOLD = 8;

/** What stands for an id of opencode's: when it was made, and chance. */
const OPENCODE_ID = /^(?:ses|msg|prt)_[0-9a-f]{12}[0-9A-Za-z]{14}$/;
const ID_LENGTH = 30;
/** What those of sessions and of messages begin with. */
const SMALL_S = 115;
const SMALL_M = 109;

/** The texts and objects that a value is made of. */
function addParts(value: object, left: unknown[], met: Met, watcher: PiecesWatcher): void {
  if (Array.isArray(value)) {
    // The first one last, as what was put there last is taken first: rows of one text may stand in a list.
    for (let index = value.length - 1; index >= 0; index -= 1) {
      const item: unknown = value[index];
      if (typeof item === "string" || typeof item === "object") left.push(item);
    }
    return;
  }
  if (isFields(value)) addFields(value, left, met, watcher);
}

/** Its fields are gone through without lists of them: there are as many objects as a session has rows. */
function addFields(fields: Fields, left: unknown[], met: Met, { field, tells, signIn }: PiecesWatcher): void {
  const { names } = met;
  let kinds = PLAIN;
  for (const key in fields) {
    let kind = names.get(key);
    if (kind === undefined) {
      kind = kindOf(key) | (field && (tells?.(key) ?? true) ? TOLD : PLAIN);
      names.set(key, kind);
      left.push(key);
    }
    kinds |= kind;
  }
  const told = (kinds & VALUE) !== 0 && field ? namedValue(fields) : undefined;
  const signsIn = (kinds & SIGN_IN) !== 0 && isSignIn(Object.keys(fields), fields.type);
  for (const key in fields) {
    const item = fields[key];
    if (typeof item === "string") {
      const kind = item.length === ID_LENGTH || (kinds & TOLD) !== 0 ? (names.get(key) ?? PLAIN) : PLAIN;
      if (item.length === ID_LENGTH && (kind & KEPT) !== 0 && isId(item, met)) continue;
      if (told?.key === key) field?.(told.name, item);
      else if ((kind & TOLD) !== 0) field?.(key, item);
      if (signsIn && SIGN_IN_FIELDS.has(key) && isSignInValue(item)) signIn?.(key, item);
      left.push(item);
    } else if (typeof item === "object") left.push(item);
  }
}

function isId(text: string, met: Met): boolean {
  const first = text.charCodeAt(0);
  if (first === SMALL_S) {
    if (text === met.session) return true;
    if (!OPENCODE_ID.test(text)) return false;
    met.session = text;
    return true;
  }
  if (first === SMALL_M) {
    if (text === met.message) return true;
    if (!OPENCODE_ID.test(text)) return false;
    met.message = text;
    return true;
  }
  return OPENCODE_ID.test(text);
}

function kindOf(key: string): number {
  if (VALUE_FIELDS.includes(key)) return VALUE;
  return STRUCTURE.has(key) ? KEPT : SIGN_IN_FIELDS.has(key) ? SIGN_IN : PLAIN;
}
