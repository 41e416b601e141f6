import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, looptrace, startLooptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "show-")));
  const { text, subagentTexts } = loadFixture("subagent@1.18.33");
  await writeFile(join(folder, "parent.json"), text);
  await writeFile(join(folder, "child.json"), subagentTexts[0] ?? "");
  const steering = "\u001b]0;owned\u0007\u009b2J\u202E\u2066\uFEFF";
  const { info, messages } = JSON.parse(text);
  await writeFile(
    join(folder, "steering.json"),
    JSON.stringify({ info: { ...info, title: `${steering}title` }, messages }),
  );
  env = { PATH: process.env.PATH ?? "", HOME: folder, LOOPTRACE_HOME: join(folder, "store") };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Around {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
}

function show(argv: readonly string[], around: Around = {}): Promise<CliResult> {
  const columns = around.columns === undefined ? {} : { columns: around.columns };
  return looptrace(["show", ...argv], { env: { ...env, ...around.env }, cwd: folder, ...columns });
}

const COLOURED = /\u001b\[\d+m/;

test.each<[string, boolean, Around]>([
  ["in a pipe", false, {}],
  ["on a terminal", true, { columns: 80 }],
  ["on a terminal with NO_COLOR", false, { columns: 80, env: { NO_COLOR: "1" } }],
  ["on a dumb terminal", false, { columns: 80, env: { TERM: "dumb" } }],
  ["in a pipe with FORCE_COLOR", true, { env: { FORCE_COLOR: "1" } }],
])("%s: colours %s", async (_, coloured, around) => {
  const { code, stdout, stderr } = await show(["parent.json"], around);
  expect([code, stderr, COLOURED.test(stdout)]).toEqual([0, "", coloured]);
  expect(stdout.split("\n").filter((line) => stringWidth(line) > (around.columns ?? 120))).toEqual([]);
  const plain = await show(["parent.json"], { ...around, env: { NO_COLOR: "1" } });
  expect(stdout.replace(/\u001b\[\d+m/g, "")).toBe(plain.stdout);
});

test("a process in a pipe tells the same as a terminal of its width", async () => {
  const { ended } = startLooptrace(["show", "parent.json"], { env: { ...env, COLUMNS: "90" }, cwd: folder });
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout).toBe((await show(["parent.json", "--width", "90"])).stdout);
});

test.each([20, 60, 80, 100, 120, 200])("no line is wider than --width %i", async (width) => {
  const { code, stdout } = await show(["parent.json", "child.json", "--width", String(width)]);
  expect(code).toBe(0);
  expect(stdout.split("\n").filter((line) => stringWidth(line) > width)).toEqual([]);
  expect(stdout).toMatch(/^trace/m);
});

test("the parent's file alone says whose session is missing, both files together miss nothing", async () => {
  const id = loadFixture("subagent@1.18.33").subagents[0]?.info.id ?? "";
  const alone = (await show(["parent.json", "--width", "150"])).stdout;
  expect(alone).toContain(`Not in the input: subagent ${id.slice(0, 20)}`);
  expect(alone).toContain(`\nnote     totals without 1 subagent session not in the input: ${id}\n`);
  const both = (await show(["parent.json", "child.json"])).stdout;
  expect(both).not.toMatch(/not in the input/i);
  const { stdout } = await show(["parent.json", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject([{ loop: { totalsWithSubagents: { missingSubagents: 1 } } }]);
});

test("what steers a terminal is not in the tree, and escaped in the JSON", async () => {
  const tree = (await show(["steering.json"])).stdout;
  expect(tree).toMatch(/^title · completed · scripted\/m1/);
  expect(tree).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/);
  const json = (await show(["steering.json", "--json"])).stdout;
  expect(json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/);
  expect(JSON.parse(json)[0].session.title).toBe("\u001b]0;owned\u0007\u009b2J\u202E\u2066\uFEFFtitle");
});

test("filters leave out rows of the tree, and nothing of the JSON", async () => {
  const files = ["parent.json", "child.json"];
  const whole = await show([...files, "--json"]);
  for (const filter of [["--depth", "1"], ["--errors"], ["--slow", "500ms"]]) {
    const { code, stdout } = await show([...files, ...filter]);
    expect([code, /^\d+ rows not shown/m.test(stdout)]).toEqual([0, true]);
    expect((await show([...files, ...filter, "--json"])).stdout).toBe(whole.stdout);
  }
});

test("one step whole, a subagent's too, in the width of the terminal", async () => {
  const files = ["parent.json", "child.json"];
  const own = await show([...files, "--step", "0"], { columns: 80, env: { NO_COLOR: "1" } });
  expect([own.code, own.stderr]).toEqual([0, ""]);
  expect(own.stdout).toMatch(/^thinking\n {2}\S[\s\S]*^tool\.task .*\n {2}arguments\n[\s\S]*^ {2}subagent 0\/0\n/m);
  expect(own.stdout.split("\n").filter((line) => stringWidth(line) > 80)).toEqual([]);
  expect((await show([...files, "--step", "0/0/1"])).stdout).toMatch(/^Step 0\/0\/1 · subagent 0\/0 \(worker\)$/m);
});

test.each([
  [["--depth", "0"], /--depth 0: .*1 or more/],
  [["--step", "0/0"], /--step 0\/0: .*such as 5, or 5\/0\/2/],
  [["--step", "7"], /^looptrace: The turn has no step 7: it has steps 0 to 1\.\n$/],
  [["--step", "0", "--errors"], /one or the other/],
  [["--turn", "2"], /^looptrace: There is no turn 2: the last one is turn 1\.\n$/],
  [["--slow", "soon"], /--slow soon: this is no duration\.\nSay 10ms, /],
])("%j is refused", async (argv, why) => {
  const { code, stdout, stderr } = await show(["parent.json", ...argv]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(why);
});
