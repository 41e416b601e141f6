import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sessionVariables, startKeeper } from "../../../src/opencode/warm/keeper.js";

test("a session of systemd counts as long as its user has not logged out of it", async () => {
  const sessions = await mkdtemp(join(tmpdir(), "sessions-"));
  onTestFinished(() => rm(sessions, { recursive: true, force: true }));
  await writeFile(join(sessions, "1"), "UID=1000\nSTATE=active\n");
  await writeFile(join(sessions, "2"), "UID=1000\nSTATE=closing\n");
  const of = (id?: string): string => sessionVariables({ XDG_SESSION_ID: id }, sessions).SESSION;
  expect(["1", "2", "3", "../1", undefined].map(of)).toEqual([join(sessions, "1"), "", "", "", ""]);
});

test("a folder whose path has several lines is not kept: a watchdog would remove what the first of them names", async () => {
  const servers = await mkdtemp(join(tmpdir(), "servers-"));
  onTestFinished(() => rm(servers, { recursive: true, force: true }));
  const folder = join(servers, "one\ntwo");
  await mkdir(folder);
  expect(() => startKeeper({ folder, servers, runId: "no-such-mark", environment: {} }).dismiss()).toThrow(
    "several lines",
  );
});
