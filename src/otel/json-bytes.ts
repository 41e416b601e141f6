import { escapesIn } from "./escapes.js";
import { type WrittenText, WrittenTexts } from "./written-texts.js";

const FIRST_BYTES = 4 * 1024;
const MOST_KEPT = 8 * 1024 * 1024;

/** Of longer texts the encoder is faster than a look at each character, for which it has to be called. */
const SHORT = 24;

/** So many characters of a text are encoded at once: what the encoder has written is still near when it is read. */
const PART = 8 * 1024;

/** So many bytes are copied one by one. */
const FEW = 16;

const MILLIARD = 1_000_000_000;

const BLANK = 0x20;
const QUOTE = 0x22;
const ZERO = 0x30;
const BACKSLASH = 0x5c;

const encoder = new TextEncoder();
/** A part of a text, before it is escaped. */
const part = new Uint8Array(PART * 3 + 4);
const partView = new DataView(part.buffer);

/** A place in what has been written. */
export interface Mark {
  /** In bytes. */
  readonly length: number;
  /** The same, as `JsonBytes.unescaped` counts them. */
  readonly unescaped: number;
}

/**
 * JSON that grows, as UTF-8. Texts are escaped on their way into it, once for each text of JSON that they stand in: no
 * string is made of what is written, and none is read twice.
 */
export class JsonBytes {
  readonly #first: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;
  #added = 0;
  readonly #texts = new WrittenTexts();

