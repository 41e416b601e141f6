import { realpath, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { messageOf } from "../errors/thrown.js";
import { ensurePrivateFolder, sweepTemporaryFiles, temporaryPath } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { git } from "./git.js";
import { oneAfterAnother } from "./one-after-another.js";

/** A directory of a task's own, which it may change as it likes. */
export interface Worktree {
  /** Where opencode works: what the task's directory is in the repository. */
  readonly directory: string;
  /** The commit that it began with; instructions of another one come on top of it. */
  readonly commit: string;
  /** Takes it away, whatever is in it. Never throws: what cannot be removed is swept at a later start. */
  remove(): Promise<void>;
}

export interface WorktreeRequest {
  /** A directory in a git repository. */
  readonly directory: string;
  /** What is checked out: a commit, a branch, a tag. */
  readonly ref: string;
  /** Where instructions come from, when not from there. */
  readonly instructions?: string | undefined;
}

/** A directory from which no worktree can be made, or a ref that is not there; the message says which, and why. */
export class WorktreeError extends Error {
  override readonly name = "WorktreeError";
}

/** Of one repository at a time: git locks its files. */
const inRepository = oneAfterAnother();
const swept = new Map<string, Promise<void>>();

/**
 * Makes a worktree for one run of a task, in looptrace's own folder. Those of processes that are gone are removed
 * before.
 *
 * @throws {WorktreeError} when the directory is in no repository with a commit, or a ref is not there
 */
export async function makeWorktree(request: WorktreeRequest, paths: StorePaths): Promise<Worktree> {
  const { directory, ref, instructions } = request;
  const folder = join(paths.root, "worktrees");
  const top = await topOf(directory);
  const commit = await commitAt(directory, ref);
  const other = instructions === undefined ? commit : await commitAt(directory, instructions);
  await ensurePrivateFolder(paths.root, folder);
  const sweeping = swept.get(folder) ?? sweepTemporaryFiles(folder).catch(() => undefined);
  swept.set(folder, sweeping);
  await sweeping;
  const path = temporaryPath(join(folder, "run"));
  const remove = (): Promise<void> =>
    inRepository(top, async () => {
      await git(top, "worktree", "remove", "--force", path).catch(() => undefined);
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
      // Where the first could not be done, git still lists it.
      await git(top, "worktree", "prune").catch(() => undefined);
    });
  try {
    await inRepository(top, async () => {
      await git(top, "worktree", "prune").catch(() => undefined);
      await git(top, "worktree", "add", "--quiet", "--detach", path, commit);
    });
    if (other !== commit) await takeInstructions(path, commit, other);
  } catch (problem) {
    await remove();
    throw new WorktreeError(`no worktree of ${directory} at ${ref} could be made: ${messageOf(problem)}`);
  }
  return { directory: join(path, relative(top, await realOf(directory, top))), commit, remove };
}

/**
 * The commit that a ref means in the repository of a directory.
 *
 * @throws {WorktreeError} when the directory is in no repository, or there is no such commit
 */
export async function commitAt(directory: string, ref: string): Promise<string> {
  await topOf(directory);
  try {
    return await git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`);
  } catch {
    throw new WorktreeError(
      ref === "HEAD"
        ? `${directory} is in a git repository without a commit: commit what the runs are to begin with.`
        : `there is no commit ${JSON.stringify(ref)} in the git repository of ${directory}; \`git log --all --oneline\` lists them.`,
    );
  }
}

/**
 * How many files of a directory's repository differ from its last commit or are not in it: a worktree has the commit.
 * Results of batches and experiments that are not in it do not count: they are looptrace's own.
 *
 * @param own absolute paths of other files that do not count where they are not in it
 * @throws {Error} what git says
 */
export async function uncommittedFiles(directory: string, own: readonly string[] = []): Promise<number> {
  const top = await topOf(directory);
  const status = await git(top, "status", "--porcelain", "-z");
  const real = await Promise.all(own.map((path) => realpath(path).catch(() => path)));
  const isOwn = (entry: string): boolean =>
    entry.startsWith("?? ") &&
    (/\.(?:experiment|results)\.jsonl$/.test(entry) || real.includes(join(top, entry.slice(3))));
  return status.split("\0").filter((entry) => entry !== "" && !isOwn(entry)).length;
}

async function topOf(directory: string): Promise<string> {
  try {
    return await git(directory, "rev-parse", "--show-toplevel");
  } catch (problem) {
    throw new WorktreeError(
      `${directory} is in no git repository that can be used (${messageOf(problem)}). Each run needs a directory of its own, which git makes: \`git init && git add -A && git commit\` there, or name another one.`,
    );
  }
}

/** The directory as git writes it, links resolved. */
async function realOf(directory: string, top: string): Promise<string> {
  return join(top, await git(directory, "rev-parse", "--show-prefix"));
}

/** What tells an agent how to work, in any folder of a repository. */
const INSTRUCTIONS = /(?:^|\/)(?:AGENTS\.md|CLAUDE\.md|CONTEXT\.md|\.opencode\/.+|\.claude\/.+)$/;

/** Puts the instructions of one commit in the place of those of another, as a commit: the agent's diff lacks them. */
async function takeInstructions(path: string, commit: string, other: string): Promise<void> {
  const before = await instructionsAt(path, commit);
  const after = await instructionsAt(path, other);
  const gone = before.filter((name) => !after.includes(name));
  if (gone.length > 0) await git(path, "rm", "--quiet", "-r", "--", ...gone.map(literally));
  if (after.length > 0) await git(path, "checkout", "--quiet", other, "--", ...after.map(literally));
  await git(path, "commit", "--quiet", "--no-verify", "--allow-empty", "--message", "Instructions");
}

async function instructionsAt(path: string, commit: string): Promise<readonly string[]> {
  const names = (await git(path, "ls-tree", "-r", "--name-only", "--full-tree", "-z", commit)).split("\0");
  return names.filter((name) => INSTRUCTIONS.test(name));
}

/** A name may hold what git takes for a pattern. */
function literally(name: string): string {
  return `:(top,literal)${name}`;
}
