import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findProcesses, killProcesses } from "../../../src/opencode/program/end-processes.js";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";
import { programCommand } from "../../support/cli.js";
import { allowColdStarts } from "../../support/cold-starts.js";

allowColdStarts();

interface Begun {
  readonly child: ChildProcess;
  readonly path: string;
  readonly runId: string;
  readonly temporary: string;
}

async function begin(processes: number): Promise<Begun> {
  const temporary = await mkdtemp(join(tmpdir(), "watched-"));
  const [node, program] = programCommand("test/opencode/program/run-and-hang.ts");
  const child = spawn(node, [program, String(processes)], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const [line] = await once(child.stdout ?? child, "data");
  const { path, runId }: { path: string; runId: string } = JSON.parse(String(line));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    killProcesses(runId);
    await rm(temporary, { recursive: true, force: true });
  });
  return { child, path, runId, temporary };
}

/** The helper processes of a process, by their parent. */
function watchdogsOf(pid: number | undefined): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        const command = readFileSync(`/proc/${name}/cmdline`, "latin1");
        return (
          Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid && command.includes("while read -r job")
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}/environ`) && readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.[0] !== "Z";
}

describe.skipIf(process.platform !== "linux")("after a kill -9", () => {
  test("at the very moment at which the folder was made it goes away too", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "watched-"));
    onTestFinished(() => rm(temporary, { recursive: true, force: true }));
    const [node, program] = programCommand("test/opencode/program/make-and-die.ts");
    const child = spawn(node, [program], { env: { ...process.env, TMPDIR: temporary }, stdio: "inherit" });
    const [, signal] = await once(child, "exit");
    expect(signal).toBe("SIGKILL");
    await expect.poll(() => readdirSync(temporary)).toEqual([]);
  });

  test.each(["process", "group"] as const)(
    "of the %s its run is ended, its folder is gone, and so is the helper",
    async (whole) => {
      const { child, path, runId } = await begin(3);
      const [helper, ...others] = watchdogsOf(child.pid);
      expect(others).toEqual([]);
      expect(findProcesses(runId).length).toBeGreaterThanOrEqual(3);
      process.kill(whole === "group" ? -(child.pid ?? 0) : (child.pid ?? 0), "SIGKILL");
      await expect.poll(() => findProcesses(runId)).toEqual([]);
      await expect.poll(() => existsSync(path)).toBe(false);
      await expect.poll(() => isThere(helper ?? 0)).toBe(false);
    },
  );

  test("another run's processes go on, and links in the folder are not followed", async () => {
    const [mine, other] = [await begin(1), await begin(1)];
    const outside = join(mine.temporary, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "file"), "stays");
    await symlink(outside, join(mine.path, "link"));
    mine.child.kill("SIGKILL");
    await expect.poll(() => existsSync(mine.path)).toBe(false);
    expect(findProcesses(mine.runId)).toEqual([]);
    expect(findProcesses(other.runId)).toHaveLength(1);
    expect(existsSync(join(outside, "file"))).toBe(true);
  });
});

test.skipIf(process.platform !== "linux")(
  "when all ends in order the helper ends with it and does nothing",
  async () => {
    const { child, path } = await begin(0);
    const [helper] = watchdogsOf(child.pid);
    expect(helper).toBeDefined();
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(existsSync(path)).toBe(false);
    await expect.poll(() => isThere(helper ?? 0)).toBe(false);
  },
);

test.skipIf(process.platform !== "linux")("the helper ends with the last run, and is reaped", async () => {
  const before = watchdogsOf(process.pid);
  const [first, second] = [await createRunFolder(), await createRunFolder()];
  const [helper, ...others] = watchdogsOf(process.pid).filter((pid) => !before.includes(pid));
  expect([helper, others]).toEqual([expect.any(Number), []]);
  await first.remove();
  expect(isThere(helper ?? 0)).toBe(true);
  await second.remove();
  await expect.poll(() => existsSync(`/proc/${helper}`)).toBe(false);

  // The next run has one again.
  const third = await createRunFolder();
  expect(watchdogsOf(process.pid).filter((pid) => !before.includes(pid))).toHaveLength(1);
  await third.remove();
});

test.skipIf(process.platform !== "linux")(
  "the helper holds no keys, and its command line no name to be killed by",
  async () => {
    const { child } = await begin(0);
    const [helper] = watchdogsOf(child.pid);
    const names = readFileSync(`/proc/${helper}/environ`, "latin1")
      .split("\0")
      .map((entry) => entry.split("=")[0])
      .filter((name) => name !== "PWD" && name !== "");
    expect(names.sort()).toEqual(["PATH", "VARIABLE"]);
    expect(readFileSync(`/proc/${helper}/cmdline`, "latin1")).not.toMatch(/looptrace|opencode/);
  },
);
