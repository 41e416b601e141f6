import { growthOf } from "./secrets/growth.js";
import { HOSTILE } from "./secrets/hostile.js";
import { measureInnocents } from "./secrets/innocents.js";
import { measureLeaks } from "./secrets/leaks.js";
import { MOST_LEAKING, MOST_MASKED } from "./secrets/limits.js";
import { measureWireLeaks } from "./secrets/wire-leaks.js";
import type { AttackResult } from "./support/attack.js";

/**
 * Puts secrets of some 290 kinds into 22 places of sessions, and into 9 of what opencode sends and is sent, and counts
 * what can still be read, counts what is masked in ordinary source, and masks texts that were made to take long.
 */
export const name = "secrets";

const SEED = 20_261;
const LINES = 250_000;
/** Twice the text takes twice the time, and a little more by chance. */
const MOST_GROWTH = 3.5;

export async function run(): Promise<AttackResult> {
  const figures: string[] = [];
  const failures: string[] = [];

  for (const [where, leaks] of [
    ["sessions", await measureLeaks(SEED)],
    ["the wire", await measureWireLeaks(SEED)],
  ] as const) {
    const share = leaks.leaking.size / leaks.kinds;
    figures.push(
      `${leaks.kinds} kinds of secrets in ${where}, ${leaks.tried} cases (seed ${SEED}): ${leaks.leaking.size} kinds can be read somewhere (${percent(share)})`,
    );
    for (const [kind, places] of leaks.leaking) figures.push(`  ${kind}: ${places.join(", ")}`);
    if (share > MOST_LEAKING) failures.push(`${percent(share)} of the kinds leak in ${where} (seed ${SEED})`);
    for (const one of leaks.unstable) failures.push(`masking twice changes ${one} in ${where} (seed ${SEED})`);
  }

  const { lines, masked } = await measureInnocents(LINES);
  const rate = masked.length / lines;
  figures.push(
    `${lines} lines of installed packages: ${masked.length} masked (${(rate * 10_000).toFixed(2)} in 10,000)`,
  );
  for (const line of masked) figures.push(`  ${line}`);
  if (rate > MOST_MASKED) failures.push(`${masked.length} of ${lines} lines of source are masked`);

  for (const [kind, text] of HOSTILE) {
    const { ms, growth } = await growthOf(text);
    figures.push(`1 MB of ${kind}: ${ms.toFixed(0)} ms`);
    if (growth > MOST_GROWTH) failures.push(`twice as much of ${kind} takes ${growth.toFixed(1)} times as long`);
  }
  return { figures, failures };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
