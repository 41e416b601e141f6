import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { changedSince } from "../../src/sessions/changed-since.js";

/** Two of its sessions have changed at these moments, the second one as its log has it. */
const DATABASE = fileURLToPath(new URL("../files/sqlite/sessions.db", import.meta.url));
const AT = Date.parse("2026-01-01T12:00:00Z");
const QUIET = { id: "ses_000000000000abcdefghijklmn", at: AT };
const LATER = { id: "ses_079190000000abcdefghijklmn", at: AT + 3_600_000 };

async function homeWith(name: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "changed-since-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, ".local", "share", "opencode");
  await mkdir(folder, { recursive: true });
  await copyFile(DATABASE, join(folder, name));
  await copyFile(`${DATABASE}-wal`, join(folder, `${name}-wal`));
  await writeFile(join(home, "opencode"), "#!/bin/sh\n");
  await chmod(join(home, "opencode"), 0o755);
  return home;
}

test.each(["opencode.db", "opencode-dev.db"])("in %s, of each session by itself", async (name) => {
  const home = await homeWith(name);
  const hasChanged = changedSince({ directory: home, environment: { HOME: home, PATH: home } });
  // What others do in the same store is no matter.
  expect(hasChanged({ id: QUIET.id, updated: QUIET.at })).toBe(false);
  expect(hasChanged({ id: LATER.id, updated: LATER.at })).toBe(false);
  expect(hasChanged({ id: LATER.id, updated: AT })).toBe(true);
  expect(hasChanged({ id: LATER.id, updated: LATER.at - 5_000 })).toBe(false);
  // opencode never had it, or has it no more.
  expect(hasChanged({ id: "ses_e03b66d38ffe7m0arJ0ehJm9sO", updated: 0 })).toBe(false);
});

test("without a store, or without an opencode that could be asked, nothing has changed", async () => {
  const home = await homeWith("opencode.db");
  const kept = { id: LATER.id, updated: AT };
  for (const environment of [
    { HOME: home, PATH: "" },
    { HOME: join(home, "none"), PATH: home },
  ])
    expect(changedSince({ directory: home, environment })(kept)).toBe(false);
});
