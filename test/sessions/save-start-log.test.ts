import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { saveStartLog } from "../../src/sessions/save-start-log.js";
import { temporaryStore, walk } from "../support/temporary-store.js";

test("a log is kept whole, for its owner alone", async () => {
  const paths = await temporaryStore();
  const text = "usage\n".repeat(10_000);
  const path = await saveStartLog(paths, { startedAt: 7, id: "run", attempt: 1 }, text);
  expect(path).toBe(join(paths.root, "failed-starts", "7-run-1.log"));
  expect(await readFile(path, "utf8")).toBe(text);
  if (process.platform === "win32") return;
  for (const { isFolder, mode } of await walk(paths.root)) expect(mode).toBe(isFolder ? 0o700 : 0o600);
});

test("only the last ten stay", async () => {
  const paths = await temporaryStore();
  const starts = Array.from({ length: 13 }, (_, index) => 1_700_000_000_000 + index);
  let last = "";
  for (const startedAt of starts) last = await saveStartLog(paths, { startedAt }, `${startedAt}`);
  const kept = (await readdir(dirname(last))).sort();
  expect(kept).toEqual(starts.slice(3).map((startedAt) => `${startedAt}-0-0.log`));
});
