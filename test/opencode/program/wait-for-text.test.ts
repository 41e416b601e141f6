import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type TextWait, waitForText } from "../../../src/opencode/program/wait-for-text.js";

const WAIT: TextWait = { hasEnded: () => false, ended: new Promise(() => undefined), deadlineMs: 60_000 };

let path: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "wait-for-text-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  path = join(folder, "stdout");
  await writeFile(path, "");
});

test("a text is found that stands there already, and one that comes in pieces", async () => {
  const waiting = waitForText(path, "listening on", WAIT);
  await appendFile(path, "a warning\nlisten");
  await appendFile(path, "ing on http://127.0.0.1\n");
  expect(await waiting).toBe(true);
  expect(await waitForText(path, "listening on", WAIT)).toBe(true);
});

test("it waits no longer than there is something to wait for", async () => {
  let hasEnded = false;
  const ended = Promise.resolve().then(() => {
    hasEnded = true;
  });
  const waiting = waitForText(path, "listening on", { ...WAIT, hasEnded: () => hasEnded, ended });
  expect(await waiting).toBe(false);
  expect(await waitForText(path, "listening on", { ...WAIT, deadlineMs: 0 })).toBe(false);
});

test("an abort, before or meanwhile, and a file that is not there end it", async () => {
  const stop = new AbortController();
  const waiting = waitForText(path, "listening on", { ...WAIT, signal: stop.signal });
  stop.abort(new Error("no more"));
  await expect(waiting).rejects.toThrow("no more");
  await expect(waitForText(path, "listening on", { ...WAIT, signal: stop.signal })).rejects.toThrow("no more");
  await expect(waitForText(`${path}.none`, "listening on", WAIT)).rejects.toThrow("ENOENT");
});
