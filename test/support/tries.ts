/**
 * With `LOOPTRACE_TEST_TRIES=<a whole number>` properties are tried with so many times as many values. Beside others,
 * hundreds of sessions a property are too many for each run of the tests; `npm run attack` has the time.
 */
const wanted = process.env.LOOPTRACE_TEST_TRIES ?? "1";
const times = Number(wanted);
if (!Number.isSafeInteger(times) || times < 1)
  throw new Error(`LOOPTRACE_TEST_TRIES is "${wanted}": give a whole number from 1 on.`);

/** With how many values a property is tried in this run, which `count` are for in one of the tests alone. */
export function tries(count: number): number {
  return count * times;
}
