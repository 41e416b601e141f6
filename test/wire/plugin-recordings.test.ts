import { mkdir, mkdtemp, readdir, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pluginRecordingsFolder, pluginRecordingsOf } from "../../src/wire/plugin-recordings.js";

const DAY_MS = 24 * 60 * 60 * 1000;

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "plugin-recordings-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(pluginRecordingsFolder(root));
  for (const [name, text] of Object.entries(files)) await writeFile(join(pluginRecordingsFolder(root), name), text);
  return root;
}

const HEAD = '{"t":"tap","v":1,"id":"7-a"}\n';
const request = (n: number, session: string, parent: string | null = null): string =>
  `{"t":"request","n":${n},"at":1.5,"session":${JSON.stringify(session)},"parent":${JSON.stringify(parent)}}\n`;
const end = (n: number): string => `{"t":"end","n":${n},"at":2}\n`;
const tool = (session: string): string => `{"t":"tool","session":"${session}","call":"c"}\n`;

test("the lines of a session and of those below it, of each recording that has some", async () => {
  const own = `${HEAD}${request(0, "ses_a")}${request(1, "ses_b")}${end(1)}${end(0)}${request(2, "ses_c", "ses_a")}${end(2)}`;
  const root = await folderWith({
    "7-a.jsonl": `${own}${tool("ses_a")}${tool("ses_b")}`,
    "8-b.jsonl": `${HEAD}${request(0, "ses_b")}`,
    "notes.txt": request(0, "ses_a"),
  });
  expect(await pluginRecordingsOf(root, ["ses_a"])).toEqual([
    {
      name: "7-a",
      text: `${HEAD}${request(0, "ses_a")}${end(0)}${request(2, "ses_c", "ses_a")}${end(2)}${tool("ses_a")}`,
    },
  ]);
  expect(await pluginRecordingsOf(root, ["ses_a"], Date.now() + DAY_MS)).toEqual([]);
  expect(await pluginRecordingsOf(join(root, "nowhere"), ["ses_a"])).toEqual([]);
});

test("what is too old, or too much, is removed; a link is not followed", async () => {
  const text = `${HEAD}${request(0, "ses_a")}`;
  const root = await folderWith({ "1-old.jsonl": text, "2-large.jsonl": text, "3-new.jsonl": text });
  const folder = pluginRecordingsFolder(root);
  await symlink(join(folder, "3-new.jsonl"), join(folder, "4-link.jsonl"));
  await truncate(join(folder, "2-large.jsonl"), 300 * 1024 * 1024);
  const old = new Date(Date.now() - 31 * DAY_MS);
  await utimes(join(folder, "1-old.jsonl"), old, old);
  const recent = new Date(Date.now() - DAY_MS);
  await utimes(join(folder, "2-large.jsonl"), recent, recent);
  expect((await pluginRecordingsOf(root, ["ses_a"])).map(({ name }) => name)).toEqual(["3-new"]);
  expect(await readdir(folder)).toEqual(["3-new.jsonl", "4-link.jsonl"]);
});
