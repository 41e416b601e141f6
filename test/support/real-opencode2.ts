import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { IsolatedOpenCode } from "./isolated-opencode.js";

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

/**
 * Plays one prompt with the real opencode 2, as a person would without looptrace.
 *
 * @returns the session's id
 */
export async function playOnOpencode2(bench: IsolatedOpenCode, prompt: string): Promise<string> {
  const out = join(bench.tmpdir, "run.jsonl");
  await execa(realOpencode2() ?? "", ["run", "--standalone", "--format", "json", prompt], {
    cwd: bench.workdir,
    env: { ...bench.env, PWD: bench.workdir },
    extendEnv: false,
    stdin: "ignore",
    stdout: { file: out },
    stderr: "ignore",
    reject: false,
  });
  return JSON.parse((await readFile(out, "utf8")).split("\n", 1)[0] ?? "").sessionID;
}
