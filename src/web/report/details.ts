import { unpack } from "../data/pack-texts.js";
import type { Chunk, Detail, PartText, Place, PromptParts, ReportRow } from "../data/report-data.js";

/** As many parsed chunks are kept; more of a long session would fill the memory. */
const MOST_CHUNKS = 64;

/** Gives a row's detail. */
export type DetailOf = (row: ReportRow) => Detail;

/** What lies beside the page, read when it is asked for. */
export interface Details {
  readonly detailOf: DetailOf;
  /** What a prompt was made of. */
  readonly partsOf: (call: Place) => PromptParts;
  /** What a part of prompts says; undefined where it was not recorded. */
  readonly textOf: (part: Place) => string | undefined;
}

/**
 * Details are parsed chunk by chunk when they are asked for: a page opens without reading what is not looked at.
 *
 * @param readChunk a chunk's JSON
 */
export function detailReader(readChunk: (index: number) => string): Details {
  const parsed = new Map<number, Chunk>();
  const chunkOf = (index: number): Chunk => {
    const known = parsed.get(index);
    if (known) return known;
    // The page and its chunks are written by one program, in one go.
    const chunk: Chunk = JSON.parse(readChunk(index));
    const [oldest] = parsed.keys();
    if (oldest !== undefined && parsed.size >= MOST_CHUNKS) parsed.delete(oldest);
    parsed.set(index, chunk);
    return chunk;
  };
  const at = ({ chunk, place }: Place): unknown =>
    unpack(chunkOf(chunk).details[place], (index) => chunkOf(index).texts);
  return {
    detailOf: (row) => at(row) as Detail,
    partsOf: (call) => at(call) as PromptParts,
    textOf: (part) => (part.chunk < 0 ? undefined : (at(part) as PartText).text),
  };
}
