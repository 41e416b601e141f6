import type { CliProcess } from "./cli.js";
import { patiently } from "./patience.js";

/** Longer than any test may take; what is still waited for then is waited for by nobody. */
const LONGEST_MS = patiently(120_000);

/**
 * Waits until something holds, by looking every 20 ms.
 *
 * @param program what has to make it hold: when that has ended first, the test fails at once, with what it said
 */
export async function until(holds: () => boolean | Promise<boolean>, program?: CliProcess): Promise<void> {
  let why: string | undefined;
  program?.ended.then(({ code, signal, stderr }) => {
    why = `the program ended (${signal ?? code}), and said: ${stderr}`;
  });
  const giveUpAt = performance.now() + LONGEST_MS;
  while (!(await holds())) {
    if (why === undefined && performance.now() > giveUpAt) why = "it takes too long";
    if (why !== undefined && !(await holds())) throw new Error(`It does not hold that ${holds}: ${why}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}
