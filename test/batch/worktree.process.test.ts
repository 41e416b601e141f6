import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, expect, test } from "vitest";
import { commitAt, makeWorktree, uncommittedFiles } from "../../src/batch/worktree.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { programCommand } from "../support/cli.js";

let repo = "";
let root = "";
const git = async (...args: string[]): Promise<string> => {
  const who = ["-c", "user.name=Example", "-c", "user.email=example@example.com"];
  return (await execa("git", [...who, ...args], { cwd: repo })).stdout;
};
const write = async (name: string, text: string): Promise<void> => {
  await mkdir(join(repo, name, ".."), { recursive: true });
  await writeFile(join(repo, name), text);
};
const worktrees = async (): Promise<number> => (await git("worktree", "list")).split("\n").length - 1;

beforeAll(async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "worktree-")));
  [repo, root] = [join(folder, "repo"), join(folder, "home")];
  await mkdir(repo);
  await git("init", "--quiet");
  await write("AGENTS.md", "Old rules\n");
  await write("CLAUDE.md", "Old too\n");
  await write("below/code.txt", "one\n");
  await git("add", ".");
  await git("commit", "--quiet", "--message=One");
  await git("tag", "one");
  await git("rm", "--quiet", "CLAUDE.md");
  await write("AGENTS.md", "New rules\n");
  await write("below/AGENTS.md", "New, below\n");
  await write("below/code.txt", "two\n");
  await git("add", ".");
  await git("commit", "--quiet", "--message=Two");
  return () => rm(folder, { recursive: true, force: true });
});

test("a checkout of the directory at a commit, of its own, gone afterwards whatever is in it", async () => {
  await write("below/code.txt", "not committed\n");
  await write("new.txt", "");
  expect(await uncommittedFiles(join(repo, "below"))).toBe(2);
  const paths = storePathsAt(root);
  const [a, b] = await Promise.all(
    ["HEAD", "one"].map((ref) => makeWorktree({ directory: join(repo, "below"), ref }, paths)),
  );
  if (!a || !b) return expect.unreachable();
  expect(a.directory).not.toBe(b.directory);
  expect(await readFile(join(a.directory, "code.txt"), "utf8")).toBe("two\n");
  expect(await readFile(join(b.directory, "code.txt"), "utf8")).toBe("one\n");
  expect(b.commit).toBe(await git("rev-parse", "one"));
  expect(await worktrees()).toBe(2);
  await writeFile(join(a.directory, "left.txt"), "by the agent");
  await Promise.all([a.remove(), b.remove()]);
  expect(await readdir(join(root, "worktrees"))).toEqual([]);
  expect(await worktrees()).toBe(0);
  await git("checkout", "--quiet", ".");
  await rm(join(repo, "new.txt"));
});

test("instructions of another commit stand in it as if they had always been there", async () => {
  const made = await makeWorktree({ directory: repo, ref: "HEAD", instructions: "one" }, storePathsAt(root));
  const read = (name: string): Promise<string> => readFile(join(made.directory, name), "utf8");
  expect(await read("AGENTS.md")).toBe("Old rules\n");
  expect(await read("CLAUDE.md")).toBe("Old too\n");
  await expect(read("below/AGENTS.md")).rejects.toThrow("ENOENT");
  expect(await read("below/code.txt")).toBe("two\n");
  expect((await execa("git", ["status", "--porcelain"], { cwd: made.directory })).stdout).toBe("");
  await made.remove();
});

test("says what no worktree can be made of, and leaves nothing", async () => {
  const paths = storePathsAt(root);
  const outside = join(root, "..", "outside");
  const empty = join(root, "..", "empty");
  await Promise.all([mkdir(outside), mkdir(empty)]);
  await execa("git", ["init", "--quiet"], { cwd: empty });
  await expect(makeWorktree({ directory: outside, ref: "HEAD" }, paths)).rejects.toThrow(/no git repository.*git init/);
  await expect(makeWorktree({ directory: empty, ref: "HEAD" }, paths)).rejects.toThrow(/without a commit: commit/);
  await expect(commitAt(repo, "--all")).rejects.toThrow('there is no commit "--all"');
  await expect(makeWorktree({ directory: repo, ref: "HEAD", instructions: "nope" }, paths)).rejects.toThrow('"nope"');
  expect(await worktrees()).toBe(0);
});

test("what a killed process has left is removed at the next start", async () => {
  const home = join(root, "..", "home2");
  const [node, program] = programCommand("test/batch/worktree-and-die.ts");
  const killed = await execa(node, [program, repo, home], { reject: false });
  expect(killed.signal).toBe("SIGKILL");
  expect(await worktrees()).toBe(1);
  const next = await makeWorktree({ directory: repo, ref: "HEAD" }, storePathsAt(home));
  expect(await readdir(join(home, "worktrees"))).toHaveLength(1);
  expect(await worktrees()).toBe(1);
  await next.remove();
});
