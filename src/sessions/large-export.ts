import { type LargeFile, readLargeFile } from "../files/own-files.js";
import { exportFromJson, exportInParts, type SessionExport } from "../opencode/session.js";
import type { LoadOptions } from "./load-options.js";

/** From so many bytes on an export is read message by message; its text as a whole would take as much memory again. */
const LARGE_BYTES = 64 * 1024 * 1024;
const MOST_BYTES = 4 * 1024 * 1024 * 1024;

/**
 * Reads the export in a large file.
 *
 * @param source what to call it in errors
 * @returns undefined where the file is not large, or not plainly an export: its text as a whole then tells what it is
 * @throws {InvalidExportError} when something is missing that a trace needs
 * @throws the file system's error
 */
export async function largeExport(
  path: string,
  source: string,
  whose: LargeFile["whose"],
  { onLarge, largeBytes: leastBytes = LARGE_BYTES }: Pick<LoadOptions, "onLarge" | "largeBytes"> = {},
): Promise<SessionExport | undefined> {
  return await readLargeFile(path, { leastBytes, mostBytes: MOST_BYTES, whose }, async (chunks, bytes) => {
    const json = await exportInParts(told(chunks, (done) => onLarge?.({ done, bytes }))).catch((error: unknown) => {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    });
    return json && exportFromJson(json, source);
  });
}

/** The same chunks. @param tell is given how many bytes came so far */
async function* told(chunks: AsyncIterable<Uint8Array>, tell: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of chunks) {
    done += chunk.length;
    tell(done);
    yield chunk;
  }
}
