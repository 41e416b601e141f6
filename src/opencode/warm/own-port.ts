import { readFileSync } from "node:fs";
import { attempt } from "../../errors/thrown.js";

const LISTENS = "0A";

/**
 * Whether this user's own process listens on a port of 127.0.0.1. A server may have ended, and another user have taken
 * its port: who is asked there is told the password.
 *
 * @returns true also where the system does not tell (only Linux does, in `/proc/net/tcp`)
 */
export function isOwnPort(url: string): boolean {
  const table = attempt(() => readFileSync("/proc/net/tcp", "latin1"));
  if (table === undefined) return true;
  return listenerOf(table, Number(new URL(url).port)) === process.geteuid?.();
}

/**
 * Who listens on a port of 127.0.0.1.
 *
 * @param table as Linux gives it out: a line a socket, the address second, the state fourth, the user eighth
 * @returns the user's id; undefined where nobody does
 */
export function listenerOf(table: string, port: number): number | undefined {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const line of table.split("\n")) {
    if (!line.includes(address)) continue;
    const fields = line.trim().split(/\s+/);
    if (fields[1] === address && fields[3] === LISTENS) return Number(fields[7]);
  }
  return undefined;
}
