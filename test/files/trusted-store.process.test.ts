import { execFile } from "node:child_process";
import { chmod, chown, lstat, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { programCommand } from "../support/cli.js";
import { temporaryStore } from "../support/temporary-store.js";

/** As volumes are mounted: only root can make them. */
test.skipIf(process.getuid?.() !== 0).each([
  ["is open to every user, but allowed by name", 0o777, true],
  ["is open to a group of this user's", 0o770, false],
])("a store that is root's and %s takes what is written, as this user's alone", async (_, mode, allowed) => {
  const { root, outbox } = await temporaryStore();
  await mkdir(root, { recursive: true });
  await chmod(dirname(root), 0o755);
  await chown(root, 0, 65_534);
  await chmod(root, mode);
  const [node, program] = programCommand("test/files/write-as.ts");
  await promisify(execFile)(node, [program, "65534", root], {
    env: { PATH: process.env.PATH, ...(allowed ? { LOOPTRACE_TRUST: root } : {}) },
  });
  expect((await lstat(root)).mode & 0o777).toBe(mode);
  for (const path of [outbox, join(outbox, "file")])
    expect(await lstat(path).then((found) => [found.uid, found.mode & 0o077])).toEqual([65_534, 0]);
});
