import { unpack } from "../data/pack-texts.js";
import type { Chunk, Detail, ReportRow } from "../data/report-data.js";

/** As many parsed chunks are kept; more of a long session would fill the memory. */
const MOST_CHUNKS = 64;

/** Gives a row's detail. */
export type DetailOf = (row: ReportRow) => Detail;

/**
 * Details are parsed chunk by chunk when they are asked for: a page opens without reading what is not looked at.
 *
 * @param readChunk a chunk's JSON
 */
export function detailReader(readChunk: (index: number) => string): DetailOf {
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
  return ({ chunk, place }) => {
    const packed = chunkOf(chunk).details[place];
    return unpack(packed, (index) => chunkOf(index).texts) as Detail;
  };
}
