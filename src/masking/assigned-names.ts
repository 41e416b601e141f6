import { ownText } from "../text/own-text.js";
import { type NameStrength, nameStrength } from "./secret-names.js";

export const LONGEST_NAME = 60;

/** What the words begin with, by three letters or two, that names of secrets contain. */
export const STEMS: readonly string[] =
  "pas pwd psw psk pw sec tok key cre aut coo dsn bea jwt con sig sal mne see sid ses otp tot sen ken pep rec ver web pat php hma lic".split(
    " ",
  );

export interface Name {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly strength: NameStrength;
  readonly isFlag: boolean;
}

const strengths = new Map<string, NameStrength>();
const MOST_STRENGTHS = 20_000;

export function strengthOf(name: string): NameStrength {
  const known = strengths.get(name);
  if (known !== undefined) return known;
  if (strengths.size > MOST_STRENGTHS) strengths.clear();
  const strength = nameStrength(name);
  strengths.set(ownText(name), strength);
  return strength;
}

export function isConstant(name: string): boolean {
  return /^[A-Z][A-Z\d_]*$/.test(name);
}
