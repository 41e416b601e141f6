import { pathToFileURL } from "node:url";
import type { Terminal } from "./terminal.js";

/** Which of the two streams a text is written to. */
type StreamName = "out" | "err";

/**
 * A text that opens an address where the terminal has hyperlinks (OSC 8); elsewhere the text alone.
 *
 * @param text clean, on one line; the address itself where a reader has to be able to copy it
 * @param url an address; one that is none leaves the text as it is
 */
export function hyperlink(text: string, url: string, terminal: Terminal, to: StreamName): string {
  const isTty = to === "out" ? terminal.outIsTty : terminal.errIsTty;
  if (!isTty || terminal.links?.[to] !== true || terminal.env.NO_COLOR || !URL.canParse(url)) return text;
  // As the parser writes it there is no control character in it that could end it early.
  return `\u001b]8;;${new URL(url).href}\u0007${text}\u001b]8;;\u0007`;
}

/** The same for a file of this machine. @param path absolute */
export function fileLink(text: string, path: string, terminal: Terminal, to: StreamName): string {
  return hyperlink(text, pathToFileURL(path).href, terminal, to);
}
