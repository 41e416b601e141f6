/** Where one of some known texts may begin in others: four characters of a place are looked up in a small table. */
import { type LowBytes, lowBytesOf } from "./low-bytes.js";

/** Spreads what four bytes are over the bits of a table. */
const SPREAD = 0x9e37_79b1;
/** How many bits a table has for each known text, so that few of other places are told. */
const BITS_FOR_EACH = 32;
const [SMALLEST, LARGEST] = [1 << 10, 1 << 22];

/** By the upper bits of a spread number, which four characters may be a beginning. */
interface Table {
  readonly bits: Int32Array;
  /** By how much a spread number is shifted to the right. */
  readonly shift: number;
}

/** Fewer characters are looked at one by one: to make bytes of them takes longer. */
const FEW = 24;

/** A function that is called for each part of a text is compiled well before the text is at its end. */
const PART = 1 << 13;

/** The places in a part of a text; those in the next one are written over them. */
const places = new Int32Array(PART + 4);

/** Tells of each place, ascending, where one of the known texts may begin; at most of the others it tells nothing. */
export type TellBeginnings = (text: string, tell: (at: number) => void) => void;

/** @param known texts of at least three characters */
export function beginningsOf(known: readonly string[]): TellBeginnings {
  const shift = Math.clz32(Math.min(LARGEST, Math.max(SMALLEST, known.length * BITS_FOR_EACH)) - 1);
  const bits = new Int32Array(1 << (27 - shift));
  const table = { bits, shift };
  const add = (four: number): void => {
    const bit = Math.imul(four, SPREAD) >>> shift;
    bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << bit);
  };
  for (const text of known) {
    if (text.length > 3) add(fourAt(text, 0));
    // Anything may follow, or nothing.
    else for (let last = 0; last < 256; last += 1) add(fourAt(text, 0) | (last << 24));
  }
  return (text, tell) => {
    const { length } = text;
    if (length < FEW) {
      for (let at = 0; at < length; at += 1) if ((has(table, fourAt(text, at)) & 1) !== 0) tell(at);
      return;
    }
    const low = lowBytesOf(text);
    for (let from = 0; from < length; from += PART) {
      const count = lookThrough(low, from, Math.min(length, from + PART), table);
      for (let index = 0; index < count; index += 1) tell(places[index] ?? 0);
    }
  };
}

/**
 * Four characters at a time. Places are written down without asking, and kept where one was found: a processor cannot
 * foresee where.
 *
 * @param from a multiple of four
 * @returns how many were found; some may stand behind `to`
 */
function lookThrough({ four }: LowBytes, from: number, to: number, table: Table): number {
  let count = 0;
  let here = four.getInt32(from, true);
  for (let at = from; at < to; at += 4) {
    const next = four.getInt32(at + 4, true);
    places[count] = at;
    count += has(table, here) & 1;
    places[count] = at + 1;
    count += has(table, (here >>> 8) | (next << 24)) & 1;
    places[count] = at + 2;
    count += has(table, (here >>> 16) | (next << 16)) & 1;
    places[count] = at + 3;
    count += has(table, (here >>> 24) | (next << 8)) & 1;
    here = next;
  }
  return count;
}

/** In its lowest bit. */
function has({ bits, shift }: Table, four: number): number {
  const bit = Math.imul(four, SPREAD) >>> shift;
  // Of a shift only the lower five bits count.
  return (bits[bit >>> 5] ?? 0) >> bit;
}

/** The lower bytes of four characters, with zeros behind the end. */
function fourAt(text: string, at: number): number {
  const byte = (place: number): number => text.charCodeAt(place) & 255;
  return byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
}
