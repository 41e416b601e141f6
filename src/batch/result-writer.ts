import type { FileHandle } from "node:fs/promises";
import { terminalJson } from "../text/terminal-json.js";
import type { TaskResult } from "./task-result.js";

export interface ResultWriter {
  /** @throws the file system's error; nothing of the result is in the file then */
  append(result: TaskResult): Promise<void>;
  close(): Promise<void>;
}

/** The id first: by it half a line is told from a line of something else. */
function lineOf({ id, ...rest }: TaskResult): string {
  return terminalJson({ id, ...rest }, 0);
}

/**
 * Writes results, each a line, one after the other, whole or not at all.
 *
 * @param file open for reading and writing; it is closed with the writer
 * @param wholeBytes what stays of the file; the rest is taken away
 * @param needsLineFeed whether that ends within a line
 */
export async function resultWriter(
  file: FileHandle,
  wholeBytes: number,
  needsLineFeed: boolean,
): Promise<ResultWriter> {
  let size = wholeBytes;
  const write = async (data: Buffer): Promise<void> => {
    try {
      await file.truncate(size);
      let written = 0;
      while (written < data.length) {
        const { bytesWritten } = await file.write(data, written, data.length - written, size + written);
        written += bytesWritten;
      }
      await file.datasync();
      size += data.length;
    } catch (error) {
      // What there is of the line would stand in the way of the next one, here or at the next start.
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
  };
  await write(Buffer.from(needsLineFeed ? "\n" : ""));
  let last: Promise<unknown> = Promise.resolve();
  return {
    append: (result) => {
      const next = last.then(() => write(Buffer.from(`${lineOf(result)}\n`)));
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}
