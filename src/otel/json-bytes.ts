import { escapesIn } from "./escapes.js";

const FIRST_BYTES = 64 * 1024;
const MOST_KEPT = 8 * 1024 * 1024;

/** Of longer texts the encoder is faster than a look at each character, for which it has to be called. */
const SHORT = 24;

/** So many characters of a text are encoded at once: what the encoder has written is still near when it is read. */
const PART = 8 * 1024;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;

/**
 * JSON that grows, as UTF-8. Texts are escaped on their way into it, once for each text of JSON that they stand in: no
 * string is made of what is written, and none is read twice.
 */
export class JsonBytes {
  readonly #encoder = new TextEncoder();
  /** A part of a text, before it is escaped. */
  readonly #part = new Uint8Array(PART * 3);
  readonly #partView = new DataView(this.#part.buffer);
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;
  #added = 0;

  /** @param size for so many bytes there is room from the beginning */
  constructor(size = FIRST_BYTES) {
    this.#bytes = new Uint8Array(size);
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
    const left = from === 0 ? bytes : bytes.subarray(from);
    this.#makeRoom(left.length);
    this.#bytes.set(left, this.#length);
    this.#length += left.length;
  }

  /** A quotation mark of JSON itself, which stands in so many texts. */
  quote(layers: number): void {
    const slashes = (1 << layers) - 1;
    this.#makeRoom(slashes + 1);
    for (let index = 0; index < slashes; index += 1) this.#bytes[this.#length + index] = BACKSLASH;
    this.#bytes[this.#length + slashes] = QUOTE;
    this.#length += slashes + 1;
    this.#added += (slashes + 1) >> 1;
  }

  /**
   * A text without the quotation marks around it.
   *
   * @param layers how many texts of JSON it stands in, each in the next
   */
  text(text: string, layers: number): void {
    if (text.length <= SHORT && this.#short(text, layers)) return;
    if (layers > 0 && !text.isWellFormed()) this.#illFormed(text, layers);
    else this.#long(text, layers);
  }

  /** Forgets what has been written from there on. @param mark how long it was, and how long unescaped */
  rewind(mark: { readonly length: number; readonly unescaped: number }): void {
    this.#length = mark.length;
    this.#added = mark.length - mark.unescaped;
  }

  /** Begins anew, in the same memory unless it is very large. */
  clear(): void {
    this.rewind({ length: 0, unescaped: 0 });
    if (this.#bytes.length > MOST_KEPT) this.#resize(FIRST_BYTES);
  }

  /** What has been written, until more is. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @returns whether it could be written: it is of ASCII, and has nothing to escape */
  #short(text: string, layers: number): boolean {
    this.#makeRoom(SHORT);
    const { written } = escapesIn(layers);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80 || written[code] !== undefined) return false;
      bytes[start + index] = code;
    }
    this.#length = start + text.length;
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
      const part = from === 0 && text.length <= PART ? text : text.slice(from, from + PART);
      // A part that ends within a character of two halves leaves the first of them to the next part.
      const whole = part.length === PART && isFirstHalf(part, PART - 1) ? part.slice(0, -1) : part;
      this.#escape(this.#encoder.encodeInto(whole, this.#part).written, layers);
      from += whole.length;
    }
  }

  /** The first bytes of the part that was encoded last. */
  #escape(count: number, layers: number): void {
    // In so many layers the longest escape is that of a quotation mark, or of a control character.
    this.#makeRoom(count * (6 + (1 << layers)));
    const { written, added } = escapesIn(layers);
    const from = this.#part;
    const view = this.#view;
    const to = this.#bytes;
    let length = this.#length;
    let more = 0;
    let at = 0;
    while (at < count) {
      // Four bytes at once, as long as none of them is escaped.
      if (at + 4 <= count) {
        const four = this.#partView.getInt32(at);
        if (!isAnyEscaped(four)) {
          view.setInt32(length, four);
          length += 4;
          at += 4;
          continue;
        }
      }
      for (const stop = Math.min(at + 4, count); at < stop; at += 1) {
        const code = from[at] ?? 0;
        const escaped = written[code];
        if (escaped === undefined) {
          to[length] = code;
          length += 1;
          continue;
        }
        for (let index = 0; index < escaped.length; index += 1) {
          to[length] = escaped[index] ?? 0;
          length += 1;
        }
        more += added[code] ?? 0;
      }
    }
    this.#length = length;
    this.#added += more;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    this.#resize(Math.max(needed, this.#bytes.length * 2));
  }

  /** @param size not less than what has been written */
  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Whether one of four bytes is a control character, a quotation mark or a backslash: its highest bit is then set. */
function isAnyEscaped(four: number): boolean {
  const controls = four - 0x20202020;
  const quotes = (four ^ 0x22222222) - 0x01010101;
  const slashes = (four ^ 0x5c5c5c5c) - 0x01010101;
  return ((controls | quotes | slashes) & ~four & 0x80808080) !== 0;
}

function isFirstHalf(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff;
}
