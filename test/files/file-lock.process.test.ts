import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claimToken } from "../../src/files/claim-token.js";
import { lockFile, sweepLocks } from "../../src/files/file-lock.js";
import { programCommand } from "../support/cli.js";
import { walk } from "../support/temporary-store.js";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "file-lock-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** As a process of this machine that is no more would have written it. */
function deadToken(): string {
  const [pid, , ...machine] = claimToken().split("-");
  return [pid, "1", ...machine].join("-");
}

/** A lock as its owner leaves it that is killed. */
async function leaveLock(folder: string, name: string, token: string): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, token), "");
}

test("one has it until it is given back, and nothing is left then", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "results.jsonl");
  const lock = await lockFile(path);
  expect(lock).toBeDefined();
  expect(await lockFile(path)).toBeUndefined();
  expect(await lockFile(join(folder, "other.jsonl")).then((other) => other?.release())).toBeUndefined();
  await lock?.release();
  expect(await readdir(folder)).toEqual([]);
  const again = await lockFile(path);
  expect(again).toBeDefined();
  // As when another machine has taken it for that of a dead one.
  await rm(join(folder, ".results.jsonl.lock"), { recursive: true });
  await leaveLock(folder, ".results.jsonl.lock", "1-1-ffffffff-ffffffff-ffffffff");
  await again?.release();
  expect(await readdir(join(folder, ".results.jsonl.lock"))).toEqual(["1-1-ffffffff-ffffffff-ffffffff"]);
});

test.skipIf(process.platform === "win32")(
  "it is the file that is locked, by whatever name, for its owner's eyes alone",
  async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "results.jsonl");
    await writeFile(path, "");
    await symlink(path, join(folder, "link.jsonl"));
    const lock = await lockFile(path);
    expect(await lockFile(join(folder, "link.jsonl"))).toBeUndefined();
    const made = (await walk(folder)).filter(({ path: one }) => one.includes(".lock"));
    expect(made.map(({ isFolder, mode }) => [isFolder, mode])).toEqual([
      [true, 0o700],
      [false, 0o600],
    ]);
    await lock?.release();
  },
);

test("of many that begin at the same moment one gets it, also where a dead one had it", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "results.jsonl");
  for (let round = 0; round < 30; round += 1) {
    if (round % 2 === 1) await leaveLock(folder, ".results.jsonl.lock", deadToken());
    const locks = await Promise.all(Array.from({ length: 8 }, () => lockFile(path)));
    const taken = locks.filter((lock) => lock !== undefined);
    expect(taken).toHaveLength(1);
    for (const lock of taken) await lock.release();
    expect(await readdir(folder)).toEqual([]);
  }
});

test("several processes take turns", async () => {
  const path = join(await temporaryFolder(), "count");
  await writeFile(path, "0");
  const [node, program] = programCommand("test/files/count-under-lock.ts");
  const codes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(node, [program, path, "50"], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      return (await once(child, "close"))[0];
    }),
  );
  expect(codes).toEqual([0, 0, 0]);
  expect(await readFile(path, "utf8")).toBe("150");
});

test("a folder that is not there, or is none, is the file system's error", async () => {
  const folder = await temporaryFolder();
  await expect(lockFile(join(folder, "missing", "results.jsonl"))).rejects.toThrow("ENOENT");
  await writeFile(join(folder, "file"), "");
  await expect(lockFile(join(folder, "file", "results.jsonl"))).rejects.toThrow("ENOTDIR");
  expect(await readdir(folder)).toEqual(["file"]);
});

test("what dead processes left is swept, whole or half made; what a living one has stays", async () => {
  const folder = await temporaryFolder();
  const lock = await lockFile(join(folder, "mine.jsonl"));
  await writeFile(join(folder, "results.jsonl"), "");
  await leaveLock(folder, ".left.jsonl.lock", deadToken());
  await leaveLock(folder, `.half.jsonl.lock.1f.tmp-${deadToken()}`, deadToken());
  await mkdir(join(folder, ".empty.jsonl.lock"));
  await sweepLocks(folder);
  expect(await readdir(folder)).toEqual([".mine.jsonl.lock", "results.jsonl"]);
  await lock?.release();
  await sweepLocks(join(folder, "missing"));
});
