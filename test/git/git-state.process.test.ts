/** What a real git tells: of what a directory stands on now, and of what it stood on. */
import { appendFile, chown, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { askGit } from "../../src/git/ask-git.js";
import { GitHistories } from "../../src/git/git-histories.js";
import { gitState } from "../../src/git/git-state.js";
import { readHead } from "../../src/git/read-head.js";

const env = { PATH: process.env.PATH, HOME: "/nowhere", GIT_CONFIG_NOSYSTEM: "1" };

/** A folder, and git in it at a moment of its own, in seconds since the epoch. */
async function repository() {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), "git-state-")));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  let now = 1_790_000_000;
  const git = async (...args: string[]): Promise<string> => {
    now += 60;
    const date = `${now} +0200`;
    const dates = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const who = ["-c", "user.name=Example", "-c", "user.email=example@example.com"];
    return (await execa("git", [...who, ...args], { cwd, env: { ...env, ...dates }, extendEnv: false })).stdout;
  };
  const commit = async (message: string): Promise<string> => {
    await git("commit", "--quiet", "--allow-empty", `--message=${message}`);
    return await git("rev-parse", "HEAD");
  };
  return { cwd, git, commit, now: () => now * 1000 };
}

test("the state of a repository; nothing before the first commit, outside of git, and nowhere", async () => {
  const { cwd, git, commit } = await repository();
  expect(await gitState(join(cwd, "nowhere"), env)).toBeNull();
  expect(await gitState(cwd, env)).toBeNull();
  await git("init", "--quiet", "--initial-branch=main");
  expect(await gitState(cwd, env)).toBeNull();
  const first = await commit("Begin");
  await mkdir(join(cwd, "below"));
  // Hooks of git's own set these: they say nothing of the folder that is asked about.
  const misled = { ...env, GIT_DIR: "/nowhere/.git" };
  expect(await gitState(join(cwd, "below"), misled)).toEqual({ branch: "main", commit: first, pullRequest: null });

  await git("checkout", "--quiet", "--detach");
  const ci = {
    ...env,
    ...{ GITHUB_ACTIONS: "true", GITHUB_REF: "refs/pull/12/merge", GITHUB_HEAD_REF: "fix" },
    ...{ GITHUB_SERVER_URL: "https://git.example.com", GITHUB_REPOSITORY: "acme/shop" },
  };
  const request = { number: 12, url: "https://git.example.com/acme/shop/pull/12" };
  const told = { branch: "fix", commit: first, pullRequest: request };
  expect(await gitState(cwd, { ...ci, GITHUB_WORKSPACE: cwd })).toEqual(told);
  const tree = join(await realpath(await mkdtemp(join(tmpdir(), "git-worktree-"))), "tree");
  onTestFinished(() => rm(join(tree, ".."), { recursive: true, force: true }));
  await git("worktree", "add", "--quiet", "--detach", tree);
  expect(await gitState(tree, { ...ci, GITHUB_WORKSPACE: cwd })).toEqual(told);
  // The CI has checked out something else.
  const elsewhere = { branch: null, commit: first, pullRequest: null };
  expect(await gitState(cwd, { ...ci, GITHUB_WORKSPACE: join(cwd, "below") })).toEqual(elsewhere);
});

test("what the HEAD was at is read out of the reflog, without any program of the repository's", async () => {
  const { cwd, git, commit, now } = await repository();
  await git("init", "--quiet", "--initial-branch=main");
  const trap = join(cwd, "trap.sh");
  await writeFile(trap, `#!/bin/sh\ntouch ${join(cwd, "sprung")}\n`, { mode: 0o755 });
  for (const name of ["core.fsmonitor", "core.pager", "gpg.program"]) await git("config", name, trap);
  await git("config", "log.showSignature", "true");
  const moments: { readonly at: number; readonly branch: string | null; readonly commit: string }[] = [];
  const moment = (branch: string | null, at: string): void => {
    moments.push({ at: now() + 1500, branch, commit: at });
  };
  const first = await commit("Begin");
  moment("main", first);
  await git("-c", "core.fsmonitor=false", "checkout", "--quiet", "-b", "fix/one");
  moment("fix/one", first);
  const second = await commit("One");
  moment("fix/one", second);
  await git("tag", "v1");
  await git("-c", "core.fsmonitor=false", "checkout", "--quiet", "v1");
  moment(null, second);
  await git("-c", "core.fsmonitor=false", "checkout", "--quiet", "-b", "gone");
  moment("gone", second);
  await git("branch", "--move", "renamed");
  moment("renamed", second);
  await git("-c", "core.fsmonitor=false", "checkout", "--quiet", "main");
  moment("main", first);
  const third = await commit("Three");
  moment("main", third);
  await git("branch", "--delete", "--force", "renamed");
  await rm(join(cwd, "sprung"), { force: true });

  const histories = new GitHistories(env);
  const at = await histories.of([cwd, join(cwd, "nowhere")]);
  expect(moments.map((one) => at(cwd, one.at))).toEqual(
    moments.map(({ branch, commit: hash }) => ({ branch, commit: hash, pullRequest: null })),
  );
  expect(at(cwd, 1_790_000_000_000)).toBeNull();
  expect(at(join(cwd, "nowhere"), now())).toBeNull();
  await expect(realpath(join(cwd, "sprung"))).rejects.toThrow("ENOENT");
});

