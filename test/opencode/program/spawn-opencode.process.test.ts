import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";
import { spawnOpenCode } from "../../../src/opencode/program/spawn-opencode.js";
import { openBelow } from "../../support/open-files.js";

test.skipIf(process.platform !== "linux")("while a program runs its files are open in it alone", async () => {
  const folder = await createRunFolder();
  onTestFinished(() => folder.remove());
  const files = await folder.streams("run", "a line\n");
  const ending = new AbortController();
  const ended = spawnOpenCode({
    ...{ path: "/bin/sh", arguments: ["-c", "cat; echo told >&2; exec sleep 600"], files },
    ...{ directory: folder.path, environment: { PATH: process.env.PATH ?? "" } },
    ...{ deadlineMs: 600_000, graceMs: 0, signal: ending.signal },
  });
  await expect.poll(() => readFile(files.stderr, "utf8"), { timeout: 60_000 }).toBe("told\n");
  expect(await readFile(files.stdout, "utf8")).toBe("a line\n");
  expect(openBelow(folder.path)).toEqual([]);
  ending.abort();
  expect(await ended).toMatchObject({ kind: "signalled", by: "caller" });
});
