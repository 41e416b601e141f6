/**
 * Reads the JSON of an export as its bytes come in, message by message: the text of a large session as a whole takes as
 * much memory as all that it says, and a longer one is no string that a program can have.
 *
 * @param chunks the bytes of a file
 * @returns what `JSON.parse` makes of the whole; undefined where that is not plainly one object in UTF-8: the whole then
 *   has to tell what it is
 * @throws {SyntaxError} when a part of it is no JSON
 */
export async function exportInParts(
  chunks: AsyncIterable<Uint8Array>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const bytes = new Incoming(chunks[Symbol.asyncIterator]());
  if ((await bytes.next()) !== OPEN) return undefined;
  bytes.take(1);
  const fields = new Map<string, unknown>();
  for (let sign = await bytes.next(); sign !== CLOSE; sign = await bytes.next()) {
    if (fields.size > 0) {
      if (sign !== COMMA) return undefined;
      bytes.take(1);
    }
    if ((await bytes.next()) !== QUOTE) return undefined;
    const name = String(await bytes.value());
    // Of two fields of a name the last one counts, and `__proto__` is none to be set.
    if (fields.has(name) || name === "__proto__" || (await bytes.next()) !== COLON) return undefined;
    bytes.take(1);
    const isList = (await bytes.next()) === OPEN_LIST;
    const value: unknown = isList ? await listOf(bytes) : await bytes.value();
    if (isList && value === undefined) return undefined;
    fields.set(name, value);
  }
  bytes.take(1);
  return (await bytes.next()) === undefined ? Object.fromEntries(fields) : undefined;
}

async function listOf(bytes: Incoming): Promise<readonly unknown[] | undefined> {
  const items: unknown[] = [];
  bytes.take(1);
  for (let sign = await bytes.next(); sign !== CLOSE_LIST; sign = await bytes.next()) {
    if (items.length > 0) {
      if (sign !== COMMA) return undefined;
      bytes.take(1);
    }
    await bytes.next();
    items.push(await bytes.value());
  }
  bytes.take(1);
  return items;
}

const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const BLANKS: ReadonlySet<number | undefined> = new Set([0x20, 0x0a, 0x0d, 0x09]);

/** Bytes of a text in JSON, taken from its beginning on. */
class Incoming {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #bytes = Buffer.alloc(0);
  #at = 0;

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  /** The next byte that is no blank, which stays there; undefined at the end. */
  async next(): Promise<number | undefined> {
    for (;;) {
      while (this.#at < this.#bytes.length && BLANKS.has(this.#bytes[this.#at])) this.#at += 1;
      if (this.#at < this.#bytes.length) return this.#bytes[this.#at];
      if (!(await this.#more())) return undefined;
    }
  }

  take(count: number): void {
    this.#at += count;
  }

  /** Takes the value that begins here. @throws {SyntaxError} when there is none, or not all of it */
  async value(): Promise<unknown> {
    const scan: Scan = { at: this.#at, depth: 0, inText: false };
    while (!endOfValue(this.#bytes, scan)) {
      const begin = this.#at;
      if (!(await this.#more())) {
        // A number is told to have ended by what follows it, or by the end.
        scan.at = this.#bytes.length;
        break;
      }
      scan.at -= begin;
    }
    const text = this.#decoder.decode(this.#bytes.subarray(this.#at, scan.at));
    this.#at = scan.at;
    return JSON.parse(text);
  }

  /** What was taken is dropped. */
  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), value]);
    this.#at = 0;
    return true;
  }
}

interface Scan {
  at: number;
  depth: number;
  inText: boolean;
}

/** Goes on to the end of a value. @returns whether it is there; what follows a number or a word is not taken */
function endOfValue(bytes: Buffer, scan: Scan): boolean {
  const { length } = bytes;
  while (scan.at < length) {
    if (scan.inText) {
      const quote = bytes.indexOf(QUOTE, scan.at);
      if (quote < 0) {
        scan.at = length;
        return false;
      }
      scan.at = quote + 1;
      if (isEscaped(bytes, quote)) continue;
      scan.inText = false;
      if (scan.depth === 0) return true;
      continue;
    }
    const byte = bytes[scan.at];
    const isOver = byte === CLOSE || byte === CLOSE_LIST;
    if (scan.depth === 0 && (isOver || byte === COMMA || BLANKS.has(byte))) return true;
    scan.at += 1;
    if (byte === QUOTE) scan.inText = true;
    else if (byte === OPEN || byte === OPEN_LIST) scan.depth += 1;
    else if (isOver) {
      scan.depth -= 1;
      if (scan.depth === 0) return true;
    }
  }
  return false;
}

function isEscaped(bytes: Buffer, quote: number): boolean {
  let slashes = 0;
  while (bytes[quote - 1 - slashes] === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}
