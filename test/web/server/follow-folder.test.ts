import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { followFolder } from "../../../src/web/server/follow-folder.js";

test("it tells of files that come and go, also in a folder that is made later, and ends", async () => {
  const root = await mkdtemp(join(tmpdir(), "follow-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, "sessions");
  const onChange = vi.fn(async () => {});
  const stop = followFolder(folder, onChange, { everyMs: 5 });
  onTestFinished(stop);
  await expect.poll(() => onChange.mock.calls.length).toBeGreaterThan(0);
  const { mkdir } = await import("node:fs/promises");
  for (const change of [
    () => mkdir(folder),
    () => writeFile(join(folder, "a"), ""),
    () => rm(join(folder, "a")),
    () => rm(folder, { recursive: true }),
  ]) {
    const before = onChange.mock.calls.length;
    await change();
    await expect.poll(() => onChange.mock.calls.length).toBeGreaterThan(before);
  }
  stop();
});
