import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { storePathsAt } from "../../src/files/store-paths.js";
import { readExport } from "../../src/opencode/session.js";
import { readSource } from "../../src/sessions/read-source.js";
import { loadFixture } from "../support/fixtures.js";

/** Files count as large from their first byte on. */
async function folderOf(files: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), "looptrace-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const told: { readonly done: number; readonly bytes: number }[] = [];
  const options = {
    ...{ directory, environment: {}, paths: storePathsAt(directory), prefer: "kept" as const, largeBytes: 1 },
    readStdin: () => Promise.resolve(""),
    onLarge: (progress: { readonly done: number; readonly bytes: number }) => void told.push(progress),
  };
  return { options, told };
}

test("a large file is read as a small one is, and how far that has come is told", async () => {
  const { text } = loadFixture("multistep@1.18.33");
  const { options, told } = await folderOf({ "whole.json": text });
  expect(await readSource("whole.json", options)).toEqual(readExport(text, "whole.json"));
  expect(told.at(-1)).toEqual({ done: Buffer.byteLength(text), bytes: Buffer.byteLength(text) });
  expect(await readSource("whole.json", { ...options, largeBytes: undefined })).toEqual(readExport(text, "whole.json"));
});

test("a large file that is no plain export is refused, or read, by its text as a whole", async () => {
  const { text } = loadFixture("plain-answer@1.18.33");
  const cut = text.slice(0, text.length / 2);
  const files = { "said.json": `Exporting session: ses_1\n${text}`, "cut.json": cut, "other.json": '{"a": 1}' };
  const { options } = await folderOf(files);
  expect(await readSource("said.json", options)).toEqual(readExport(text, "said.json"));
  await expect(readSource("cut.json", options)).rejects.toThrow(/cut\.json: the JSON is cut off after \d+ characters/);
  await expect(readSource("other.json", options)).rejects.toThrow("not an opencode export");
  await expect(readSource(".", options)).rejects.toThrow("this is a folder");
  expect(await readSource("ses_0123456789abcdefghij", options)).toBeUndefined();
});
