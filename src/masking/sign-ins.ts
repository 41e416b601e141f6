import { after } from "./assigned-values.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { valueStrength } from "./secret-values.js";

/**
 * opencode's own file of how it signs in to providers, `auth.json`: each is an object such as
 * `{ "type": "oauth", "refresh": "…", "access": "…" }`, with its fields in any order.
 */
const TYPES: ReadonlySet<unknown> = new Set(["api", "oauth", "wellknown"]);
/** The fields by which it signs in. */
export const SIGN_IN_FIELDS: ReadonlySet<string> = new Set(["key", "token", "access", "refresh"]);

/** What else stands beside them; an object with other fields is another one. */
const BESIDE: ReadonlySet<string> = new Set(["type", "expires", "accountId", "enterpriseUrl", "metadata"]);

/** The field by which what signs in to a provider is known. */
export const SIGN_IN_WORD = '"type"';
const TYPE = /"type"\s{0,4}:\s{0,4}"(?:api|oauth|wellknown)"/y;
const NAME = /"([^"\s]{1,60})"\s{0,4}:/g;
const FIELD = /"(key|token|access|refresh)"\s{0,4}:\s{0,4}"([^"\s]{8,6000})"/g;
/** How far from its type the fields of an object may stand. */
const FURTHEST = 8_000;

/**
 * Takes time in proportion to the text.
 *
 * @param places where that field may stand, ascending
 */
export function inSignIns(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  let done = 0;
  for (const index of places) {
    if (index < done || after(TYPE, text, index) === undefined) continue;
    const first = Math.max(done, index - FURTHEST);
    const before = text.slice(first, index);
    const from = Math.max(before.lastIndexOf("{"), before.lastIndexOf("}")) + 1;
    if (before[from - 1] !== "{") {
      done = index + 1;
      continue;
    }
    const ahead = text.slice(index, index + FURTHEST);
    const end = ahead.search(/[{}]/);
    done = index + (end < 0 ? ahead.length : end);
    const object = text.slice(first + from, done);
    if (![...object.matchAll(NAME)].every(([, name = ""]) => isField(name))) continue;
    for (const { 0: field, 1: name = "", 2: value = "", index: at } of object.matchAll(FIELD)) {
      if (!isSignInValue(value)) continue;
      const own = first + from + at;
      found.push(matchOf(own + field.lastIndexOf(value), value, name, own));
    }
  }
  return found;
}

/**
 * The same for data.
 *
 * @param names of all its fields
 * @param type what stands in the field of that name
 */
export function isSignIn(names: readonly string[], type: unknown): boolean {
  return TYPES.has(type) && names.every(isField);
}

function isField(name: string): boolean {
  return SIGN_IN_FIELDS.has(name) || BESIDE.has(name);
}

/** Other objects have such types and fields too: names of models, and of what is allowed, stay. */
export function isSignInValue(value: string): boolean {
  return !value.includes("/") && valueStrength(value) === 3;
}
