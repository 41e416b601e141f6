import { readFile } from "node:fs/promises";

const LISTENS = "0A";

/**
 * Whether this user's own process listens on a port of 127.0.0.1. A server may have ended, and another user have taken
 * its port: who is asked there is told the password.
 *
 * It does not hold up other work: Linux looks through all places where a connection could be, which takes 5 to 10 ms on
 * a machine with much memory, whether there are any or not.
 *
 * @returns true also where the system does not tell (only Linux does, in `/proc/net/tcp`)
 */
export async function isOwnPort(url: string): Promise<boolean> {
  const table = await readFile("/proc/net/tcp", "latin1").catch(() => undefined);
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
