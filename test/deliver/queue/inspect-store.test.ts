import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { inspectStore } from "../../../src/deliver/queue/inspect-store.js";
import { putRequest } from "../../../src/deliver/queue/outbox.js";
import { storePathsAt } from "../../../src/files/store-paths.js";
import { temporaryStore, walk } from "../../support/temporary-store.js";

const ID = "0123456789abcdef";

test("a store that is not there yet: it can be made, and is not", async () => {
  const { root } = await temporaryStore();
  const paths = storePathsAt(join(root, "deep", "store"));
  const facts = await inspectStore(paths);
  expect(facts).toMatchObject({
    isThere: false,
    mode: undefined,
    problem: undefined,
    sessionsBytes: 0,
    outboxBytes: 0,
    outbox: [],
    fullness: undefined,
  });
  expect(facts.freeBytes).toBeGreaterThan(0);
  expect(await readdir(dirname(root))).toEqual([]);
});

test("one in use: how much is in it, nothing is left behind, no permission is changed", async () => {
  const paths = await temporaryStore();
  const folder = join(paths.outbox, ID);
  for (const one of [paths.sessions, folder]) await mkdir(one, { recursive: true });
  await writeFile(join(paths.sessions, "ses_1.json"), "x".repeat(1000));
  await putRequest(folder, new Uint8Array(500), 7, Date.UTC(2026, 0, 2));
  await chmod(paths.root, 0o755);
  const before = await walk(paths.root);
  const facts = await inspectStore(paths, 900);
  expect(facts).toMatchObject({ isThere: true, problem: undefined, sessionsBytes: 1000, outboxBytes: 500 });
  expect(facts.outbox).toMatchObject([{ requests: 1, spans: 7, sinceMs: Date.UTC(2026, 0, 2) }]);
  expect(facts.fullness).toContain("MB");
  if (process.platform !== "win32") expect(facts.mode).toBe(0o755);
  expect(await walk(paths.root)).toEqual(before);
});

test("a file where the folder should be, and below a file", async () => {
  const { root } = await temporaryStore();
  await writeFile(root, "");
  const file = await inspectStore(storePathsAt(root));
  expect(file.problem).toEqual({ path: root, reason: "it is a file, not a folder" });
  const below = await inspectStore(storePathsAt(join(root, "store")));
  expect(below.problem).toEqual({
    path: join(root, "store"),
    reason: "a part of the path is a file, not a folder",
  });
  expect(below.outbox).toMatchObject({ problem: expect.stringContaining("cannot be read") });
  expect(below.freeBytes).toBeGreaterThan(0);
});

test.skipIf(process.platform !== "linux")("a folder in which nobody can write, not even root", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.root);
  await symlink("/proc/self/fd", paths.outbox);
  const { problem } = await inspectStore(paths);
  expect(problem?.path).toBe(paths.outbox);
  expect((await stat(paths.root)).isDirectory()).toBe(true);
  expect(await readdir(paths.root)).toEqual(["outbox"]);
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("a read-only store", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.root);
  await chmod(paths.root, 0o500);
  const { problem } = await inspectStore(paths);
  await chmod(paths.root, 0o700);
  expect(problem).toEqual({ path: paths.root, reason: "permission denied" });
});
