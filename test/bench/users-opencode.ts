import type { Scenario } from "../provider/scenario.js";
import { type IsolatedOpenCode, isolatedOpenCode, openCodeBinary, SAVINGS } from "../support/isolated-opencode.js";

/**
 * An isolated opencode as its users have it: it collects garbage, compiles for speed, knows all its models, and reads
 * its store itself. With what makes tests cheaper, its memory would grow with each turn and its start take a quarter
 * less.
 */
export async function usersOpenCode(scenario: Scenario): Promise<IsolatedOpenCode> {
  const bench = await isolatedOpenCode(scenario);
  const env = Object.fromEntries(Object.entries(bench.env).filter(([name]) => !Object.hasOwn(SAVINGS, name)));
  return { ...bench, env, binary: openCodeBinary() };
}
