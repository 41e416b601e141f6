import { execa } from "execa";

const TIMEOUT_MS = 5_000;

/**
 * The commit that a directory stands on, before the agent changes anything.
 *
 * @returns undefined outside of a repository, without git, and in a repository without commits
 */
export async function gitCommit(directory: string): Promise<string | undefined> {
  const result = await execa("git", ["rev-parse", "HEAD"], {
    cwd: directory,
    reject: false,
    timeout: TIMEOUT_MS,
    stdin: "ignore",
  });
  const commit = result.stdout?.trim() ?? "";
  return !result.failed && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}
