import { accessSync, constants } from "node:fs";

/** The one setting by which tests run against a real opencode 2: its path. */
export const OPENCODE2_VARIABLE = "LOOPTRACE_TEST_OPENCODE2";

/**
 * A real opencode 2, for tests that are skipped without one.
 *
 * @example
 * ```ts
 * test.skipIf(realOpencode2() === undefined)("…", async () => { … });
 * ```
 * @throws when the variable names none that can be started: a wrong setting must not look like a green run
 */
export function realOpencode2(): string | undefined {
  const path = process.env[OPENCODE2_VARIABLE];
  if (!path) return undefined;
  accessSync(path, constants.X_OK);
  return path;
}
