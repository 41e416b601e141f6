import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { cgroupLimits } from "../../../src/opencode/warm/cgroup-limits.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cgroup-limits-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), `${text}\n`);
}

async function limitsIn(group: string): Promise<string> {
  await put("own", `0::${group}`);
  return cgroupLimits(join(folder, "own"), folder);
}

test("a scope with a limit differs from one without, and two without do not differ", async () => {
  await put("user.slice/pids.max", "4915");
  for (const scope of ["one", "other", "tight"]) {
    await put(`user.slice/${scope}.scope/memory.max`, scope === "tight" ? "2147483648" : "max");
    await put(`user.slice/${scope}.scope/cpu.max`, "max 100000");
  }
  const plain = await limitsIn("/user.slice/one.scope");
  expect(plain).toBe("pids.max 4915");
  expect(await limitsIn("/user.slice/other.scope")).toBe(plain);
  expect(await limitsIn("/user.slice/tight.scope")).toBe(`memory.max 2147483648\n${plain}`);
});

test("where there are no groups, or those of version 1, nothing is known", async () => {
  expect(await limitsIn("/")).toBe("");
  await put("own", "4:memory:/a\n2:cpu:/");
  expect(cgroupLimits(join(folder, "own"), folder)).toBe("");
  expect(cgroupLimits(join(folder, "none"), folder)).toBe("");
});
