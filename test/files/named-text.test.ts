import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTasks } from "../../src/batch/read-tasks.js";
import { readConfigText } from "../../src/config/config-text.js";
import { readNamedText } from "../../src/files/own-files.js";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-named-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

// Editors and shells of Windows write such files.
describe.each([
  ["UTF-8", (text: string) => Buffer.from(text)],
  ["UTF-8 with a byte order mark", (text: string) => Buffer.from(`\uFEFF${text}`)],
  ["UTF-16", (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le")],
  ["UTF-16 without a mark", (text: string) => Buffer.from(text, "utf16le")],
])("%s", (name, encode) => {
  const write = async (text: string): Promise<string> => {
    const path = join(folder, `${name}-${text.length}`);
    await writeFile(path, encode(text));
    return path;
  };

  test("settings, what a flag names, and tasks are read alike", async () => {
    const settings = '{ "traceName": "Größe" }\r\n';
    const path = await write(settings);
    expect(readConfigText(path)).toBe(settings);
    expect(await readNamedText(path)).toBe(settings);
    const tasks = await readTasks(await write('"Say so"\r\n{"id":"two","prompt":"Größe"}\r\n'));
    expect(tasks.map(({ request }) => request.prompt)).toEqual(["Say so", "Größe"]);
  });
});

test("a file of tasks that is no text is refused, and named", async () => {
  const path = join(folder, "bytes.jsonl");
  await writeFile(path, Buffer.from([0x22, 0xff, 0x22]));
  await expect(readTasks(path)).rejects.toThrow(`${path} is no text in UTF-8 or UTF-16: save it as UTF-8.`);
});
