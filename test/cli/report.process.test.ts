import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type CliResult, looptrace, startLooptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture, keptAt } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

let folder: string;
let work: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "report-")));
  const { text, subagentTexts } = loadFixture("subagent@1.18.33");
  await writeFile(join(folder, "parent.json"), text);
  await writeFile(join(folder, "child.json"), subagentTexts[0] ?? "");
  const { info } = JSON.parse(text);
  await writeFile(join(folder, "empty.json"), JSON.stringify({ info, messages: [] }));
  env = { PATH: process.env.PATH ?? "", HOME: folder, LOOPTRACE_HOME: join(folder, "store") };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  work = await mkdtemp(join(folder, "work-"));
});

interface Around {
  readonly env?: Record<string, string>;
  readonly columns?: number;
  readonly stdin?: string;
}

/** The sources are named from the working directory. */
function report(argv: readonly string[], around: Around = {}): Promise<CliResult> {
  return looptrace(["report", ...argv], { env, cwd: work, ...around });
}

/** What the page is made from. */
function dataIn(html: string): { readonly title: string; readonly traces: readonly { traceId: string }[] } {
  return JSON.parse(/<script type="application\/json" id="report">(.*?)<\/script>/.exec(html)?.[1] ?? "null");
}

test("a file is written whole, readable by its owner alone, and what was written is said", async () => {
  const { code, stdout, stderr } = await report(["../parent.json", "../child.json", "-o", "r.html"]);
  const path = join(work, "r.html");
  const html = await readFile(path, "utf8");
  expect([code, stdout]).toEqual([0, ""]);
  const size = `${Math.round(Buffer.byteLength(html) / 1000)} kB`;
  expect(stderr).toBe(`looptrace: wrote ${path}, ${size}, 1 turn. It holds what the sessions hold.\n`);
  expect(html).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(work)).toEqual(["r.html"]);
  expect(dataIn(html).traces).toHaveLength(1);
});

test("means the last session where none is named, and says so", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  await keptAt(paths, await keepFixture(paths, "plain-answer@1.18.33"), 1_000_000);
  const { code, stderr } = await report(["-o", "page.html"], { env: { ...env, LOOPTRACE_HOME: paths.root } });
  expect(code).toBe(0);
  expect(stderr).toContain(`looptrace: the last session, “A scripted session” (${id})\n`);
});

test("what was there is replaced; a link stays one", async () => {
  await writeFile(join(work, "old.html"), "old");
  await symlink("old.html", join(work, "link.html"));
  expect((await report(["../parent.json", "-o", "link.html"])).code).toBe(0);
  expect((await lstat(join(work, "link.html"))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(work, "old.html"), "utf8")).toMatch(/^<!doctype html>/);
});

test.each<[string, readonly string[], Around]>([
  ["a pipe, by name", ["../parent.json", "-o", "-"], {}],
  ["a terminal, where that is wished", ["../parent.json", "-o", "-"], { columns: 80 }],
])("standard output is %s: the page and nothing else", async (_, argv, around) => {
  const { code, stdout } = await report(argv, around);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
});

test("without a name it is that of the session, and nothing is poured into a pipe or a terminal", async () => {
  const id = loadFixture("subagent@1.18.33").session.info.id.slice(4, 12);
  for (const around of [{}, { columns: 80 }]) {
    const { code, stdout, stderr } = await report(["../parent.json"], around);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain(`wrote ${join(work, `A-scripted-session-${id}.html`)}`);
  }
  expect(await readdir(work)).toEqual([`A-scripted-session-${id}.html`]);
});

test.skipIf(process.platform === "win32")("--open hands the file to a browser, or says why not", async () => {
  const browser = join(work, "browser");
  await writeFile(browser, `#!/bin/sh\nprintf %s "$1" > ${join(work, "opened")}\n`, { mode: 0o755 });
  const open = (more: Record<string, string>) =>
    looptrace(["report", "../parent.json", "-o", "a page.html", "--open"], { env: { ...env, ...more }, cwd: work });
  const { code, stderr } = await open({ BROWSER: browser });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^looptrace: wrote [^\n]*\n$/)]);
  expect(await readFile(join(work, "opened"), "utf8")).toBe(join(work, "a page.html"));
  expect((await open({ BROWSER: join(work, "none"), PATH: work })).stderr).toMatch(
    /(?:No browser could be started|There is no display)[\s\S]*a page\.html yourself/,
  );
});

test("standard input is a source, and a process writes a page into a pipe", async () => {
  const stdin = loadFixture("two-turns@1.18.33").text;
  const { ended } = startLooptrace(["report", "-", "-o", "-", "--title", "Night \u202Ely & <day>"], {
    env,
    cwd: work,
    stdin,
  });
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("<title>Night ly &#38; &#60;day&#62;</title>");
  expect(dataIn(stdout)).toMatchObject({ title: "Night ly & <day>", traces: [{ turn: 0 }, { turn: 1 }] });
});

test("--json says what was written", async () => {
  const { stdout } = await report(["../parent.json", "-o", "r.html", "--json"]);
  const path = join(work, "r.html");
  const html = await readFile(path, "utf8");
  const traceIds = dataIn(html).traces.map(({ traceId }) => traceId);
  expect(JSON.parse(stdout)).toEqual({ file: path, bytes: Buffer.byteLength(html), traceIds });
});

test.each<[string, readonly string[], RegExp, Around?]>([
  ["--json without a file", ["../parent.json", "--json", "-o", "-"], /needs a file\.\nLeave out -o -/],
  ["--open without a file", ["../parent.json", "--open", "-o", "-"], /--open opens a file\.\nLeave out -o -/],
  ["no folder there", ["../parent.json", "-o", "no/r.html"], /no\/r\.html cannot be written: there is no such folder/],
  ["a folder", ["../parent.json", "-o", "."], /cannot be written: this is a folder/],
  ["too long a name", ["../parent.json", "-o", "x".repeat(300)], /cannot be written: its name is too long\.\n/],
  ["a file for a folder", ["../parent.json", "-o", "../child.json/r.html"], /a part of its path is no folder/],
  ["its own source", ["../parent.json", "-o", "../parent.json"], /is what the report is made from/],
  ["no export", ["../nothing.json", "-o", "r.html"], /there is no such file/],
  ["an empty name", ["../parent.json", "-o", ""], /It is empty\.\nIs a variable not set\?/],
  ["an empty session", ["../empty.json", "-o", "r.html"], /nothing to report, and no file was written/],
])("%s: said, and nothing is written", async (_, argv, message, around = {}) => {
  const { code, stdout, stderr } = await report(argv, around);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(await readdir(work)).toEqual([]);
  expect(await readFile(join(folder, "parent.json"), "utf8")).toBe(loadFixture("subagent@1.18.33").text);
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
  "a folder that may not be written to",
  async () => {
    await mkdir(join(work, "closed"));
    await chmod(join(work, "closed"), 0o500);
    const { code, stderr } = await report(["../parent.json", "-o", "closed/r.html"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("you may not write there")]);
  },
);

test.skipIf(process.platform === "win32")("a named pipe is written to, and stays one", async () => {
  const pipe = join(work, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  const read = readFile(pipe, "utf8");
  expect((await report(["../parent.json", "-o", "pipe"])).code).toBe(0);
  expect(await read).toMatch(/^<!doctype html>/);
  expect((await lstat(pipe)).isFIFO()).toBe(true);
});
