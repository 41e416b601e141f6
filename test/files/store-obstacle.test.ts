import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { refuseUnreadableStore, storeObstacle } from "../../src/files/store-obstacle.js";
import { storePathsAt } from "../../src/files/store-paths.js";
import { temporaryStore } from "../support/temporary-store.js";

test("a folder that is there, or can be made, is in nobody's way", async () => {
  const paths = await temporaryStore();
  for (const to of ["read", "write"] as const) {
    expect(storeObstacle(paths, to)).toBeUndefined();
    expect(storeObstacle(storePathsAt(join(paths.root, "a/b/c")), to)).toBeUndefined();
  }
  await mkdir(paths.sessions, { recursive: true });
  for (const to of ["read", "write"] as const) expect(storeObstacle(paths, to)).toBeUndefined();
  refuseUnreadableStore(paths);
});

test("a file in its place, or above it, or in that of the sessions", async () => {
  const paths = await temporaryStore();
  await writeFile(paths.root, "");
  const below = storePathsAt(join(paths.root, "a/b"));
  const other = await temporaryStore();
  await mkdir(other.root);
  await writeFile(other.sessions, "");
  for (const to of ["read", "write"] as const) {
    const of = "sessions";
    expect(storeObstacle(paths, to)).toEqual({ path: paths.root, reason: "it is a file, not a folder", of });
    expect(storeObstacle(below, to)).toEqual({ path: below.root, reason: `${paths.root} is a file, not a folder`, of });
    expect(storeObstacle(other, to)).toEqual({ path: other.sessions, reason: "it is a file, not a folder", of });
  }
  expect(() => refuseUnreadableStore(paths)).toThrow(
    `looptrace's own folder ${paths.root} cannot be read: it is a file, not a folder.\nMend that, or name another folder by LOOPTRACE_HOME.`,
  );
});

test("a link that leads nowhere, in its place or above it", async () => {
  const paths = await temporaryStore();
  await symlink(join(paths.root, "..", "gone"), paths.root);
  const below = storePathsAt(join(paths.root, "a"));
  for (const to of ["read", "write"] as const) {
    expect(storeObstacle(paths, to)).toMatchObject({ path: paths.root, reason: "it is a link that leads nowhere" });
    const reason = `${paths.root} is a link that leads nowhere`;
    expect(storeObstacle(below, to)).toMatchObject({ path: below.root, reason });
  }
});

test("a place for what waits to be sent is needed for writing only", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.root);
  await writeFile(paths.outbox, "");
  expect(storeObstacle(paths, "read")).toBeUndefined();
  expect(storeObstacle(paths, "write")).toMatchObject({ path: paths.outbox, of: "outbox" });
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("what permissions refuse", async () => {
  const paths = await temporaryStore();
  const below = storePathsAt(join(paths.root, "store"));
  await mkdir(paths.root);
  await chmod(paths.root, 0o500);
  expect(storeObstacle(paths, "write")).toMatchObject({ path: paths.root, reason: "permission denied" });
  expect(storeObstacle(below, "write")).toMatchObject({
    path: below.root,
    reason: `permission denied in ${paths.root}`,
  });
  expect(storeObstacle(paths, "read")).toBeUndefined();
  const mounted = await temporaryStore();
  for (const folder of [mounted.sessions, mounted.outbox]) await mkdir(folder, { recursive: true });
  await chmod(mounted.root, 0o500);
  expect(storeObstacle(mounted, "write")).toBeUndefined();
  await chmod(mounted.root, 0o100);
  expect(storeObstacle(mounted, "read")).toBeUndefined();
  await chmod(mounted.root, 0o700);
  await chmod(paths.root, 0o000);
  expect(storeObstacle(paths, "read")).toMatchObject({ path: paths.root, reason: "permission denied" });
  expect(storeObstacle(below, "read")).toMatchObject({
    path: below.root,
    reason: `permission denied in ${paths.root}`,
  });
  await chmod(paths.root, 0o700);
});