test("git may fetch nothing, also one that is too old to be told so and asks the repository's own settings", async () => {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), "git-told-")));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const script = "#!/bin/sh\nenv | grep -E '^GIT_(ALLOW|NO_LAZY)' | sort\n";
  await writeFile(join(cwd, "git"), script, { mode: 0o755 });
  const PATH = `${cwd}${delimiter}${process.env.PATH}`;
  expect(await askGit(cwd, { PATH, GIT_ALLOW_PROTOCOL: "ext" }, "reflog")).toBe(
    "GIT_ALLOW_PROTOCOL=\nGIT_NO_LAZY_FETCH=1\n",
  );
});

test("a branch keeps its name where a tag is called the same", async () => {
  const { cwd, git, commit, now } = await repository();
  await git("init", "--quiet", "--initial-branch=main");
  await commit("Begin");
  await git("tag", "main");
  await git("checkout", "--quiet", "-b", "fix");
  await git("symbolic-ref", "HEAD", "refs/heads/main");
  expect(await gitState(cwd, env)).toMatchObject({ branch: "main" });
  await git("symbolic-ref", "HEAD", "refs/heads/fix");
  await git("tag", "fix");
  expect(await gitState(cwd, env)).toMatchObject({ branch: "fix" });
  expect((await new GitHistories(env).of([cwd]))(cwd, now())).toMatchObject({ branch: "fix" });
});

/** A git that must not be asked. */
async function withoutGit(): Promise<Record<string, string>> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "no-git-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "git"), `#!/bin/sh\ntouch '${join(folder, "asked")}'\nexit 1\n`, { mode: 0o755 });
  return { ...env, PATH: folder };
}

