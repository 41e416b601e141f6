import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

const TIMEOUT_MS = 5_000;

/**
 * The commit that a directory stands on, before the agent changes anything.
 *
 * @returns undefined outside of a repository, without git, and in a repository without commits
 */
export async function gitCommit(directory: string): Promise<string | undefined> {
  try {
    const { stdout } = await run("git", ["rev-parse", "HEAD"], { cwd: directory, timeout: TIMEOUT_MS });
    const commit = stdout.trim();
    return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
  } catch {
    // What a trace says about a directory is worth no error.
    return undefined;
  }
}
