import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { storedIdsOnce } from "../../src/sessions/stored-files.js";
import { temporaryStore } from "../support/temporary-store.js";

test("stored sessions are found by how their ids begin, in one listing however many are asked for", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.sessions, { recursive: true, mode: 0o700 });
  const ids = ["ses_a1", "ses_a2", "ses_a10", "ses_B1", "ses_b"];
  for (const id of ids) await writeFile(join(paths.sessions, `${id}.json`), "", { mode: 0o600 });
  for (const other of ["ses_a1.log", "ses_a1.run-x.json", "notes.json"])
    await writeFile(join(paths.sessions, other), "", { mode: 0o600 });
  const idsWith = storedIdsOnce(paths);
  expect(await idsWith("a1")).toEqual(["ses_a1", "ses_a10"]);
  await writeFile(join(paths.sessions, "ses_a11.json"), "", { mode: 0o600 });
  expect(await idsWith("ses_a1")).toEqual(["ses_a1", "ses_a10"]);
  expect(await idsWith("ses_")).toEqual(["ses_B1", "ses_a1", "ses_a10", "ses_a2", "ses_b"]);
  expect([await idsWith("zz"), await idsWith("A"), await idsWith("ses_a3")]).toEqual([[], [], []]);
  expect(await storedIdsOnce(paths)("a11")).toEqual(["ses_a11"]);
});
