import { oneLine } from "../text/terminal-text.js";
import { colorsFor } from "./colors.js";
import type { Terminal } from "./terminal.js";

/** Each note once, however many sessions it is about. */
export function notesTo(terminal: Terminal): (note: string) => void {
  const said = new Set<string>();
  const colors = colorsFor(terminal, terminal.errIsTty);
  return (note) => {
    if (said.has(note)) return;
    said.add(note);
    terminal.err(`${colors.dim(`looptrace: ${oneLine(note)}`)}\n`);
  };
}
