import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hasChangedSince } from "../../src/sessions/changed-since.js";

const kept = Date.parse("2026-01-01T12:00:00Z");
const MINUTE = 60_000;

test.each([
  ["opencode.db", -1, false],
  ["opencode.db", 0.5, false],
  ["opencode.db", 5, true],
  ["opencode-dev.db-wal", 5, true],
  ["auth.json", 5, false],
])("%s, written %d min after a session was kept: %s", async (name, minutes, changed) => {
  const home = await mkdtemp(join(tmpdir(), "changed-since-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const env = { HOME: home };
  // Without a store there is nothing newer.
  expect(hasChangedSince(kept, env)).toBe(false);
  const folder = join(home, ".local", "share", "opencode");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), "");
  const at = new Date(kept + minutes * MINUTE);
  await utimes(join(folder, name), at, at);
  expect(hasChangedSince(kept, env)).toBe(changed);
});
