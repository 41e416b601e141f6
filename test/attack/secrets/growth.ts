import { maskFor } from "../../../src/masking/mask.js";

const SHORT = 500_000;
/** Below that, what else the process does weighs more. */
const LEAST_MS = 1_000;

/**
 * The time of the processor that 1 MB of a text takes, and how many times more that is than for half of it.
 *
 * @param text makes one of some length, in characters
 */
export async function growthOf(
  text: (length: number) => string,
): Promise<{ readonly ms: number; readonly growth: number }> {
  const half = await processorMs(text(SHORT));
  const whole = await processorMs(text(2 * SHORT));
  return { ms: whole, growth: Math.max(whole, LEAST_MS) / Math.max(half, LEAST_MS) };
}

async function processorMs(text: string): Promise<number> {
  const start = process.cpuUsage();
  (await maskFor([text], { environment: {} }))(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
