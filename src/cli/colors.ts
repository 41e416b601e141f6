import pc from "picocolors";
import type { Terminal } from "./terminal.js";

/**
 * Colours only on a terminal; NO_COLOR and FORCE_COLOR have the last word (no-color.org, force-color.org).
 */
export function colorsFor(terminal: Terminal, isTty: boolean): ReturnType<typeof pc.createColors> {
  const { NO_COLOR, FORCE_COLOR, TERM } = terminal.env;
  if (NO_COLOR) return pc.createColors(false);
  if (FORCE_COLOR) return pc.createColors(FORCE_COLOR !== "0" && FORCE_COLOR !== "false");
  return pc.createColors(isTty && TERM !== "dumb");
}
