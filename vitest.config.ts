import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongFirst } from "./test/support/long-first.js";
import { isSlow, patienceVariables, patiently } from "./test/support/patience.js";

/** What starts processes (opencode, looptrace, a browser, Redis) is called so. */
const PROCESS_TESTS = "test/**/*.process.test.ts";
/** What puts a module of its own in another's place is called so: it can share no modules with other files. */
const MOCKED_TESTS = "test/**/*.mocked.test.ts";

/** The package as programs import it. */
const alias = [
  { find: /^looptrace$/, replacement: fileURLToPath(new URL("src/index.ts", import.meta.url)) },
  { find: /^looptrace\/fleet$/, replacement: fileURLToPath(new URL("src/fleet/index.ts", import.meta.url)) },
];

/** How much longer than usual things take here. */
const patience = patienceVariables();
// What all test files share is started by this process itself.
Object.assign(process.env, patience);

export default defineConfig({
  resolve: { alias },
  test: {
    // Compiled modules are kept: what one project has read the others need not compile again, nor does the next run.
    experimental: { fsModuleCache: true },
    // A worker waits now and then, for a deadline or a server; one more than a small machine has cores fills that.
    maxWorkers: 3,
    // After the tests that start processes; what is left at their end is short.
    sequence: { groupOrder: 1, sequencer: LongFirst },
    setupFiles: ["test/support/seeded-properties.ts"],
    // No test leaves a server behind, or code in the user's home, one that gives looptrace no environment of its own either.
    env: { LOOPTRACE_WARM: "0", NODE_DISABLE_COMPILE_CACHE: "1", ...patience },
    reporters: ["default", "./test/support/skipped-reporter.ts"],
    // A hang shows; what takes longer on a machine that is not quiet says so itself.
    testTimeout: patiently(30_000, patience),
    hookTimeout: patiently(30_000, patience),
    teardownTimeout: patiently(30_000, patience),
    // What a test waits for, it waits for as long as it may take: a machine that is busy is slow, not wrong.
    expect: { poll: { timeout: patiently(25_000, patience) } },
    projects: [
      {
        extends: true,
        test: {
          name: "process",
          include: [PROCESS_TESTS],
          globalSetup: ["test/support/start-shared-processes.mjs"],
          // They wait for other processes most of the time: with four, a third of two cores had nothing to do; eight have
          // more to load, and take no less time. Where all is slow but what is waited for by the clock, four are enough:
          // more would have everything wait longer, also what has a deadline of the program's own.
          maxWorkers: isSlow(patience) ? 4 : 6,
          sequence: { groupOrder: 0 },
          // Loading the same modules anew for each file would take a tenth of the whole run.
          isolate: false,
        },
      },
      { extends: true, test: { name: "mocked", include: [MOCKED_TESTS] } },
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [PROCESS_TESTS, MOCKED_TESTS],
          setupFiles: ["test/support/no-processes.ts"],
          // Most of their time would go into loading the same modules anew for each file.
          isolate: false,
        },
      },
    ],
  },
});
