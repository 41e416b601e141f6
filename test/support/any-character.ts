import fc from "fast-check";

/** Halves of characters, of which two make one: no character is one of them. */
const [FIRST_HALF, HALVES] = [0xd800, 0x800];

/**
 * Any character, for `fc.string({ unit: anyCharacter })`: the values of fast-check's `binary`, which writes down all of
 * the million to know which it can make. That takes a second of each worker, and a hundred megabytes.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(0x10ffff - HALVES).map(
  (index) => String.fromCodePoint(index < FIRST_HALF ? index : index + HALVES),
  (character) => {
    const code = typeof character === "string" ? character.codePointAt(0) : undefined;
    if (code === undefined || character !== String.fromCodePoint(code)) throw new Error("It is no character.");
    if (code >= FIRST_HALF && code < FIRST_HALF + HALVES) throw new Error("It is half a character.");
    return code < FIRST_HALF ? code : code - HALVES;
  },
);
