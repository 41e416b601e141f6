import { environmentSecrets } from "../masking/environment-secrets.js";
import { textForms } from "../masking/forms.js";
import type { Masking } from "../masking/mask.js";

/** What is shorter stands in any text. */
const SHORTEST = 4;
/** Of what is longer, each half is long enough to be looked for by itself. */
const LONG = 16;
/** What is as long, and has no space, is masked also where line breaks stand in it, though not among its first ones. */
const WRAPPED = 16;
const BEFORE_BREAK = 6;
/** Characters that JSON writes as they are. */
const PLAIN = /[\w!#$%()*+,.:;=?@[\]^`{|}~-]{3,}/g;

/**
 * Pieces of all that is known to be secret without looking at any text: where none of them stands in a file, none of
 * these secrets does, in whatever form. They are letters and digits, which JSON writes as they are, and halves where
 * that is possible: a recording may break a text in two. Of what a terminal may have broken into many lines, the
 * beginning is one more.
 *
 * @returns undefined where a secret has no such piece, and for masking that is not told by secrets alone
 */
export function knownPieces(masking: Masking): readonly string[] | undefined {
  if (masking === false) return undefined;
  const { environment = process.env, knownShapes = true, secrets = [], patterns = [], replace } = masking;
  if (!knownShapes || patterns.length > 0 || replace) return undefined;
  const texts = [...environmentSecrets(environment).map(({ text }) => text), ...secrets];
  const pieces = new Set<string>();
  for (const form of texts.filter(({ length }) => length >= SHORTEST).flatMap(textForms)) {
    const longest = longestIn(form, /[A-Za-z0-9]+/g);
    if (longest.length < SHORTEST) return undefined;
    const half = longest.length >> 1;
    if (longest.length < LONG) pieces.add(longest);
    else pieces.add(longest.slice(0, half)).add(longest.slice(half));
  }
  for (const text of texts.filter((one) => one.length >= WRAPPED && !/\s/.test(one))) {
    const begin = longestIn(text.slice(0, BEFORE_BREAK), PLAIN);
    if (begin === "") return undefined;
    pieces.add(begin);
  }
  return [...pieces];
}

function longestIn(text: string, runs: RegExp): string {
  return (text.match(runs) ?? []).reduce((most, run) => (run.length > most.length ? run : most), "");
}
