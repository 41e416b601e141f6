/**
 * Many values of the same shape as columns: plain data, as JSON has it, that is read back several times as fast as
 * JSON, and is a fraction as long. What the shape is stands beside the columns, so that any data can be packed.
 *
 *     4 bytes   the header's length
 *     header    JSON: the shape, and every text once
 *     columns   whole numbers as varints (texts as their number), all others as 64-bit floats
 */

/** The shape of a column's values, with the place of their bytes behind the header. */
type Shape =
  /** Numbers; texts, as numbers of the list; `json` for what has no one shape, as JSON in that list. */
  | { readonly kind: "whole" | "float" | "text" | "flag" | "json"; readonly at: number }
  | { readonly kind: "null" }
  /** A flag for each: whether it is one of the others, or null. */
  | { readonly kind: "optional"; readonly at: number; readonly of: Shape }
  /** How many items each has, then all items. */
  | { readonly kind: "list"; readonly at: number; readonly of: Shape }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly of: readonly Shape[] };

interface Header {
  readonly shape: Shape;
  readonly texts: readonly string[];
}

/** Packs plain data: what JSON would not give back the same is not kept either. */
export function pack(values: readonly unknown[]): Buffer {
  const columns: Buffer[] = [];
  const texts = new Map<string, number>();
  let length = 0;
  const put = (bytes: Buffer): number => {
    columns.push(bytes);
    length += bytes.length;
    return length - bytes.length;
  };
  const whole = (numbers: readonly number[]): number => put(varints(numbers));
  const text = (value: string): number => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    texts.set(value, texts.size);
    return texts.size - 1;
  };

  const shapeOf = (items: readonly unknown[]): Shape => {
    const present = items.filter((item) => item !== null);
    if (present.length === 0) return { kind: "null" };
    if (present.length < items.length) {
      const at = whole(items.map((item) => (item === null ? 0 : 1)));
      return { kind: "optional", at, of: shapeOf(present) };
    }
    if (present.every(isWhole)) return { kind: "whole", at: whole(present.map(zigzag)) };
    if (present.every((item) => typeof item === "number")) return { kind: "float", at: put(floats(present)) };
    if (present.every((item) => typeof item === "string")) return { kind: "text", at: whole(present.map(text)) };
    if (present.every((item) => typeof item === "boolean")) return { kind: "flag", at: whole(present.map(Number)) };
    if (present.every((item) => Array.isArray(item))) {
      const at = whole(present.map((item: readonly unknown[]) => item.length));
      return { kind: "list", at, of: shapeOf(present.flat(1)) };
    }
    const keys = commonKeys(present);
    if (keys)
      return {
        kind: "object",
        keys,
        of: keys.map((key) => shapeOf(present.map((item) => Reflect.get(Object(item), key)))),
      };
    return { kind: "json", at: whole(present.map((item) => text(JSON.stringify(item)))) };
  };

  // As JSON would give it back: no undefined, no class.
  const shape = shapeOf(JSON.parse(JSON.stringify(values)) as unknown[]);
  const counted: Header & { readonly count: number } = { shape, texts: [...texts.keys()], count: values.length };
  const header = Buffer.from(JSON.stringify(counted));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(header.length);
  return Buffer.concat([head, header, ...columns]);
}

/** Gives back what was packed. @param bytes as `pack` has made them */
export function unpack(bytes: Buffer): readonly unknown[] {
  const length = bytes.readUInt32LE();
  const from = 4 + length;
  const { shape, texts, count } = JSON.parse(bytes.toString("utf8", 4, from)) as Header & { readonly count: number };
  const read = readerOf(shape, bytes, from, texts);
  return Array.from({ length: count }, read);
}

