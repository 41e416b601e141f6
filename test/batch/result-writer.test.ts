import { writeSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { resultWriter } from "../../src/batch/result-writer.js";
import { resultOf, someTasks } from "../support/task-results.js";

test("a disk that is full in the middle of a line: nothing of it stays, and the next one can be read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "result-writer-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "results.jsonl");
  await writeFile(path, "before");
  const file = await open(path, "r+");
  const writer = await resultWriter(file, 6, true);
  const [first, second] = someTasks(2).map((task) => resultOf(task));
  if (!first || !second) return expect.unreachable();
  const half = Buffer.from('{"id":"t1"');
  vi.spyOn(file, "write")
    .mockImplementationOnce(async (data) => ({
      bytesWritten: writeSync(file.fd, half, 0, half.length, 7),
      buffer: data,
    }))
    .mockRejectedValueOnce(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
  const [failing, following] = [writer.append(first), writer.append(second)];
  await expect(failing).rejects.toThrow("no space left");
  await following;
  await writer.close();
  expect(await readFile(path, "utf8")).toBe(`before\n${JSON.stringify(second)}\n`);
});
