import { createHash } from "node:crypto";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Chance that is the same again for the same seed. */
export interface Chance {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** 32 bits, each as likely set as not. */
  bits(): number;
}

/** @param seed whatever tells one use of chance from another */
export function chanceOf(...seed: readonly (string | number)[]): Chance {
  const generator = xoroshiro128plus(createHash("sha256").update(JSON.stringify(seed)).digest().readInt32LE());
  return {
    // Millions are drawn: of what a fair draw would cost more, none of these limits would show anything.
    below: (limit) => Math.floor(((generator.next() >>> 0) / 2 ** 32) * limit),
    bits: () => generator.next(),
  };
}

/** The same values in an order of chance (Fisher-Yates). */
export function shuffled<T>(values: readonly T[], chance: Chance): readonly T[] {
  const all = [...values];
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = chance.below(at + 1);
    const [one, two] = [all[at], all[other]];
    if (one === undefined || two === undefined) continue;
    [all[at], all[other]] = [two, one];
  }
  return all;
}