/** Gives a column's values, one after the other. */
function readerOf(shape: Shape, bytes: Buffer, from: number, texts: readonly string[]): () => unknown {
  switch (shape.kind) {
    case "null":
      return () => null;
    case "float": {
      let at = from + shape.at;
      return () => {
        at += 8;
        return bytes.readDoubleLE(at - 8);
      };
    }
    case "whole": {
      const next = numbersAt(bytes, from + shape.at);
      return () => unzigzag(next());
    }
    case "text": {
      const next = numbersAt(bytes, from + shape.at);
      return () => texts[next()];
    }
    case "json": {
      const next = numbersAt(bytes, from + shape.at);
      return () => JSON.parse(texts[next()] ?? "null");
    }
    case "flag": {
      const next = numbersAt(bytes, from + shape.at);
      return () => next() === 1;
    }
    case "optional": {
      const next = numbersAt(bytes, from + shape.at);
      const read = readerOf(shape.of, bytes, from, texts);
      return () => (next() === 1 ? read() : null);
    }
    case "list": {
      const next = numbersAt(bytes, from + shape.at);
      const read = readerOf(shape.of, bytes, from, texts);
      return () => {
        const items: unknown[] = [];
        for (let left = next(); left > 0; left -= 1) items.push(read());
        return items;
      };
    }
    case "object": {
      const none: Shape = { kind: "null" };
      return objectReader(
        shape.keys,
        shape.keys.map((_, index) => readerOf(shape.of[index] ?? none, bytes, from, texts)),
      );
    }
    default:
      return shape satisfies never;
  }
}

/**
 * Makes objects with the same keys. Where the engine allows code to be made, an object is written as a literal, as that
 * takes a fifth of the time that setting one key after the other does; a key stands in it as a text of JSON.
 */
function objectReader(keys: readonly string[], readers: readonly Reader[]): Reader {
  const name = JSON.stringify(keys);
  const make = makers.get(name) ?? makerOf(keys);
  makers.set(name, make);
  return make(readers);
}

type Reader = () => unknown;
type Maker = (readers: readonly Reader[]) => Reader;

/** Each is made once: all segments hold the same shapes. */
const makers = new Map<string, Maker>();

function makerOf(keys: readonly string[]): Maker {
  const names = keys.map((_, index) => `read${index}`);
  const fields = keys.map((key, index) => `${JSON.stringify(key)}: read${index}()`);
  try {
    return new Function("readers", `const [${names}] = readers; return () => ({ ${fields} });`) as Maker;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return (readers) => () => Object.fromEntries(keys.map((key, index) => [key, readers[index]?.()]));
  }
}

function isWhole(item: unknown): item is number {
  return Number.isSafeInteger(item) && !Object.is(item, -0) && Math.abs(Number(item)) < 2 ** 51;
}

/** The keys of all objects, where they are the same in the same order. */
function commonKeys(items: readonly unknown[]): readonly string[] | undefined {
  const [first] = items;
  if (typeof first !== "object" || first === null || Array.isArray(first)) return undefined;
  const keys = Object.keys(first);
  const isSame = (item: unknown): boolean => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return false;
    const own = Object.keys(item);
    return own.length === keys.length && own.every((key, index) => key === keys[index]);
  };
  // A key that is none of an object's own when it is set.
  return keys.includes("__proto__") || !items.every(isSame) ? undefined : keys;
}

/** Small numbers below 0 stay small. */
function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Seven bits a byte, the low ones first; the highest bit says that more follow. */
function varints(numbers: readonly number[]): Buffer {
  const bytes: number[] = [];
  for (const number of numbers) {
    let rest = number;
    while (rest > 127) {
      bytes.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}

function numbersAt(bytes: Buffer, begin: number): () => number {
  let at = begin;
  return () => {
    let byte = bytes[at++] ?? 0;
    if (byte < 128) return byte;
    let value = byte & 127;
    for (let unit = 128; ; unit *= 128) {
      byte = bytes[at++] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
}

function floats(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 8);
  for (const [index, number] of numbers.entries()) bytes.writeDoubleLE(number, index * 8);
  return bytes;
}
