import { bytesText } from "../text/format.js";
import type { Terminal } from "./terminal.js";

/** Says on a terminal how far the reading of a large file has come, on a line that is taken away at its end. */
export function readingLine(
  terminal: Pick<Terminal, "err" | "errIsTty">,
): ((progress: { readonly done: number; readonly bytes: number }) => void) | undefined {
  if (!terminal.errIsTty) return undefined;
  let shown = "";
  return ({ done, bytes }) => {
    const text = done >= bytes ? "" : `reading a large session: ${bytesText(done)} of ${bytesText(bytes)}`;
    if (text === shown) return;
    shown = text;
    terminal.err(`\r\x1b[2K${text}`);
  };
}
