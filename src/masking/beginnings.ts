/** Where one of some known texts may begin in others: some of their characters are looked up in small tables. */
import { type LowBytes, lowBytesOf } from "./low-bytes.js";

/** Spreads what some bytes are over the bits of a table. */
const SPREAD = 0x9e37_79b1;
/** How many bits a table has for each text, so that few of other places are told. */
const BITS_FOR_EACH = 64;
const [SMALLEST, LARGEST] = [1 << 10, 1 << 22];

/** Which numbers may be those that were added: by a bit for the upper ones of what a number is spread to. */
interface Table {
  readonly bits: Int32Array;
  /** By how much a spread number is shifted to the right. */
  readonly shift: number;
}

function tableFor(count: number): Table {
  const shift = Math.clz32(Math.min(LARGEST, Math.max(SMALLEST, count * BITS_FOR_EACH)) - 1);
  return { bits: new Int32Array(1 << (27 - shift)), shift };
}

function add({ bits, shift }: Table, number: number): void {
  const bit = Math.imul(number, SPREAD) >>> shift;
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << bit);
}

/** In the lowest bit. */
function has({ bits, shift }: Table, number: number): number {
  const bit = Math.imul(number, SPREAD) >>> shift;
  // Of a shift only the lower five bits count.
  return (bits[bit >>> 5] ?? 0) >> bit;
}

/** Fewer characters are looked at one by one: to make bytes of them takes longer. */
const FEW = 24;

/** A function that is called for each part of a text is compiled well before the text is at its end. */
const PART = 1 << 13;

/** Every second place of a part at which, or behind which, one may begin; the next part writes over them. */
const twos = new Int32Array(PART / 2 + 2);

/**
 * Tells of each place, ascending, where one of the known texts may begin; at most of the others it tells nothing.
 * `tell` must not look through a text itself: places and bytes stand in memory that all of these share.
 */
export type TellBeginnings = (text: string, tell: (at: number) => void) => void;

/** @param known texts of at least three characters */
export function beginningsOf(known: readonly string[]): TellBeginnings {
  const fours = tableFor(known.length);
  // What stands behind one place or the next one, where one begins there: a look for both.
  const threes = tableFor(2 * known.length);
  for (const text of known) {
    const three = fourAt(text, 0) & THREE;
    add(threes, three);
    if (text.length > 3) {
      add(fours, fourAt(text, 0));
      add(threes, fourAt(text, 1) & THREE);
      continue;
    }
    // Anything may follow, or nothing.
    for (let last = 0; last < 256; last += 1) {
      add(fours, three | (last << 24));
      add(threes, (three >> 8) | (last << 16));
    }
  }
  return (text, tell) => {
    const { length } = text;
    if (length < FEW) {
      let here = fourAt(text, 0);
      for (let at = 0; at < length; at += 1) {
        if ((has(fours, here) & 1) !== 0) tell(at);
        here = (here >>> 8) | (byteAt(text, at + 4) << 24);
      }
      return;
    }
    const low = lowBytesOf(text);
    for (let from = 0; from < length; from += PART) {
      const count = twosIn(low, from, Math.min(length, from + PART), threes);
      for (let index = 0; index < count; index += 1) {
        const at = twos[index] ?? 0;
        if ((has(fours, low.four.getInt32(at, true)) & 1) !== 0) tell(at);
        if ((has(fours, low.four.getInt32(at + 1, true)) & 1) !== 0) tell(at + 1);
      }
    }
  };
}

/** The lower three of four bytes. */
const THREE = 0xff_ffff;

/**
 * Two looks for four places. Each is written down without asking, and kept where it is one: a processor cannot foresee
 * where.
 *
 * @param from a multiple of four
 * @param threes the three bytes behind a place at which one begins, and those behind the place after it
 * @returns how many were kept; some may stand behind `to`
 */
function twosIn({ four }: LowBytes, from: number, to: number, threes: Table): number {
  let count = 0;
  let here = four.getInt32(from, true);
  for (let at = from; at < to; at += 4) {
    const next = four.getInt32(at + 4, true);
    twos[count] = at;
    count += has(threes, here >>> 8) & 1;
    twos[count] = at + 2;
    count += has(threes, (here >>> 24) | ((next & 0xffff) << 8)) & 1;
    here = next;
  }
  return count;
}

/** The lower bytes of four characters, with zeros behind the end. */
function fourAt(text: string, at: number): number {
  return byteAt(text, at) | (byteAt(text, at + 1) << 8) | (byteAt(text, at + 2) << 16) | (byteAt(text, at + 3) << 24);
}

/** The engine takes its time to say what stands behind the end. */
function byteAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) & 255 : 0;
}
