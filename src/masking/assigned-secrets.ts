import { isConstant, LONGEST_NAME, type Name, strengthOf } from "./assigned-names.js";
import type { Value } from "./assigned-values.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { wordsOf } from "./secret-names.js";
import { isExpression, spreads, type ValueStrength, valueStrength } from "./secret-values.js";

/** What is longer and still not random is text. */
const LONGEST_WEAK = 200;

/** How surely the way in which a value stands there tells that it is the value of a name. */
export type Place = "setting" | "line" | "quoted" | "inline";

export function one(text: string, name: Name, value: Value | undefined, place: Place): readonly SecretMatch[] {
  if (!value || value.to <= value.from) return [];
  const whole = text.slice(value.from, value.to);
  const scheme = /^(?:Bearer|Basic|Token|Bot|ApiKey|Api-Key|Key)\s+(?=\S{6})/i.exec(whole)?.[0].length ?? 0;
  const own = whole.includes("\n") ? whole.slice(scheme).replaceAll(/\s/g, "") : whole.slice(scheme);
  if (!isSecret(own, name, place, value.quoted)) return [];
  const alone = spreads(own);
  if (!alone && own.length > LONGEST_WEAK) return [];
  return [matchOf(value.from + scheme, whole.slice(scheme), name.text, name.from, alone)];
}

const LEAST: Readonly<
  Record<Place, readonly [never: 4, weak: ValueStrength | 4, middle: ValueStrength | 4, strong: ValueStrength | 4]>
> = {
  setting: [4, 2, 1, 1],
  line: [4, 2, 2, 1],
  quoted: [4, 2, 2, 1],
  inline: [4, 3, 3, 2],
};

function isSecret(value: string, name: Name, place: Place, quoted: boolean): boolean {
  const strength = valueStrength(value);
  if (strength === 0 || strength < LEAST[place][name.strength]) return false;
  if (!quoted && place !== "setting" && isExpression(value)) return false;
  // `password: "Password"`, `TOKEN=token_name`: names of the same thing.
  if (strength === 1 && value.length <= LONGEST_NAME && isNameOf(value, name.text)) return false;
  if (strength === 1 && place === "line" && !quoted && /^[A-Za-z]+$/.test(value) && !isConstant(name.text)) {
    return name.strength === 3 && /^[a-z]{8,}$/.test(value);
  }
  return strength === 3 || name.strength === 3 || value.length >= 8;
}

function isNameOf(value: string, name: string): boolean {
  const words = wordsOf(value);
  return wordsOf(name).includes(words) || strengthOf(value) > 0 || /PASS|SECRET|TOKEN|_KEY$/.test(words);
}

/**
 * Whether the value of a field is secret by the field's name: as `findAssignments` has it for texts.
 *
 * @param key the name of the field
 */
export function isSecretField(key: string, value: string): boolean {
  const strength = strengthOf(key);
  if (strength === 0 || key.length > LONGEST_NAME * 2) return false;
  const name: Name = { from: 0, to: key.length, text: key, strength, isFlag: false, isHeader: false };
  return isSecret(value, name, isConstant(key) ? "setting" : "line", true);
}
