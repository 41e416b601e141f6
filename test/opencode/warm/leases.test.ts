import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { liveLeases, takeLease, usesOf } from "../../../src/opencode/warm/leases.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "leases-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "leases"));
});

test("a lease counts until it ends, and what it is for can be read", async () => {
  const [first, second] = [await takeLease(folder, 90_500), await takeLease(folder, 1)];
  first.addDirectory("/repo/a b");
  first.addSession("ses_1", "/repo/a b");
  const live = await liveLeases(folder);
  expect(live.map(({ directories }) => directories).toSorted()).toEqual([[], ["/repo/a b"]]);
  expect(live.every(({ holder }) => holder.pid === process.pid)).toBe(true);
  expect(await readFile(join(folder, "leases", first.name), "utf8")).toMatch(
    /^since \d+\n.*\nsession ses_1 \/repo\/a b\n$/,
  );
  expect(await readFile(join(folder, "idle-limit"), "utf8")).toBe("1\n");
  await first.end();
  await first.end();
  expect((await liveLeases(folder)).map(({ name }) => name)).toEqual([second.name]);
  expect(await usesOf(folder)).toBe(2);
});

test("one of a process that is gone does not count, nor one of another that has its number", async () => {
  const lease = await takeLease(folder, 1_000);
  await lease.end();
  const [pid = "", start = "", rest = ""] = lease.name.split(".");
  for (const name of [`4194305.1.${rest}`, `${pid}.${Number(start) + 1}.${rest}`, "no-lease", `1x.${start}.${rest}`])
    await writeFile(join(folder, "leases", name), "");
  expect(await liveLeases(folder)).toEqual([]);
});

test("a server that has no room for a lease is none", async () => {
  await rm(join(folder, "leases"), { recursive: true });
  await expect(takeLease(folder, 1_000)).rejects.toThrow("ENOENT");
  await mkdir(join(folder, "leases"));
  // As on a disk that is full: the first write goes well, the next one does not.
  await mkdir(join(folder, "uses"));
  await expect(takeLease(folder, 1_000)).rejects.toThrow("EISDIR");
  expect(await readdir(join(folder, "leases"))).toEqual([]);
});

test("for ever is as long as a shell can count", async () => {
  await takeLease(folder, Number.POSITIVE_INFINITY);
  expect(await readFile(join(folder, "idle-limit"), "utf8")).toBe("2147483647\n");
});
