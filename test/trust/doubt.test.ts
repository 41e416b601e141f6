import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { doubtAbout, doubtAboutOwner } from "../../src/trust/doubt.js";
import { currentIdentity, type Identity } from "../../src/trust/identity.js";

const ME = process.getuid?.() ?? 0;
const own: Identity = { uids: new Set([0, ME]), rootUid: 0, isOwnGroup: () => false };
/** Somebody to whom the files of this test are a stranger's. */
const other: Identity = { uids: new Set([ME + 4711]), rootUid: 0, isOwnGroup: () => false };

/** A folder whose way is beyond doubt as far as this test's user goes, with a file in it. */
async function fileIn(...folders: readonly string[]): Promise<{ root: string; file: string }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "doubt-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const file = join(root, ...folders, "file");
  await mkdir(dirname(file), { recursive: true });
  for (let folder = dirname(file); folder !== dirname(root); folder = dirname(folder)) await chmod(folder, 0o755);
  await writeFile(file, "");
  await chmod(file, 0o644);
  return { root, file };
}

test("one's own file in one's own folders, even below the shared temporary folder", async () => {
  const { file } = await fileIn("a", "b");
  expect(doubtAbout(file, own)).toBeUndefined();
});

test("a file of another user", async () => {
  const { root, file } = await fileIn();
  const everywhere = { ...other, rootUid: ME };
  expect(doubtAbout(file, everywhere)).toBe(`it belongs to uid ${ME}`);
  expect(doubtAboutOwner(file, everywhere)).toBe(`it belongs to uid ${ME}`);
  expect(doubtAboutOwner(join(root, "gone"), everywhere)).toBeUndefined();
});

test("a folder of another user on the way, who could put anything there", async () => {
  const { file } = await fileIn();
  const stranger: Identity = { ...other, rootUid: ME + 1, uids: new Set([ME + 4711]) };
  expect(doubtAbout(file, stranger)).toMatch(/^the folder \/\S* belongs to uid \d+$/);
});

test.each([
  [0o666, "others may write to it (mode 0666)"],
  [0o664, "others may write to it (mode 0664)"],
  [0o602, "others may write to it (mode 0602)"],
  [0o600, undefined],
  [0o644, undefined],
])("a file of mode %o", async (mode, doubt) => {
  const { file } = await fileIn();
  await chmod(file, mode);
  expect(doubtAbout(file, own)).toBe(doubt);
});

test("a group that stands for nobody else may write", async () => {
  const { root, file } = await fileIn("a");
  await chmod(file, 0o664);
  await chmod(join(root, "a"), 0o775);
  expect(doubtAbout(file, own)).toBe(`others may write to the folder ${join(root, "a")} (mode 0775)`);
  expect(doubtAbout(file, { ...own, isOwnGroup: () => true })).toBeUndefined();
  await chmod(file, 0o666);
  expect(doubtAbout(file, { ...own, isOwnGroup: () => true })).toContain("(mode 0666)");
});

test("a folder that all may write to, far above; with the sticky bit it is none of theirs", async () => {
  const { root, file } = await fileIn("a", "b", "c");
  await chmod(join(root, "a"), 0o777);
  expect(doubtAbout(file, own)).toBe(`others may write to the folder ${join(root, "a")} (mode 0777)`);
  await chmod(join(root, "a"), 0o1777);
  expect(doubtAbout(file, own)).toBeUndefined();
});

test("links: what they lead to counts, and the way there", async () => {
  const { root, file } = await fileIn("a");
  const link = join(root, "link");
  await symlink("a/../a/./file", link);
  await symlink(root, join(root, "again"));
  const far = join(root, "again", "again", "link");
  expect(doubtAbout(far, own)).toBeUndefined();
  await chmod(file, 0o666);
  expect(doubtAbout(far, own)).toBe(`others may write to ${file} (mode 0666)`);
  await chmod(file, 0o644);
  await chmod(join(root, "a"), 0o777);
  expect(doubtAbout(far, own)).toContain(`the folder ${join(root, "a")} `);
});

test("a link of another user", async () => {
  const { root, file } = await fileIn();
  const link = join(root, "link");
  await symlink(file, link);
  expect(doubtAbout(link, { ...other, rootUid: ME })).toBe(`the link ${link} belongs to uid ${ME}`);
});

test("links in a circle, and to nowhere", async () => {
  const { root } = await fileIn();
  await symlink("circle", join(root, "circle"));
  await symlink("nowhere", join(root, "lost"));
  expect(doubtAbout(join(root, "circle"), own)).toBe("it is a link to a link without an end");
  expect(() => doubtAbout(join(root, "lost"), own)).toThrow("ENOENT");
});

test("without owners there is no doubt", async () => {
  expect(doubtAbout("C:\\somewhere\\file", undefined)).toBeUndefined();
  expect(doubtAboutOwner("/etc/passwd", undefined)).toBeUndefined();
});

test("root trusts the user who became root by sudo, and nobody else's word for it", () => {
  const uids = [...(currentIdentity({ SUDO_UID: "4711" })?.uids ?? [])];
  expect(uids.includes(4711)).toBe(ME === 0);
  expect(uids).toEqual(expect.arrayContaining([0, ME]));
  expect([...(currentIdentity({ SUDO_UID: "4711x" })?.uids ?? [])]).not.toContain(4711);
});

test.skipIf(ME !== 0)("a group that is written down nowhere is the user's own where it has the user's number", () => {
  const NOWHERE = 471_147;
  const identity = currentIdentity({ SUDO_UID: String(NOWHERE) });
  expect([NOWHERE, NOWHERE + 1].map((gid) => identity?.isOwnGroup(gid))).toEqual([true, false]);
  expect(currentIdentity({})?.isOwnGroup(NOWHERE)).toBe(false);
});
