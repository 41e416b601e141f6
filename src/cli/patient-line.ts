import { duration } from "../text/format.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/** What is over sooner is not worth a line, ms. */
const PATIENCE_MS = 700;

/**
 * Says on a terminal what is waited for when that takes its time, with how long it has taken, on a line of stderr that
 * goes away.
 *
 * @returns takes the line away; may be called more than once
 */
export function patientLine(terminal: Terminal, what: string): () => void {
  if (!terminal.errIsTty) return () => undefined;
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