test("of a usual repository git is not asked, and the answer is git's", async () => {
  const { cwd, git, commit } = await repository();
  await git("init", "--quiet", "--initial-branch=main");
  const first = await commit("Begin");
  await git("branch", "fix/one");
  const [tree, apart] = [`${cwd}-tree`, `${cwd}-apart`];
  onTestFinished(async () => {
    for (const path of [tree, apart]) await rm(path, { recursive: true, force: true });
  });
  const bare = await withoutGit();
  const told = { pullRequest: null };
  const expectTold = async (directory: string, branch: string | null, at: string): Promise<void> => {
    expect(await gitState(directory, bare)).toEqual({ ...told, branch, commit: at });
    const asked = await askGit(directory, env, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD");
    expect(asked).toBe(`${at}\n${branch === null ? "HEAD" : `refs/heads/${branch}`}\n`);
  };
  await mkdir(join(cwd, "below", "further"), { recursive: true });
  await expectTold(join(cwd, "below", "further"), "main", first);
  // A branch within a folder of branches, packed and not, before and after it has gone on.
  await git("checkout", "--quiet", "fix/one");
  await expectTold(cwd, "fix/one", first);
  await git("pack-refs", "--all");
  await expectTold(cwd, "fix/one", first);
  const second = await commit("One");
  await expectTold(cwd, "fix/one", second);
  await git("checkout", "--quiet", "--detach", first);
  await expectTold(cwd, null, first);
  await git("worktree", "add", "--quiet", tree, "main");
  await expectTold(tree, "main", first);
  await git("init", "--quiet", "--separate-git-dir", apart);
  await expectTold(cwd, null, first);
  expect(await gitState("/", bare)).toBeNull();
  await expect(realpath(join(bare.PATH ?? "", "asked"))).rejects.toThrow("ENOENT");
});

/** Settings of git's first layout. */
const LAYOUT = "[core]\n\trepositoryformatversion = 0\n";

/** Puts the HEAD at a branch of any name, which has a commit. */
async function at(cwd: string, branch: string): Promise<void> {
  await writeFile(join(cwd, ".git/refs/heads", branch), `${"1".repeat(40)}\n`);
  await writeFile(join(cwd, ".git/HEAD"), `ref: refs/heads/${branch}\n`);
}

test.each<[what: string, change: (cwd: string, git: (...args: string[]) => Promise<string>) => Promise<unknown>]>([
  ["a pipe as HEAD", (cwd) => rm(join(cwd, ".git/HEAD")).then(() => execa("mkfifo", [join(cwd, ".git/HEAD")]))],
  [
    "a link as HEAD",
    (cwd) => rename(join(cwd, ".git/HEAD"), join(cwd, "x")).then(() => symlink("../x", join(cwd, ".git/HEAD"))),
  ],
  ["a link as .git", (cwd) => rename(join(cwd, ".git"), join(cwd, "x")).then(() => symlink("x", join(cwd, ".git")))],
  ["a ref elsewhere", (cwd) => writeFile(join(cwd, ".git/HEAD"), "ref: refs/heads/../../../secret\n")],
  ["another layout", (cwd) => appendFile(join(cwd, ".git/config"), "[extensions]\n\trefStorage = reftable\n")],
  ["settings elsewhere", (_, git) => git("config", "include.path", "more")],
  ["a later version", (_, git) => git("config", "core.repositoryformatversion", "7")],
  ["a branch without a commit", (_, git) => git("checkout", "--quiet", "--orphan", "new")],
  ["a branch that names another", (cwd) => writeFile(join(cwd, ".git/refs/heads/main"), "ref: refs/heads/fix\n")],
  ["no folder of refs", (cwd) => rename(join(cwd, ".git/refs"), join(cwd, ".git/x"))],
  ["a section behind another", (cwd) => appendFile(join(cwd, ".git/config"), "[a] [extensions]\n")],
  ["settings with a byte order mark", (cwd) => writeFile(join(cwd, ".git/config"), `\ufeff${LAYOUT}`)],
  ["the version said twice", (cwd) => appendFile(join(cwd, ".git/config"), LAYOUT)],
  ["the version said elsewhere", (cwd) => writeFile(join(cwd, ".git/config"), LAYOUT.replace("core", "x"))],
  ["settings that are none", (cwd) => appendFile(join(cwd, ".git/config"), "[[[\n")],
  ["a text in quotation marks", (_, git) => git("config", "x.y", "a # b")],
  ["a branch called as a lock", (cwd) => at(cwd, "main.lock")],
  ["a branch that ends with a dot", (cwd) => at(cwd, "main.")],
  ["a branch called as an entry of a reflog", (cwd) => at(cwd, "main@{1")],
  ["a blank that git takes for none", (cwd) => appendFile(join(cwd, ".git/refs/heads/main"), "\u00a0")],
  [
    "a name that is no text",
    (cwd) => writeFile(join(cwd, ".git/HEAD"), Buffer.from("ref: refs/heads/\xe9\n", "latin1")),
  ],
])("with %s git is asked", async (_, change) => {
  const { cwd, git, commit } = await repository();
  await git("init", "--quiet", "--initial-branch=main");
  await commit("Begin");
  await writeFile(join(cwd, "secret"), `${"a".repeat(40)}\n`);
  expect(readHead(cwd, env)).toMatchObject({ ref: "refs/heads/main" });
  await change(cwd, git);
  expect(readHead(cwd, env)).toBeUndefined();
});

test("git is asked within a repository without a working directory, and where it looks elsewhere", async () => {
  const { cwd, git, commit } = await repository();
  await git("init", "--quiet", "--initial-branch=main");
  await commit("Begin");
  await git("clone", "--quiet", "--bare", ".", "bare.git");
  expect(
    [join(cwd, "bare.git"), join(cwd, ".git", "refs"), join(cwd, "nowhere")].map((one) => readHead(one, env)),
  ).toEqual([...[undefined, undefined, undefined]]);
  for (const name of ["GIT_CEILING_DIRECTORIES", "GIT_OBJECT_DIRECTORY"])
    expect(readHead(cwd, { ...env, [name]: "/tmp" })).toBeUndefined();
});

test.skipIf(process.geteuid?.() !== 0)("another user's repository is git's to tell of", async () => {
  const { cwd, git, commit } = await repository();
  await git("init", "--quiet", "--initial-branch=main");
  await commit("Begin");
  await chown(join(cwd, ".git"), 65_534, 65_534);
  expect(readHead(cwd, env)).toBeUndefined();
});
