import { duration } from "../text/format.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/** What is over sooner is not worth a line, ms. */
const PATIENCE_MS = 700;
/** A line that stays is one too many of what is over sooner, ms. */
export const LONG_MS = 10_000;

/**
 * Says what is waited for when that takes its time: on a terminal with how long it has taken, on a line of stderr that
 * goes away; elsewhere once, where it takes long.
 *
 * @returns takes the line away; may be called more than once
 */
export function patientLine(terminal: Terminal, what: string): () => void {
  if (!terminal.errIsTty) {
    const telling = setTimeout(() => terminal.err(`looptrace: ${what} …\n`), LONG_MS);
    telling.unref();
    return () => clearTimeout(telling);
  }
  const startedAt = Date.now();
  const line = changingLine(terminal, () => {
    const tookMs = Date.now() - startedAt;
    return tookMs < PATIENCE_MS ? "" : `${duration(tookMs)}  ${what}`;
  });
  return line.stop;
}

/** Says it for as long as something is waited for, see `patientLine`. */
export async function whilePatient<T>(terminal: Terminal, what: string, waited: Promise<T>): Promise<T> {
  const stop = patientLine(terminal, what);
  try {
    return await waited;
  } finally {
    stop();
  }
}
