import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { linesOfSessions } from "../../src/wire/lines-of-sessions.js";
import { type LongRecordingLimits, readLongRecording } from "../../src/wire/read-long-recording.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";

const HEAD = '{"t":"tap","v":1,"id":"1-a","pid":1,"at":1,"mode":"preload","content":true}\n';

/** A request with its answer; each body is told by the one before. */
function asked(n: number, session: string, base: number | null, text: string, parent: string | null = null): string {
  const body = `${"x".repeat(n * 10)}${text}`;
  const [prefix, middle] = base === null ? [0, body] : [base * 10, body.slice(base * 10)];
  const common = { session, parent, message: null, method: "POST", url: "http://p/v1/chat/completions", headers: {} };
  const hash = createHash("sha256").update(body).digest("hex");
  return [
    { t: "request", n, at: n * 10, ...common, hash, bytes: body.length, base, prefix, suffix: 0, middle },
    { t: "response", n, at: n * 10 + 1, status: 200, headers: {} },
    { t: "part", n, at: n * 10 + 2, chunks: [[0, text.length, text.length]], text },
    { t: "end", n, at: n * 10 + 3, how: "complete" },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "long-recording-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "1-a.jsonl");
  writeFileSync(path, text);
  return path;
}

const MINE = { sessionIds: ["ses_1"], unnamed: false };
const LIMITS: LongRecordingLimits = { texts: 10_000_000, line: 10_000_000, all: 10_000_000 };

test("what is read piece by piece is what is there, also of lines longer than a piece", async () => {
  const long = "ü".repeat(900_000);
  const text = [
    HEAD,
    asked(0, "ses_1", null, "one"),
    asked(1, "ses_2", null, long),
    asked(2, "ses_3", null, `${long}!`, "ses_1"),
    asked(3, "ses_1", 0, "two"),
    '{"t":"part","n":3,"at":1,"chun',
  ].join("");
  const path = fileWith(text);
  expect(await readLongRecording(path, MINE)).toBe(linesOfSessions(text, ["ses_1"], false));
  expect(await readLongRecording(path, { sessionIds: [], unnamed: false })).toBe(text);
  const from = HEAD.length;
  expect(await readLongRecording(path, { ...MINE, from })).toBe(linesOfSessions(text.slice(from), ["ses_1"], false));
});

test("of one that is too long the first texts are whole, and all sizes and times are there", async () => {
  const story = Array.from({ length: 20 }, (_, n) => asked(n, "ses_1", n === 0 ? null : n - 1, `${n}`.repeat(300)));
  const path = fileWith(`${HEAD}${story.join("")}`);
  const read = await readLongRecording(path, MINE, { ...LIMITS, texts: 10_000 });
  const { exchanges, notes } = readRecording(read, "recording");
  const whole = readRecording(`${HEAD}${story.join("")}`, "recording").exchanges;
  expect(exchanges.map(({ body, response, end }) => [body.hash, body.bytes, response?.bytes, end])).toEqual(
    whole.map(({ body, response, end }) => [body.hash, body.bytes, response?.bytes, end]),
  );
  const texts = exchanges.map(({ body }) => body.text);
  const first = texts.indexOf(null);
  expect(first).toBeGreaterThan(3);
  expect(texts.slice(0, first)).toEqual(whole.slice(0, first).map(({ body }) => body.text));
  expect(texts.slice(first).filter((text) => text !== null)).toEqual([]);
  expect(notes).toEqual([expect.stringMatching(/not whole: of what comes behind the first 0 MB only sizes and times/)]);
});

test("a line that is longer than any may be is left out, and so is what goes beyond all", async () => {
  const story = [
    asked(0, "ses_1", null, "one"),
    asked(1, "ses_1", null, "x".repeat(3_000_000)),
    asked(2, "ses_1", 0, "2"),
  ];
  const path = fileWith(`${HEAD}${story.join("")}`);
  const read = await readLongRecording(path, MINE, { ...LIMITS, line: 1_100_000 });
  const { exchanges, notes } = readRecording(read, "recording");
  expect(exchanges.map(({ body }) => body.text)).toEqual(["one", `${"x".repeat(20)}2`]);
  expect(notes.join("\n")).toContain("2 of its lines are longer than is read");
  const bounded = await readLongRecording(path, MINE, { texts: 100, line: 10_000_000, all: 700 });
  expect(bounded.length).toBeLessThan(1_000);
});

test("a link is not read", async () => {
  const path = fileWith(HEAD);
  symlinkSync(path, `${path}.link`);
  await expect(readLongRecording(`${path}.link`, MINE)).rejects.toThrow("it is a link");
});
