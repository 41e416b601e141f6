import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findProcesses, killProcesses } from "../../../src/opencode/program/end-processes.js";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";
import { sweepRunFolders } from "../../../src/opencode/program/sweep-run-folders.js";

test("sweeping removes what dead processes left and nothing else", async () => {
  const mine = await createRunFolder();
  const [, , start, place] = basename(mine.path).split("-");
  const sibling = async (name: string) => {
    const path = join(tmpdir(), name);
    await mkdir(path);
    return path;
  };
  const age = async (path: string) => utimes(path, 1_000, 1_000);
  // No system gives out pids as high as this.
  const dead = await sibling(`looptrace-4999999-${start}-${place}-test01`);
  const recycled = await sibling(`looptrace-${process.pid}-1-${place}-test02`);
  const foreign = await sibling(`looptrace-4999999-${start}-00000000-test03`);
  const foreignOld = await sibling(`looptrace-4999999-${start}-00000000-test04`);
  const foreignBusy = await sibling(`looptrace-4999999-${start}-00000000-test05`);
  const other = await sibling(`looptrace-store-test06-${process.pid}`);
  try {
    await writeFile(join(dead, "run.stdout"), "left behind");
    await writeFile(join(foreignBusy, "run.stdout"), "being written");
    for (const path of [foreignOld, foreignBusy, other]) await age(path);
    await sweepRunFolders();
    expect(existsSync(mine.path)).toBe(true);
    expect(existsSync(dead)).toBe(false);
    if (process.platform === "linux") expect(existsSync(recycled)).toBe(false);
    expect(existsSync(foreign)).toBe(true);
    expect(existsSync(foreignOld)).toBe(false);
    expect(existsSync(foreignBusy)).toBe(true);
    expect(existsSync(other)).toBe(true);
  } finally {
    await mine.remove();
    for (const path of [dead, recycled, foreign, foreignOld, foreignBusy, other]) {
      await rm(path, { recursive: true, force: true });
    }
  }
});

/** A temporary folder of the test's own, in which names of a dead process' folders can be made. */
async function sharedFolder(): Promise<(random: string) => string> {
  const mine = await createRunFolder();
  const [, , start, place] = basename(mine.path).split("-");
  await mine.remove();
  const folder = await mkdtemp(join(tmpdir(), "shared-"));
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  onTestFinished(async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(folder, { recursive: true, force: true });
  });
  return (random) => join(folder, `looptrace-4999999-${start}-${place}-${random}`);
}

/** The run's own process, of which the folder tells. */
async function leftRunning(): Promise<string> {
  const runId = randomUUID();
  const child = spawn("/bin/sh", ["-c", "echo on; exec sleep 300"], {
    detached: true,
    env: { PATH: process.env.PATH, LOOPTRACE_RUN_ID: runId },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => killProcesses(runId));
  await once(child.stdout, "data");
  return runId;
}

test("what a dead run was driving is ended", async () => {
  const named = await sharedFolder();
  const runId = await leftRunning();
  await mkdir(named("a"), { mode: 0o700 });
  await writeFile(join(named("a"), "run-id"), runId);
  await sweepRunFolders();
  expect(findProcesses(runId)).toEqual([]);
  expect(existsSync(named("a"))).toBe(false);
});

test("what is to be done before a dead run's processes end is done first, also while its watchdog is at it", async () => {
  const named = await sharedFolder();
  const runId = await leftRunning();
  const [pid] = findProcesses(runId);
  await mkdir(named("a"), { mode: 0o700 });
  await writeFile(join(named("a"), "run-id"), runId);
  const seen = join(tmpdir(), "seen");
  await writeFile(join(named("a"), "release.sh"), `sleep 0.2; kill -0 ${pid} && echo "it runs" > '${seen}'\n`);
  await sweepRunFolders();
  expect(await readFile(seen, "utf8")).toBe("it runs\n");
  expect(findProcesses(runId)).toEqual([]);
  expect(existsSync(named("a"))).toBe(false);
});

test("pipes, devices, links and files that are called like a run folder, or like its id, hold nothing up and stay", async () => {
  const named = await sharedFolder();
  const runId = await leftRunning();
  const fifo = (path: string) => execFileSync("mkfifo", [path]);
  // Enough to take all of Node's threads for files.
  for (const one of ["f1", "f2", "f3", "f4", "f5"]) fifo(named(one));
  await symlink("/dev/zero", named("zero"));
  await writeFile(named("file"), "");
  // A link to a folder that would be swept itself: neither it nor what it points to is touched.
  const target = join(tmpdir(), "target");
  await mkdir(target, { mode: 0o700 });
  await writeFile(join(target, "run-id"), runId);
  await symlink(target, named("link"));
  const inFolders: [string, (path: string) => unknown][] = [
    ["i1", fifo],
    ["i2", (path) => symlink("/dev/zero", path)],
    ["i3", (path) => symlink(join(target, "run-id"), path)],
    ["i4", (path) => mkdir(path)],
    ["i5", (path) => writeFile(path, `${runId}\n${"x".repeat(1_000)}`)],
    ["i6", (path) => writeFile(path, "looptrace")],
  ];
  for (const [name, make] of inFolders) {
    await mkdir(named(name), { mode: 0o700 });
    await make(join(named(name), "run-id"));
  }
  const before = process.memoryUsage().rss;
  await sweepRunFolders();
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  for (const name of ["f1", "f2", "f3", "f4", "f5", "zero", "file", "link"])
    expect((await lstat(named(name))).ino).toBeGreaterThan(0);
  // Those are this user's own and go, but what stood there as an id ends nothing.
  for (const [name] of inFolders) expect(existsSync(named(name))).toBe(false);
  expect(existsSync(join(target, "run-id"))).toBe(true);
  expect(findProcesses(runId)).toHaveLength(1);
});

test("a folder that others can write to, or that is another user's, is left alone", async () => {
  const named = await sharedFolder();
  const runId = await leftRunning();
  await mkdir(named("open"), { mode: 0o700 });
  await writeFile(join(named("open"), "run-id"), runId);
  await chmod(named("open"), 0o777);
  if (process.getuid?.() === 0) {
    await mkdir(named("other"), { mode: 0o700 });
    await writeFile(join(named("other"), "run-id"), runId);
    await chown(named("other"), 65_534, 65_534);
  } else console.warn("not root: that another user's folder stays is not tried here");
  await sweepRunFolders();
  expect(findProcesses(runId)).toHaveLength(1);
  expect(existsSync(named("open"))).toBe(true);
  if (process.getuid?.() === 0) expect(existsSync(named("other"))).toBe(true);
});
