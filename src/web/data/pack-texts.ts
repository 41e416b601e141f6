import type { Chunk, Detail, PartText, Place, PromptParts } from "./report-data.js";

/** Shorter texts are cheaper as they are. */
const SHORTEST = 120;

/** Begins a string that stands for a text: `\u0001<chunk>:<index>`. */
const REFERENCE = "\u0001";

/** A chunk is closed when it holds so many characters; the page parses one at a time. */
const CHUNK_SIZE = 256_000;

export interface Packer {
  /** Takes a row's detail, a prompt's parts or a part's text, and says where it lies. */
  add(detail: Detail | PromptParts | PartText): Place;
  /** All chunks; nothing may be added any more. */
  chunks(): readonly Chunk[];
}

/**
 * Puts details into chunks, and each long text only once: what a tool told is in its own row and in the next call's
 * input, what a call asked for in its own row and in the tool's.
 */
export function createPacker(): Packer {
  const done: Chunk[] = [];
  const known = new Map<string, string>();
  let open = emptyChunk();

  const packText = (text: string): string => {
    if (text.length < SHORTEST && !text.startsWith(REFERENCE)) return text;
    const before = known.get(text);
    if (before !== undefined) return before;
    const reference = `${REFERENCE}${done.length}:${open.texts.length}`;
    open.texts.push(text);
    open.size += text.length;
    known.set(text, reference);
    return reference;
  };

  return {
    add(detail) {
      const packed = mapStrings(detail, packText);
      const place = { chunk: done.length, place: open.details.length };
      open.details.push(packed);
      open.size += SHORTEST;
      if (open.size >= CHUNK_SIZE) {
        done.push(open);
        open = emptyChunk();
      }
      return place;
    },
    chunks: () => (open.details.length > 0 ? [...done, open] : done),
  };
}

function emptyChunk(): { readonly texts: string[]; readonly details: unknown[]; size: number } {
  return { texts: [], details: [], size: 0 };
}

/**
 * A packed value with its texts put back.
 *
 * @param textsOf the texts of a chunk
 */
export function unpack(packed: unknown, textsOf: (chunk: number) => readonly string[]): unknown {
  return mapStrings(packed, (text) => {
    if (!text.startsWith(REFERENCE)) return text;
    const [chunk = "", index = ""] = text.slice(1).split(":");
    return textsOf(Number(chunk))[Number(index)] ?? "";
  });
}

/** JSON.parse reads what is nested so deep that no recursion gets through it. */
const DEEPEST = 200;

/** A copy of a JSON value with every string in it replaced, keys excepted. */
function mapStrings(value: unknown, map: (text: string) => string, depth = 0): unknown {
  if (typeof value === "string") return map(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return map(`[nested deeper than ${DEEPEST} levels, not in the report]`);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, map, depth + 1)]));
}
