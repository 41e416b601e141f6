import { spawnSync } from "node:child_process";

/** By this the main process tells the others; set by hand it counts instead of what is measured. */
const VARIABLE = "LOOPTRACE_TEST_PATIENCE";
/** A start of node on the machines that the limits of tests are meant for. */
const USUAL_START_MS = 40;
const MOST = 8;

/** What workers of tests are to have in their environment. */
export function patienceVariables(): Readonly<Record<string, string>> {
  return { [VARIABLE]: process.env[VARIABLE] ?? String(measured()) };
}

/**
 * A limit for what hangs, longer by as much as this machine is slower than usual: a limit that is right on one machine
 * fails what is merely slow on another.
 *
 * @param ms as long as it may take on a usual machine with all tests at work
 */
export function patiently(ms: number, variables: Readonly<Record<string, string | undefined>> = process.env): number {
  const factor = Number(variables[VARIABLE] ?? "1");
  if (!(factor >= 1 && factor <= 100)) throw new Error(`${VARIABLE} is "${variables[VARIABLE]}": give 1 to 100.`);
  return Math.round(ms * factor);
}

/** Whether this machine takes more than twice as long as those that the limits are meant for. */
export function isSlow(variables: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return patiently(1_000, variables) > 2_000;
}

/** How many times longer than usual a start of node takes; the best of some, since others may be at work just then. */
function measured(): number {
  const starts = Array.from({ length: 3 }, () => {
    const begun = performance.now();
    spawnSync(process.execPath, ["-e", "0"], { stdio: "ignore" });
    return performance.now() - begun;
  });
  const factor = Math.min(...starts) / USUAL_START_MS;
  return Math.round(Math.min(MOST, Math.max(1, factor)) * 10) / 10;
}
