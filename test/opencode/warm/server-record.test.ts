import { chmod, link, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { readRecord, type ServerRecord, writeRecord } from "../../../src/opencode/warm/server-record.js";

const RECORD: ServerRecord = {
  ...{ id: "3f9a2c1b00000000", key: "k", parts: { opencode: "abc123" }, generation: 1, version: "1.18.33" },
  connection: { url: "http://127.0.0.1:4100", password: "secret" },
  ...{ opencode: "/usr/bin/opencode", runId: "r", log: "serve-1.stderr", agent: null, why: "the first" },
  ...{ server: { pid: 100, start: "1" }, keeper: { pid: 101, start: "2" } },
  ...{ isRecorded: true, propagates: false, listeningAt: 1 },
};

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "server-record-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  file = join(folder, "server.json");
});

const write = (value: unknown) => writeFile(file, JSON.stringify(value), { mode: 0o600 });

test("what is written is read again, and is written once", async () => {
  await writeRecord(folder, RECORD);
  expect(await readRecord(folder)).toEqual(RECORD);
  await expect(writeRecord(folder, RECORD)).rejects.toThrow("EEXIST");
});

test.each<[what: string, change: () => Promise<unknown>]>([
  ["that others may read", () => chmod(file, 0o644)],
  ["in a folder that others may look into", () => chmod(folder, 0o755)],
  ["that is no JSON", () => writeFile(file, "{")],
  ["of another format", () => write({ format: 2, ...RECORD })],
  ["of another host", () => write({ format: 1, ...RECORD, connection: { url: "http://10.0.0.1:80", password: "s" } })],
  ["without a password", () => write({ format: 1, ...RECORD, connection: { url: "http://127.0.0.1:80" } })],
  ["with a log elsewhere", () => write({ format: 1, ...RECORD, log: "../../.bashrc" })],
  ["of every process", () => write({ format: 1, ...RECORD, keeper: { pid: -1, start: "1" } })],
  ["that is too long", () => write({ format: 1, ...RECORD, why: "x".repeat(300_000) })],
])("one %s is none", async (_, change) => {
  await writeRecord(folder, RECORD);
  await change();
  expect(await readRecord(folder)).toBeUndefined();
});

test("one by a link is none, nor one in a folder by a link", async () => {
  await mkdir(join(folder, "real"), { mode: 0o700 });
  await writeRecord(join(folder, "real"), RECORD);
  await symlink(join(folder, "real"), join(folder, "link"));
  expect(await readRecord(join(folder, "link"))).toBeUndefined();
  await rename(join(folder, "real/server.json"), join(folder, "real/other"));
  await symlink(join(folder, "real/other"), join(folder, "real/server.json"));
  expect(await readRecord(join(folder, "real"))).toBeUndefined();
  await rm(join(folder, "real/server.json"));
  await link(join(folder, "real/other"), join(folder, "real/server.json"));
  expect(await readRecord(join(folder, "real"))).toEqual(RECORD);
});
