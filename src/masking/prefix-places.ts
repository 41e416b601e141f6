/**
 * Where in a text one of the prefixes may stand. Of each four characters the two in the middle are looked up as they
 * are, and tell which may stand before and behind them: one such look tells of two places.
 */
import type { LowBytes } from "./low-bytes.js";
import { ANY, PREFIXES, type Set8 } from "./prefixes.js";

/** Of shorter ones those behind may be nearly any: they are told by the character before their first one. */
const SHORTEST_ALONE = 3;

/** As constants of the module the tables are read fastest. The keys are two lower bytes, the second in the upper half. */

/**
 * What may stand behind these in a prefix, or in the midst of one: a bit for the lower five of each character. Then what
 * may stand before: one next to the other, since both are asked for together.
 */
const around = new Int32Array(2 << 16);

/** What a prefix that begins with both may have behind them, and one further. */
const thirds = new Int32Array(1 << 16);
const fourths = new Int32Array(1 << 16);

/** Of which kinds short prefixes are that begin with both. */
const shortKinds = new Uint16Array(1 << 16);

/** Spreads what some bytes are over the bits of a number. */
const SPREAD = 0x9e37_79b1;
const KINDS_BITS = 15;

/** Of which kinds longer ones are, by the upper bits of what their first three characters are spread to. */
const kinds = new Uint16Array(1 << KINDS_BITS);
/** By the same, what the fourth may be. */
const kindsFourths = new Int32Array(1 << KINDS_BITS);

/** @param three the lower three bytes of a number */
function spread(three: number): number {
  return Math.imul(three & 0xff_ffff, SPREAD) >>> (32 - KINDS_BITS);
}

/** How many characters are looked through at once at most. */
export const PART = 1 << 13;

/** As many places as `prefixPlaces` writes down of one part at most. */
export const MOST_PLACES = 2 * PART;

/** The first of four characters of which a look has told something; those of the next part are written over them. */
const fours = new Int32Array(PART / 4 + 1);
/** The first of two in the middle of four. */
const middles = new Int32Array(PART / 2 + 3);

/** A bit for each. */
const ALL = -1;

for (const { characters, length, kind } of PREFIXES) {
  const [first, second, third, fourth] = characters;
  const isShort = length < SHORTEST_ALONE;
  const [mayBeThird, mayBeFourth] = [maskOf(third), maskOf(fourth)];
  each(first, second, (two) => {
    add(around, 2 * two, mayBeThird);
    add(around, 2 * two + 1, ALL);
    add(thirds, two, mayBeThird);
    add(fourths, two, mayBeFourth);
    if (isShort) add(shortKinds, two, kind);
    for (const last of isShort ? [] : third) {
      const three = spread(two | (last << 16));
      add(kinds, three, kind);
      add(kindsFourths, three, mayBeFourth);
    }
  });
  const [mayStandBehind, mayStandAhead] = isShort ? [maskOf(second), ALL] : [mayBeFourth, maskOf(first)];
  each(isShort ? ANY : second, isShort ? first : third, (two) => {
    add(around, 2 * two, mayStandBehind);
    add(around, 2 * two + 1, mayStandAhead);
  });
}

/**
 * Writes down where a prefix may begin in a part of a text, or right behind it; ascending, some places twice.
 *
 * @param from a multiple of four
 * @param places for `MOST_PLACES`
 * @returns how many there are
 */
export function prefixPlaces(low: LowBytes, from: number, to: number, places: Int32Array): number {
  const count = middlesOf(low, foursIn(low, from, to));
  // Nothing stands before a text that could tell a short prefix.
  places[0] = 0;
  return placesAround(low, count, places, from === 0 ? 1 : 0);
}

/** Of which kinds the prefixes are that may begin at such a place. */
export function kindAt({ four }: LowBytes, at: number): number {
  const here = four.getInt32(at, true);
  const three = spread(here);
  const kind = ((kindsFourths[three] ?? 0) >> (here >>> 24)) & 1 ? (kinds[three] ?? 0) : 0;
  return (shortKinds[here & 0xffff] ?? 0) | kind;
}

function each(first: Set8, second: Set8, tell: (two: number) => void): void {
  for (const one of first) for (const other of second) tell(one | (other << 8));
}

function add(table: Int32Array | Uint16Array, key: number, bits: number): void {
  table[key] = (table[key] ?? 0) | bits;
}

function maskOf(characters: Set8): number {
  if (characters === ANY) return ALL;
  let mask = 0;
  // Of a shift only the lower five bits count.
  for (const character of characters) mask |= 1 << character;
  return mask;
}

/**
 * Looks at the middle of each four characters, and at what stands around it. Each place is written down, and kept where
 * there may be something: a processor cannot foresee where, and would go on the wrong way.
 *
 * @returns how many were kept
 */
function foursIn({ four }: LowBytes, from: number, to: number): number {
  let count = 0;
  let here = four.getInt32(from, true);
  for (let at = from; at < to; at += 4) {
    const next = four.getInt32(at + 4, true);
    const one = (here >>> 7) & 0x1fffe;
    const two = ((here >>> 23) & 0x1fe) | ((next & 0xff) << 9);
    const isOne = ((around[one] ?? 0) >> (here >>> 24)) & ((around[one + 1] ?? 0) >> here);
    const isTwo = ((around[two] ?? 0) >> (next >>> 8)) & ((around[two + 1] ?? 0) >> (here >>> 16));
    fours[count] = at;
    count += (isOne | isTwo) & 1;
    here = next;
  }
  return count;
}

/** Which of the two middles of each of these it was. */
function middlesOf({ four }: LowBytes, count: number): number {
  let kept = 0;
  for (let index = 0; index < count; index += 1) {
    const at = fours[index] ?? 0;
    const here = four.getInt32(at, true);
    const next = four.getInt32(at + 4, true);
    const one = (here >>> 7) & 0x1fffe;
    const two = ((here >>> 23) & 0x1fe) | ((next & 0xff) << 9);
    middles[kept] = at + 1;
    kept += ((around[one] ?? 0) >> (here >>> 24)) & ((around[one + 1] ?? 0) >> here) & 1;
    middles[kept] = at + 3;
    kept += ((around[two] ?? 0) >> (next >>> 8)) & ((around[two + 1] ?? 0) >> (here >>> 16)) & 1;
  }
  return kept;
}

/**
 * A prefix may begin with the first one of a middle, with the one before it or with the one behind it.
 *
 * @param before how many places are there already
 */
function placesAround({ four }: LowBytes, count: number, places: Int32Array, before: number): number {
  let kept = before;
  for (let index = 0; index < count; index += 1) {
    const at = (middles[index] ?? 0) - 1;
    const here = four.getInt32(at, true);
    const next = four.getInt32(at + 4, true);
    const one = here & 0xffff;
    const two = (here >>> 8) & 0xffff;
    const three = here >>> 16;
    places[kept] = at;
    kept += ((thirds[one] ?? 0) >> (here >>> 16)) & ((fourths[one] ?? 0) >> (here >>> 24)) & 1;
    places[kept] = at + 1;
    kept += ((thirds[two] ?? 0) >> (here >>> 24)) & ((fourths[two] ?? 0) >> next) & 1;
    places[kept] = at + 2;
    kept += ((thirds[three] ?? 0) >> next) & ((fourths[three] ?? 0) >> (next >>> 8)) & 1;
  }
  return kept;
}
