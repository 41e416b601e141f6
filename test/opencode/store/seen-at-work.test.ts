import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { seenAtWork } from "../../../src/opencode/store/seen-at-work.js";

/** See `sqlite/make-messages.mjs`: every second message is an answer, and of those only the sixth is complete. */
const MESSAGES = fileURLToPath(new URL("../../files/sqlite/messages.db", import.meta.url));

async function storeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "seen-at-work-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

test("a session is at work whose last message is an answer that is not complete, and of no other one it is said", async () => {
  const home = await storeHome();
  const folder = join(home, ".local", "share", "opencode");
  await mkdir(folder, { recursive: true });
  for (const end of ["", "-wal"]) await copyFile(`${MESSAGES}${end}`, join(folder, `opencode.db${end}`));
  const endOf = seenAtWork({ HOME: home });
  for (let session = 0; session < 60; session += 1) {
    const last = session === 1 ? 12 : session % 12;
    const atWork = last % 2 === 1 && last !== 5;
    expect(endOf(`ses_${String((session * 7919) % 100_000).padStart(5, "0")}`)).toEqual(
      atWork ? { state: "at-work", messageId: `msg_${session}_${last}` } : undefined,
    );
  }
  expect(endOf("ses_none")).toBeUndefined();
});

test.each([
  ["opencode-a.db", "opencode-b.db"],
  ["opencode-b.db", "opencode-a.db"],
])("a session is not at work that %s has as it is, and %s as it was", async (now, before) => {
  const home = await storeHome();
  const folder = join(home, ".local", "share", "opencode");
  await mkdir(folder, { recursive: true });
  // What the log has is the last message of the second session.
  await copyFile(MESSAGES, join(folder, before));
  expect(seenAtWork({ HOME: home })("ses_07919")).toEqual({ state: "at-work", messageId: "msg_1_1" });
  for (const end of ["", "-wal"]) await copyFile(`${MESSAGES}${end}`, join(folder, `${now}${end}`));
  expect(seenAtWork({ HOME: home })("ses_07919")).toBeUndefined();
  expect(seenAtWork({ HOME: home })(`ses_${3 * 7919}`)).toEqual({ state: "at-work", messageId: "msg_3_3" });
});

test("without a store nothing is said", async () => {
  expect(seenAtWork({ HOME: await storeHome() })("ses_00000")).toBeUndefined();
});
