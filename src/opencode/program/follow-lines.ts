import { StringDecoder } from "node:string_decoder";
import { openOwnFile } from "../../files/own-files.js";

/** Cuts text that arrives in pieces into whole lines. */
export interface LineSplitter {
  /** The lines that this piece completes, without their line ends. */
  push(piece: string): string[];
  /** What stands after the last line end. */
  rest(): string;
}

/** A line has no end that is to be waited for. */
export class LineTooLongError extends Error {
  override readonly name = "LineTooLongError";
}

/** @param most characters that a line may have: `push` throws a {@link LineTooLongError} for a longer one */
export function createLineSplitter(most = Number.POSITIVE_INFINITY): LineSplitter {
  // Pieces, not one string that grows: a line of many megabytes would be copied at each piece.
  let open: string[] = [];
  let length = 0;
  return {
    push: (piece) => {
      const [first = "", ...others] = piece.split("\n");
      open.push(first);
      length += first.length;
      if (length > most) throw new LineTooLongError(`a line has more than ${most} characters`);
      if (others.length === 0) return [];
      length = others.at(-1)?.length ?? 0;
      const lines = [open.join(""), ...others];
      open = [lines.pop() ?? ""];
      return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
    },
    rest: () => open.join(""),
  };
}

/** Reads a file while another process writes it, from where the last reading ended. */
export interface LineFollower {
  /** The lines that were completed since the last call. */
  poll(): Promise<string[]>;
  /** The beginning of a line that has no end yet. */
  rest(): string;
  close(): Promise<void>;
}

const CHUNK_BYTES = 64 * 1024;

/** @param from where in the file to begin, in bytes */
export async function followLines(path: string, from = 0): Promise<LineFollower> {
  const file = await openOwnFile(path);
  const buffer = Buffer.alloc(CHUNK_BYTES);
  // Keeps the bytes of a character that is cut by the end of a reading.
  const decoder = new StringDecoder("utf8");
  const splitter = createLineSplitter();
  let offset = from;
  return {
    poll: async () => {
      const lines: string[] = [];
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, offset);
        if (bytesRead === 0) return lines;
        offset += bytesRead;
        for (const line of splitter.push(decoder.write(buffer.subarray(0, bytesRead)))) lines.push(line);
      }
    },
    rest: splitter.rest,
    close: () => file.close(),
  };
}
