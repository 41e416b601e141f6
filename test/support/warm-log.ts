import { closeSync, fstatSync, linkSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

/** Puts what is recorded of a server's requests to models where looptrace looks for it. */
export function shareRecording(wire: string, folder: string | undefined): void {
  // Empty: nothing is to be recorded.
  if (!folder) return;
  for (const name of readdirSync(wire)) linkSync(join(wire, name), join(folder, name));
}

/** What a log grows by. */
export interface LogTail {
  /** Says what came since the last look. */
  look(): void;
  close(): void;
}

/** Says what a log grows by from now on, as far as it is about a directory or about sessions that were made for it. */
export function logOf(path: string, directory: string, say: (text: Buffer) => void): LogTail {
  const file = openSync(path, "r");
  let read = fstatSync(file).size;
  let rest = "";
  const mine = new Set<string>([directory]);
  let isOpen = true;
  const look = (): void => {
    if (!isOpen) return;
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - read));
    read += readSync(file, buffer, 0, buffer.length, read);
    const lines = `${rest}${buffer.toString("latin1")}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (![...mine].some((one) => line.includes(one))) continue;
      for (const [id] of line.matchAll(/\bses_\w+/g)) mine.add(id);
      say(Buffer.from(`${line}\n`, "latin1"));
    }
  };
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return { look, close };
}
