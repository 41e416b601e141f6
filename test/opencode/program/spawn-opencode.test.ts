import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { spawnOpenCode } from "../../../src/opencode/program/spawn-opencode.js";
import { openBelow } from "../../support/open-files.js";

test.skipIf(process.platform !== "linux")("where a stream's file is gone, none of the others stays open", async () => {
  const folder = await mkdtemp(join(tmpdir(), "spawn-opencode-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const stdin = join(folder, "stdin");
  await writeFile(stdin, "");
  const files = { stdin, stdout: join(folder, "out"), stderr: join(folder, "gone", "err") };
  const how = { path: "/nowhere/opencode", arguments: [], directory: folder, environment: {}, files };
  await expect(spawnOpenCode({ ...how, deadlineMs: 1_000, graceMs: 0 })).rejects.toThrow("ENOENT");
  expect(openBelow(folder)).toEqual([]);
});
