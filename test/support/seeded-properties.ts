import fc from "fast-check";
import { tries } from "./tries.js";

/**
 * Set up for all tests: properties are tried with the same values each time, so that a test that passes once passes
 * always. Other values are tried with `LOOPTRACE_TEST_SEED=<a whole number>`, or with `random`; a failure tells the
 * seed that it came of.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: tries(100) });
const wanted = process.env.LOOPTRACE_TEST_SEED ?? "20261128";
if (wanted !== "random") {
  const seed = Number(wanted);
  if (!Number.isSafeInteger(seed))
    throw new Error(`LOOPTRACE_TEST_SEED is "${wanted}": give a whole number, or random.`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
