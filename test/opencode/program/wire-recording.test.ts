import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";
import { wireRecording } from "../../../src/opencode/program/wire-recording.js";

const HEAD = '{"t":"tap","v":1,"id":"1-a","pid":1,"at":1,"mode":"preload","content":true}\n';
const request = (n: number, session: string): string =>
  `{"t":"request","n":${n},"at":2,"session":"${session}","parent":null,"hash":"h"}\n`;
const LOST = '{"t":"lost","why":"the disk is full"}\n';

async function recordingOf(before: string) {
  const folder = await createRunFolder();
  onTestFinished(() => folder.remove().then(() => undefined));
  const options = { mode: "full", generation: 1, command: "serve", environment: {} } as const;
  const recording = await wireRecording(folder, options);
  const path = join(folder.path, "wire", "1-a.jsonl");
  await writeFile(path, before);
  const since = await recording.mark();
  const read = () => recording.read({ sessionIds: ["ses_2"], since, isShared: true });
  return { path, read };
}

test("a run has its own lines of a recording that was there before it", async () => {
  const { path, read } = await recordingOf(`${HEAD}${request(0, "ses_1")}`);
  await appendFile(path, request(1, "ses_2"));
  expect(await read()).toEqual({ text: `${HEAD}${request(1, "ses_2")}`, notes: [] });
});

test("a run whose opencode had stopped recording before it is told why", async () => {
  const { read } = await recordingOf(`${HEAD}${request(0, "ses_1")}\n${LOST}`);
  expect(await read()).toEqual({ text: `${HEAD}${LOST}`, notes: [] });
});

test("a request that another run's recording lacks is none of its concern", async () => {
  const { read } = await recordingOf(`${HEAD}${request(0, "ses_1")}${LOST}`);
  expect(await read()).toEqual({ text: HEAD, notes: [] });
});

test("what the tap has to say is a note of the run", async () => {
  const { path, read } = await recordingOf(HEAD);
  const note = '{"t":"note","text":"https://p refuses \\"it\\""}\n';
  await appendFile(path, `${request(0, "ses_2")}${note}${note}`);
  expect((await read()).notes).toEqual(['https://p refuses "it"']);
});
