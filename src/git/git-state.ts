import { resolve, sep } from "node:path";
import { realPathOr } from "../trust/trusted-paths.js";
import { askGit, type Environment } from "./ask-git.js";
import { ciFacts } from "./ci-facts.js";
import { branchOf, type GitFacts } from "./git-facts.js";
import { type Head, readHead } from "./read-head.js";

/**
 * What a directory stands on now: its commit, its branch, and in a CI the pull request that it works for.
 *
 * @returns null outside of a repository, and in one without commits
 */
export async function gitState(directory: string, env: Environment): Promise<GitFacts | null> {
  const read = readHead(directory, env);
  const head = read === undefined ? await toldHead(directory, env) : read;
  if (head === null) return null;
  const { commit, ref, common } = head;
  const facts = ciFacts(env);
  // A CI says nothing of other repositories than the one that it has checked out.
  const ci = facts && isInside(resolve(directory, common), facts.workspace) ? facts : undefined;
  return { commit, branch: branchOf(ref) ?? ci?.branch ?? null, pullRequest: ci?.pullRequest ?? null };
}

async function toldHead(directory: string, env: Environment): Promise<Head | null> {
  const told = await askGit(directory, env, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD", "--git-common-dir");
  const [commit = "", ref = "", common = ""] = (told ?? "").split("\n");
  return /^[0-9a-f]{40,64}$/.test(commit) ? { commit, ref, common } : null;
}

/** A repository's data, also those of a worktree that lies elsewhere, are in the folder that was checked out. */
function isInside(path: string, workspace: string | undefined): boolean {
  return !workspace || `${realPathOr(path)}${sep}`.startsWith(`${realPathOr(workspace)}${sep}`);
}
