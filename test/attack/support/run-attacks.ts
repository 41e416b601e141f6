import type { Attack, AttackResult } from "./attack.js";

/** Whether what a module exports is an attack. */
export function isAttack(module: object): module is Attack {
  return "name" in module && typeof module.name === "string" && "run" in module && typeof module.run === "function";
}

/**
 * The attacks of these names, all where none is named.
 *
 * @throws when there is none of a name
 */
export function pickAttacks(attacks: readonly Attack[], names: readonly string[]): readonly Attack[] {
  const known = attacks.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`There is no attack ${unknown.join(", ")}; there are ${known.join(", ")}.`);
  return names.length === 0 ? attacks : attacks.filter(({ name }) => names.includes(name));
}

/**
 * Runs attacks one after the other, and tells of each: how long it took, its figures, and what did not hold.
 *
 * @returns how many things did not hold; an attack that throws is one
 */
export async function runAttacks(
  attacks: readonly Attack[],
  tell: (line: string) => void,
  now: () => number = () => performance.now(),
): Promise<number> {
  let failed = 0;
  for (const attack of attacks) {
    const from = now();
    const { figures, failures } = await attack.run().catch(broken);
    failed += failures.length;
    tell(`${attack.name} (${((now() - from) / 1000).toFixed(1)} s)`);
    for (const line of figures) tell(`  ${line}`);
    for (const line of failures) tell(`  FAILED: ${line}`);
  }
  const names = attacks.map(({ name }) => name).join(", ");
  tell(failed === 0 ? `All held: ${names}.` : `${failed} did not hold.`);
  return failed;
}

function broken(error: unknown): AttackResult {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { figures: [], failures: [`it broke off: ${why}`] };
}