  /**
   * @param first for so many bytes there is room from the beginning; it may be generous, as most systems find memory for
   *   what is written only when it is written
   */
  constructor(first = FIRST_BYTES) {
    this.#first = first;
    this.#bytes = room(first);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  /** In bytes as well, each text counted as it is before the outermost of those that it stands in escapes it. */
  get unescaped(): number {
    return this.#length - this.#added;
  }

  /** A single character of ASCII, as it is. */
  byte(code: number): void {
    if (this.#length === this.#bytes.length) this.#makeRoom(1);
    this.#bytes[this.#length] = code;
    this.#length += 1;
  }

  /** What is JSON already. @param from without so many bytes at its beginning */
  bytes(bytes: Uint8Array, from = 0): void {
    const count = bytes.length - from;
    this.#makeRoom(count);
    if (count > FEW) this.#bytes.set(from === 0 ? bytes : bytes.subarray(from), this.#length);
    else for (let index = 0; index < count; index += 1) this.#bytes[this.#length + index] = bytes[from + index] ?? 0;
    this.#length += count;
  }

  /** A safe integer that is not negative. */
  integer(value: number): void {
    if (value >= MILLIARD) {
      const above = Math.floor(value / MILLIARD);
      this.integer(above);
      this.digits(value - above * MILLIARD, 9);
    } else this.digits(value, digitsOf(value));
  }

  /** The last digits of an integer below 1,000,000,000, with zeros before it where it has fewer. */
  digits(value: number, count: number): void {
    this.#makeRoom(count);
    let left = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at -= 1) {
      const rest = (left / 10) | 0;
      this.#bytes[at] = ZERO + left - rest * 10;
      left = rest;
    }
    this.#length += count;
  }

  /** A quotation mark of JSON itself, which stands in so many texts. */
  quote(layers: number): void {
    const slashes = (1 << layers) - 1;
    this.#makeRoom(slashes + 1);
    this.#length = putQuote(this.#bytes, this.#length, slashes);
    this.#added += (slashes + 1) >> 1;
  }

  /** A text with the quotation marks around it. @param layers how many texts of JSON it stands in itself */
  string(text: string, layers: number): void {
    if (text.length <= SHORT && this.#shortString(text, layers)) return;
    this.quote(layers);
    this.text(text, layers + 1);
    this.quote(layers);
  }

  /**
   * A text without the quotation marks around it.
   *
   * @param layers how many texts of JSON it stands in, each in the next
   */
  text(text: string, layers: number): void {
    if (text.length <= SHORT) {
      if (!this.#short(text)) this.#anew(text, layers);
      return;
    }
    const known = this.#texts.find(text, layers);
    if (known !== undefined) {
      this.#again(known);
      return;
    }
    const { length } = this;
    const added = this.#added;
    this.#anew(text, layers);
    this.#texts.add({ text, layers, start: length, end: this.#length, added: this.#added - added });
  }

  #anew(text: string, layers: number): void {
    if (layers > 0 && !text.isWellFormed()) this.#illFormed(text, layers);
    else this.#long(text, layers);
  }

  #again({ start, end, added }: WrittenText): void {
    this.#makeRoom(end - start);
    this.#bytes.copyWithin(this.#length, start, end);
    this.#length += end - start;
    this.#added += added;
  }

  /** How far it goes now. */
  mark(): Mark {
    return { length: this.#length, unescaped: this.unescaped };
  }

  /** Forgets what has been written from there on. */
  rewind(mark: Mark): void {
    if (mark.length < this.#length) this.#texts.forget();
    this.#length = mark.length;
    this.#added = mark.length - mark.unescaped;
  }

  /** Forgets what has been written between two marks. */
  cut(from: Mark, to: Mark): void {
    this.#bytes.copyWithin(from.length, to.length, this.#length);
    this.#forget(from, to);
  }

  #forget(from: Mark, to: Mark): void {
    this.#texts.forget();
    this.#added -= to.length - to.unescaped - (from.length - from.unescaped);
    this.#length -= to.length - from.length;
  }

  /** Begins anew, in the same memory unless it is very large. */
  clear(): void {
    this.rewind({ length: 0, unescaped: 0 });
    this.trim();
  }

  /** Gives memory back that something very large has needed. */
  trim(): void {
    if (this.#bytes.length > MOST_KEPT) this.#resize(Math.max(this.#first, this.#length));
  }

  /** What has been written, until more is. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Takes out what has been written, but for what stands before one mark and behind another one, as `cut` does.
   *
   * @param end where what is taken ends, which begins with the first byte
   * @param tail is put behind it
   * @returns what was taken. Where it fills most of the memory that it is written in, it is not copied: what stays gets
   *   other memory
   */
  take(end: Mark, tail: Uint8Array, from: Mark, to: Mark): Uint8Array<ArrayBuffer> {
    const given = this.#bytes;
    const length = end.length + tail.length;
    if (length < given.length / 2 || length > given.length) {
      const taken = room(length);
      taken.set(given.subarray(0, end.length));
      taken.set(tail, end.length);
      this.cut(from, to);
      return taken;
    }
    const rest = given.subarray(to.length, this.#length);
    this.#bytes = room(Math.max(this.#first, from.length + rest.length));
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(given.subarray(0, from.length));
    this.#bytes.set(rest, from.length);
    this.#forget(from, to);
    given.set(tail, end.length);
    return given.subarray(0, length);
  }

  /** @returns whether it could be written: it is of ASCII, and has nothing to escape */
  #short(text: string): boolean {
    this.#makeRoom(SHORT);
    const end = putPlain(text, this.#bytes, this.#length);
    if (end < 0) return false;
    this.#length = end;
    return true;
  }

  /** The same with its quotation marks, at once: JSON has very many such texts. */
  #shortString(text: string, layers: number): boolean {
    const slashes = (1 << layers) - 1;
    this.#makeRoom(SHORT + 2 * slashes + 2);
    const bytes = this.#bytes;
    const end = putPlain(text, bytes, putQuote(bytes, this.#length, slashes));
    if (end < 0) return false;
    this.#length = putQuote(bytes, end, slashes);
    this.#added += slashes > 0 ? slashes + 1 : 0;
    return true;
  }

  /** JSON spells out half a character. */
  #illFormed(text: string, layers: number): void {
    const spelt = JSON.stringify(text).slice(1, -1);
    this.text(spelt, layers - 1);
    if (layers === 1) this.#added += Buffer.byteLength(spelt) - Buffer.byteLength(text);
  }

  #long(text: string, layers: number): void {
    for (let from = 0; from < text.length; ) {
      const next = from === 0 && text.length <= PART ? text : text.slice(from, from + PART);
      // A part that ends within a character of two halves leaves the first of them to the next part.
      const whole = next.length === PART && isFirstHalf(next, PART - 1) ? next.slice(0, -1) : next;
      this.#escape(encoder.encodeInto(whole, part).written, layers);
      from += whole.length;
    }
  }

  /** The first bytes of the part that was encoded last. */
  #escape(count: number, layers: number): void {
    // In so many layers the longest escape is that of a quotation mark, or of a control character; eight bytes are
    // written where fewer may be meant.
    this.#makeRoom(count * (6 + (1 << layers)) + 8);
    if (layers === 0) {
      this.#bytes.set(part.subarray(0, count), this.#length);
      this.#length += count;
      return;
    }
    const { written, words, lengths, added } = escapesIn(layers);
    const view = this.#view;
    let length = this.#length;
    let more = 0;
    let at = 0;
    // What an earlier part has left behind this one is no part of it.
    partView.setInt32(count, 0x20202020);
    while (at < count) {
      // Four bytes at once, up to the first of them that is escaped.
      const four = partView.getInt32(at, true);
      view.setInt32(length, four, true);
      const marks = marksOfEscaped(four);
      const plain = marks === 0 ? 4 : (31 - Math.clz32(marks & -marks)) >> 3;
      at += plain;
      length += plain;
      if (marks === 0) continue;
      const code = part[at] ?? 0;
      at += 1;
      more += added[code] ?? 0;
      const size = lengths[code] ?? 0;
      view.setInt32(length, words[2 * code] ?? 0, true);
      if (size > 4) view.setInt32(length + 4, words[2 * code + 1] ?? 0, true);
      if (size > 8) this.#bytes.set(written[code] ?? [], length);
      length += size;
    }
    // The last four may have gone beyond the end.
    this.#length = length - (at - count);
    this.#added += more;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    this.#resize(Math.max(needed, this.#bytes.length * 2));
  }

  /** @param size not less than what has been written */
  #resize(size: number): void {
    const bytes = room(size);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Each byte is written before it is read: none has to be zero before, for which the system would have to find memory. */
function room(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

/** @returns where it ends; -1 for a text that is not of ASCII, or has something to escape */
function putPlain(text: string, to: Uint8Array, start: number): number {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < BLANK || code >= 0x80 || code === QUOTE || code === BACKSLASH) return -1;
    to[start + index] = code;
  }
  return start + text.length;
}

/** @returns where it ends */
function putQuote(to: Uint8Array, start: number, slashes: number): number {
  const end = start + slashes;
  for (let at = start; at < end; at += 1) to[at] = BACKSLASH;
  to[end] = QUOTE;
  return end + 1;
}

/** @param value an integer from 0 to 999,999,999 */
function digitsOf(value: number): number {
  let count = 1;
  for (let least = 10; value >= least; least *= 10) count += 1;
  return count;
}

/**
 * Which of four bytes is a control character, a quotation mark or a backslash.
 *
 * @param four the first of them is the lowest
 * @returns the highest bit of the first of them is set, and none of those before it; bits behind it may be set for
 *   nothing
 */
function marksOfEscaped(four: number): number {
  const controls = four - 0x20202020;
  const quotes = (four ^ 0x22222222) - 0x01010101;
  const slashes = (four ^ 0x5c5c5c5c) - 0x01010101;
  return (controls | quotes | slashes) & ~four & 0x80808080;
}

function isFirstHalf(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}
