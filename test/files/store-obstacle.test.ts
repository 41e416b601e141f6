import { chmod, mkdir, writeFile } from "node:fs/promises";
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
    expect(storeObstacle(paths, to)).toEqual({ path: paths.root, reason: "it is a file, not a folder" });
    expect(storeObstacle(below, to)).toEqual({ path: below.root, reason: `${paths.root} is a file, not a folder` });
    expect(storeObstacle(other, to)).toEqual({ path: other.sessions, reason: "it is a file, not a folder" });
  }
  expect(() => refuseUnreadableStore(paths)).toThrow(
    `looptrace's own folder ${paths.root} cannot be read: it is a file, not a folder.\nMend that, or name another folder by LOOPTRACE_HOME.`,
  );
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("what permissions refuse", async () => {
  const paths = await temporaryStore();
  const below = storePathsAt(join(paths.root, "store"));
  await mkdir(paths.root);
  await chmod(paths.root, 0o500);
  expect(storeObstacle(paths, "write")).toEqual({ path: paths.root, reason: "permission denied" });
  expect(storeObstacle(below, "write")).toEqual({ path: below.root, reason: `permission denied in ${paths.root}` });
  expect(storeObstacle(paths, "read")).toBeUndefined();
  await chmod(paths.root, 0o000);
  expect(storeObstacle(paths, "read")).toEqual({ path: paths.root, reason: "permission denied" });
  expect(storeObstacle(below, "read")).toEqual({ path: below.root, reason: `permission denied in ${paths.root}` });
  await chmod(paths.root, 0o700);
});
