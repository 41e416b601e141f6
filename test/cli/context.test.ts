import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRecording } from "../../src/wire/recording/write-recording.js";
import { type CliResult, looptrace } from "../support/cli.js";
import { at, loadFixture } from "../support/fixtures.js";
import { madeRecording } from "../support/made-wire.js";
import { parseCsv } from "../support/parse-csv.js";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-context-"));
  for (const name of ["multistep", "two-turns"]) {
    const fixture = loadFixture(`${name}@1.18.33`);
    const evidence = madeRecording(fixture);
    await writeFile(join(folder, `${name}.json`), fixture.text);
    await writeFile(join(folder, `${name}.wire.jsonl`), writeRecording(evidence));
    const sizes = evidence.exchanges.map((one) => ({ ...one, body: { ...one.body, text: null } }));
    await writeFile(join(folder, `sizes-${name}.json`), fixture.text);
    await writeFile(join(folder, `sizes-${name}.wire.jsonl`), writeRecording({ ...evidence, exchanges: sizes }));
    await writeFile(join(folder, `bare-${name}.json`), fixture.text);
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function context(...argv: readonly string[]): Promise<CliResult> {
  return looptrace(["context", ...argv], { env: { LOOPTRACE_HOME: join(folder, "looptrace") }, cwd: folder });
}

interface Bill {
  readonly sessions: number;
  readonly shown: readonly { readonly name: string; readonly tokens: number }[];
  readonly rows: readonly { readonly name: string; readonly tokens: number; readonly paidTokens: number }[];
  readonly total: { readonly tokens: number; readonly paidTokens: number };
  readonly unused: readonly { readonly tools: readonly string[] }[];
}

async function billOf(...argv: readonly string[]): Promise<Bill> {
  const { code, stdout, stderr } = await context(...argv, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

const sumOf = (rows: Bill["rows"]): number => rows.reduce((sum, { tokens }) => sum + tokens, 0);

test("the parts of a prompt add up to what the provider counted", async () => {
  const bill = await billOf("multistep.json");
  const counted = loadFixture("multistep@1.18.33").session.messages.flatMap(({ info }) =>
    info.role === "assistant" ? [info.tokens.input + info.tokens.cache.read + info.tokens.cache.write] : [],
  );
  expect(bill.shown).toMatchObject([{ name: "llm-call-3", tokens: Math.max(...counted) }]);
  expect(sumOf(bill.rows)).toBe(Math.max(...counted));
  expect(bill.rows.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["/repo/AGENTS.md", "opencode's own tools", "prompts", "results of bash"]),
  );
});

test("a request can be asked for by its number in the list, and segments instead of owners", async () => {
  const bill = await billOf("multistep.json", "--call", "1", "--by", "segment");
  expect(bill.shown).toMatchObject([{ name: "llm-call-0" }]);
  expect(bill.rows.filter(({ tokens }) => tokens > 0).map(({ name }) => name)).toEqual(
    expect.arrayContaining(["tool bash", "tool jira_get", "prompt"]),
  );
  expect(bill.unused.flatMap(({ tools }) => tools)).toContain("jira_get");
});

test("several sessions are added up", async () => {
  const [one, other, both] = [
    await billOf("multistep.json"),
    await billOf("two-turns.json"),
    await billOf("multistep.json", "two-turns.json"),
  ];
  expect(both).toMatchObject({
    sessions: 2,
    total: {
      tokens: one.total.tokens + other.total.tokens,
      paidTokens: one.total.paidTokens + other.total.paidTokens,
    },
  });
});

test("--csv prints a row for each of --json", async () => {
  const [head = [], ...rows] = parseCsv((await context("multistep.json", "--csv")).stdout);
  expect(rows.map((row) => row[head.indexOf("name")])).toEqual(
    (await billOf("multistep.json")).rows.map(({ name }) => name),
  );
});

test.each<[argv: string[], why: RegExp]>([
  [["bare-multistep.json"], /was not recorded.*looptrace run.*wire install/],
  [["sizes-multistep.json"], /not what was in them: they ran with --no-content/],
  [["multistep.json", "--call", "9"], /no request 9: the session has requests 0 to 4/],
  [["multistep.json", "two-turns.json", "--call", "1"], /Name one session/],
  [["multistep.json", "--json", "--csv"], /--json and --csv are two forms/],
  [["multistep.json", "--by", "color"], /owner or segment/],
])("context %j says what is wrong, and what to do", async (argv, why) => {
  const { code, stdout, stderr } = await context(...argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(why);
});

test("of several sessions one that was not recorded is named", async () => {
  const { code, stdout, stderr } = await context("multistep.json", "bare-two-turns.json", "--json");
  const { id } = loadFixture("two-turns@1.18.33").session.info;
  expect([code, stderr]).toEqual([0, `note: ${id} was not recorded: it is in no figure\n`]);
  expect(JSON.parse(stdout)).toMatchObject({ sessions: 1 });
});

test("a request can be named as in the list", async () => {
  expect((await billOf("multistep.json", "--call", "llm-call-0")).shown).toMatchObject([{ name: "llm-call-0" }]);
});

test("what could be read of several is shown, and the exit code says that it is not all", async () => {
  const { code, stdout, stderr } = await context("multistep.json", "gone.json");
  expect(code).toBe(2);
  expect(at(stdout.split("\n"), 0)).toMatch(/^[\d,]+ tokens of llm-call-3/);
  expect(stderr).toContain("gone.json");
});
