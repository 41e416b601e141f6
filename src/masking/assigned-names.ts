import { type NameStrength, nameStrength } from "./secret-names.js";

export const LONGEST_NAME = 60;

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
  strengths.set(name, strength);
  return strength;
}

export function isConstant(name: string): boolean {
  return /^[A-Z][A-Z\d_]*$/.test(name);
}
