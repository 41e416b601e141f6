import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRecording } from "../../src/wire/recording/write-recording.js";
import { type CliResult, looptrace } from "../support/cli.js";
import { at, loadFixture } from "../support/fixtures.js";
import { madeRecording } from "../support/made-wire.js";

const SAID = "It's $HOME\u202e and \u009b31m it.";
const fixture = loadFixture("multistep@1.18.33");
const evidence = madeRecording(fixture, SAID);
const OTHER = loadFixture("two-turns@1.18.33");
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-wire-"));
  await writeFile(join(folder, "recorded.json"), fixture.text);
  await writeFile(join(folder, "recorded.wire.jsonl"), writeRecording(evidence));
  const sizes = evidence.exchanges.map((one) => ({ ...one, body: { ...one.body, text: null } }));
  await writeFile(join(folder, "sizes.json"), fixture.text);
  await writeFile(join(folder, "sizes.wire.jsonl"), writeRecording({ ...evidence, exchanges: sizes }));
  await writeFile(join(folder, "bare.json"), fixture.text);
  await writeFile(join(folder, "other.json"), OTHER.text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function run(argv: readonly string[], columns?: number): Promise<CliResult> {
  const env = { LOOPTRACE_HOME: join(folder, "looptrace") };
  return looptrace(argv, { env, cwd: folder, ...(columns === undefined ? {} : { columns }) });
}

async function printed(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(argv);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

test("every request is listed, with what it was for", async () => {
  const lines = (await printed("wire", "recorded.json")).trimEnd().split("\n");
  expect(lines.slice(3).map((line) => line.split(/ {2,}/)[2])).toEqual([
    ...["title", "llm-call-0", "llm-call-1", "llm-call-2", "llm-call-3"],
  ]);
  const [session] = JSON.parse(await printed("wire", "recorded.json", "--json"));
  expect(Object.keys(session)).toEqual(["sessionId", "title", "notes", "requests"]);
  expect(session.requests).toHaveLength(5);
});

test("--csv prints a row for each request", async () => {
  const [head, ...rows] = (await printed("wire", "recorded.json", "--csv")).trimEnd().split("\r\n");
  expect(head?.split(",").slice(0, 8).join()).toBe("listedSession,number,sentAt,sessionId,agent,kind,name,turn");
  expect(rows.map((row) => row.split(",").slice(5, 8).join())).toEqual([
    "title,title,0",
    ...["0", "1", "2", "3"].map((index) => `call,llm-call-${index},0`),
  ]);
  expect(rows.every((row) => row.startsWith(`${fixture.session.info.id},`))).toBe(true);
  const { code, stderr } = await run(["wire", "recorded.json", "--csv", "--call", "1"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--csv prints the list")]);
});

test("--raw prints the body as it was sent, and on a terminal nothing that steers it", async () => {
  const { text } = at(evidence.exchanges, 2).body;
  expect(await printed("wire", "recorded.json", "--call", "2", "--raw")).toBe(text);
  const { stdout } = await run(["wire", "recorded.json", "--call", "2", "--raw"], 80);
  expect(stdout).not.toMatch(/[\u202e\u009b]/);
  expect(stdout).toMatch(/\}\n$/);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(text ?? ""));
});

test("one request is shown whole: what was sent, and what came back", async () => {
  const shown = await printed("wire", "recorded.json", "--call", "2", "--width", "80");
  expect(shown).toContain("Request 2 · llm-call-1");
  expect(shown.match(/^\S.*$/gm)).toEqual(
    expect.arrayContaining(["headers", "parameters", "system prompt", "2 tools", "3 messages", "answer (stop)"]),
  );
  expect(shown).toContain("    I look.");
  expect(shown).toContain("  result of bash");
  expect(shown).not.toMatch(/[\u202e\u009b]/);
});

test("--diff tells what changed from one request to another, also with the session behind it", async () => {
  const told = await printed("wire", "--diff", "1", "2", "recorded.json");
  expect(told.match(/^[-+~] .*$/gm)).toEqual([
    "+ answer, 7 characters",
    expect.stringMatching(/^\+ call of bash, \d+ characters$/),
    expect.stringMatching(/^\+ result of bash ls 0, \d+ characters$/),
  ]);
  const diff = JSON.parse(await printed("wire", "recorded.json", "--diff", "2", "2", "--json"));
  expect(diff).toEqual({ from: 2, to: 2, identical: true, firstDifference: null, changes: [] });
});

test("a request can be named as in the list, alone and for --diff", async () => {
  expect(await printed("wire", "recorded.json", "--call", "llm-call-1")).toContain("Request 2 · llm-call-1");
  expect(await printed("wire", "recorded.json", "--diff", "llm-call-0", "llm-call-1")).toContain(
    "From request 1 to request 2",
  );
});

test("of several sessions one that was not recorded is named", async () => {
  const { code, stdout, stderr } = await run(["wire", "recorded.json", "other.json"]);
  expect([code, stderr]).toEqual([0, `note: ${OTHER.session.info.id} was not recorded: it is not in the list\n`]);
  expect(stdout).toContain("llm-call-3");
});

test("--curl prints a command with the key as a variable", async () => {
  const command = await printed("wire", "recorded.json", "--call", "1", "--curl");
  expect(command).toMatch(/^printf '%s' '.*It'\\''s \$HOME.*' \|\n {2}curl /s);
  expect(command).toContain('"authorization: Bearer ${API_KEY:?set your key}"');
});

test.each<[argv: string[], why: RegExp]>([
  [["bare.json"], /was not recorded.*looptrace run.*wire install/],
  [["recorded.json", "--call", "9"], /no request 9: the session has requests 0 to 4/],
  [["instal"], /no command or file instal\.\nDid you mean looptrace wire install\?/],
  [["uninstal"], /Did you mean looptrace wire uninstall\?/],
  [["recorded.json", "--diff", "1"], /--diff 2 3/],
  [["recorded.json", "--raw"], /--call <request>/],
  [["recorded.json", "--call", "1", "--raw", "--curl"], /one of --raw and --curl/],
  [["recorded.json", "--call", "1", "--diff", "1", "2"], /--diff compares two requests/],
  [["sizes.json", "--call", "1", "--raw"], /Only sizes and hashes/],
  [["sizes.json", "--diff", "1", "2"], /Only sizes and hashes/],
])("wire %j says what is wrong, and what to do", async (argv, why) => {
  const { code, stdout, stderr } = await run(["wire", ...argv]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(why);
});

test("without content sizes and times are listed, and a request says what is not known", async () => {
  expect(await printed("wire", "sizes.json")).toContain("llm-call-3");
  expect(await printed("wire", "sizes.json", "--call", "1")).toContain("not recorded: it ran with --no-content");
});
