import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mayLackTurns } from "../../src/sessions/changed-since.js";

const kept = Date.parse("2026-01-01T12:00:00Z");
const MINUTE = 60_000;
const ID = "ses_e03b66d38ffe7m0arJ0ehJm9sO";

async function homeWith(name: string, text: string, minutes: number): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "changed-since-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, ".local", "share", "opencode");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), text);
  const at = new Date(kept + minutes * MINUTE);
  await utimes(join(folder, name), at, at);
  await writeFile(join(home, "opencode"), "#!/bin/sh\n");
  await chmod(join(home, "opencode"), 0o755);
  return home;
}

const HAS_IT = `${"x".repeat(5_000_000)}${ID}…`;

test.each([
  ["opencode.db", -1, HAS_IT, false],
  ["opencode.db", 0.5, HAS_IT, false],
  ["opencode.db", 5, HAS_IT, true],
  ["opencode-dev.db-wal", 5, HAS_IT, true],
  ["auth.json", 5, HAS_IT, false],
  // opencode never had it, or has it no more.
  ["opencode.db", 5, "another one", false],
])("%s, written %d min after a session was kept: %s", async (name, minutes, text, changed) => {
  const home = await homeWith(name, text, minutes);
  const where = { directory: home, environment: { HOME: home, PATH: home } };
  expect(mayLackTurns(ID, kept, where)).toBe(changed);
});

test("without a store, or without an opencode that could be asked, there is nothing newer", async () => {
  const home = await homeWith("opencode.db", HAS_IT, 5);
  expect(mayLackTurns(ID, kept, { directory: home, environment: { HOME: home, PATH: "" } })).toBe(false);
  expect(mayLackTurns(ID, kept, { directory: home, environment: { HOME: join(home, "none"), PATH: home } })).toBe(
    false,
  );
});
