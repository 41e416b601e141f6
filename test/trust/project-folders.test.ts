import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Identity } from "../../src/trust/identity.js";
import { projectFolders } from "../../src/trust/project-folders.js";

const ME = process.getuid?.() ?? 0;
const own: Identity = { uids: new Set([0, ME]), rootUid: 0, isOwnGroup: () => false };
const NO_HOME = "/no/home";

let root: string;
let deep: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "project-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  deep = join(root, "a", "b");
  await mkdir(deep, { recursive: true });
});

const inside = (from: string, home = NO_HOME, identity: Identity | undefined = own) =>
  projectFolders(from, home, identity).inside;

test("outside of a repository the folder alone", () => {
  expect(inside(deep)).toEqual([deep]);
  expect(projectFolders(deep, NO_HOME, own).above.slice(0, 2)).toEqual([dirname(deep), root]);
});

test("in a repository up to its root", async () => {
  await mkdir(join(root, ".git"));
  expect(inside(deep)).toEqual([deep, dirname(deep), root]);
  expect(inside(root)).toEqual([root]);
  expect(projectFolders(deep, NO_HOME, own).above[0]).toBe(dirname(root));
});

test("of a worktree or a submodule, whose .git is a file, no further than that", async () => {
  await mkdir(join(root, ".git"));
  await writeFile(join(root, "a", ".git"), "gitdir: ../.git/modules/a\n");
  expect(inside(deep)).toEqual([deep, dirname(deep)]);
});

test("a repository of another user is none, and does not open what is above it", async () => {
  await mkdir(join(root, ".git"));
  const stranger: Identity = { ...own, uids: new Set([ME + 4711]) };
  const { inside, strange } = projectFolders(deep, NO_HOME, stranger);
  expect(inside).toEqual([deep]);
  expect(strange).toEqual({ folder: root, doubt: `it belongs to uid ${ME}` });
  const trusting = projectFolders(deep, NO_HOME, stranger, (folder) => folder === root);
  expect([trusting.inside.at(-1), trusting.strange]).toEqual([root, undefined]);
});

test("a .git that is a link of one's own to nowhere still ends the project", async () => {
  await mkdir(join(root, ".git"));
  await symlink("/nowhere", join(root, "a", ".git"));
  expect(inside(deep)).toEqual([deep, dirname(deep)]);
});

test("the home folder may be a repository, but nothing above it is the project's", async () => {
  await mkdir(join(root, ".git"));
  expect(inside(deep, root)).toEqual([deep, dirname(deep), root]);
  expect(inside(deep, join(root, "a"))).toEqual([deep]);
});

test("a link leads to the real folder's project, not to that of where the link is", async () => {
  await mkdir(join(root, ".git"));
  const elsewhere = await realpath(await mkdtemp(join(tmpdir(), "elsewhere-")));
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
  await symlink(elsewhere, join(root, "link"));
  expect(inside(join(root, "link"))).toEqual([elsewhere]);
});

test("without owners each repository counts", async () => {
  await mkdir(join(root, ".git"));
  expect(inside(deep, NO_HOME, undefined)).toEqual([deep, dirname(deep), root]);
});
