import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { storePathsAt } from "../../src/files/store-paths.js";
import { type CliResult, looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { saveAsItIs } from "../support/kept-store.js";

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "check-")));
  for (const name of ["multistep", "killed", "subagent", "doom-loop"]) {
    await writeFile(join(folder, `${name}.json`), loadFixture(`${name}@1.18.33`).text);
  }
  const { subagentTexts, text } = loadFixture("subagent@1.18.33");
  await writeFile(join(folder, "child.json"), subagentTexts[0] ?? "");
  await writeFile(join(folder, "empty.json"), JSON.stringify({ info: JSON.parse(text).info, messages: [] }));
  await mkdir(join(folder, "configured"));
  const check = { maxSteps: 3, maxTool: ["bash:max=100ms"], noErrors: true };
  await writeFile(join(folder, "configured", "looptrace.config.json"), JSON.stringify({ check }));
  env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    LOOPTRACE_HOME: join(folder, "store"),
    LOOPTRACE_OPENCODE: join(folder, "none"),
  };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function check(argv: readonly string[], cwd = "."): Promise<CliResult> {
  return looptrace(["check", ...argv], { env, cwd: join(folder, cwd), columns: 80 });
}

const document = z.strictObject({
  passed: z.boolean(),
  sessions: z.array(
    z.strictObject({
      sessionId: z.string(),
      title: z.string(),
      turns: z.int(),
      duration: z.number(),
      passed: z.boolean(),
      results: z.array(
        z.strictObject({
          budget: z.string(),
          unit: z.enum(["usd", "tokens", "ms", "count"]),
          status: z.enum(["pass", "fail", "unknown"]),
          value: z.number().nullable(),
          limit: z.number(),
          over: z.number().positive().nullable(),
          note: z.string().nullable(),
        }),
      ),
      warnings: z.array(z.string()),
    }),
  ),
  unreadable: z.array(z.strictObject({ source: z.string(), message: z.string() })),
});

async function json(argv: readonly string[]): Promise<{ code: number } & z.output<typeof document>> {
  const { code, stdout } = await check([...argv, "--json"]);
  return { code, ...document.parse(JSON.parse(stdout)) };
}

describe("the exit code", () => {
  test.each([
    ["0 where all holds", 0, ["multistep.json", "--max-steps", "4", "--max-cost", "0.0072856", "--no-errors"]],
    ["0 for a tool failure that no budget forbids", 0, ["doom-loop.json", "--no-errors"]],
    ["1 where one does not", 1, ["multistep.json", "--max-steps", "3", "--max-cost", "1"]],
    ["1 where one of many sessions does not", 1, ["multistep.json", "doom-loop.json", "--no-doom-loop"]],
    ["1 where the turn failed", 1, ["killed.json", "--no-errors"]],
    ["1 for a tool's failure", 1, ["doom-loop.json", "--no-tool-errors"]],
    ["1 where it is not known", 1, ["killed.json", "--max-cost", "100"]],
    ["1 rather than 2 where another source cannot be read", 1, ["none.json", "multistep.json", "--max-steps", "3"]],
    ["2 where a source cannot be read", 2, ["none.json", "multistep.json", "--max-steps", "4"]],
    ["2 without a budget", 2, ["multistep.json"]],
    ["2 without a session", 2, ["--max-steps", "4"]],
    ["2 where no session holds a turn", 2, ["empty.json", "--max-steps", "4"]],
    ["2 for a limit that is none", 2, ["multistep.json", "--max-tool", "p90"]],
    ["2 for two documents on one output", 2, ["multistep.json", "--max-steps", "4", "--json", "--junit", "-"]],
  ])("%s", async (_, expected, argv) => {
    expect((await check(argv)).code).toBe(expected);
  });
});

test("each budget has its line, and the verdict is the last one", async () => {
  const argv = ["multistep.json", "--max-steps", "3", "--max-tool", "bash:max=1s", "--no-doom-loop"];
  const { code, stdout, stderr } = await check([...argv, "--width", "80"]);
  expect([code, stderr]).toEqual([1, ""]);
  expect(stdout.replace(/\u001b\[\d+m/g, "")).toBe(
    [
      "FAIL  A scripted session · ses_e03b66d38ffe7m0arJ0ehJm9sO",
      "  FAIL     max-steps              4  of 3      over by 1 (33%)",
      "  pass     max-tool bash:max  799ms  of 1.00s  2 calls, the slowest: bash sleep…",
      "  pass     no-doom-loop           0",
      "",
      "3 budgets: 1 does not hold.",
      "",
    ].join("\n"),
  );
});

test("several sessions as JSON: each has the budgets for itself", async () => {
  const { code, passed, sessions } = await json(["multistep.json", "doom-loop.json", "--max-steps", "5"]);
  expect([code, passed]).toEqual([1, false]);
  expect(sessions.map(({ results }) => results.map(({ value, over }) => [value, over]))).toEqual([
    [[4, null]],
    [[6, 1]],
  ]);
});

test("a subagent's file beside its parent's is a part of it; without it a warning says what is missing", async () => {
  const both = await json(["subagent.json", "child.json", "--max-steps", "4"]);
  expect(both).toMatchObject({ passed: true, sessions: [{ results: [{ value: 4 }], warnings: [] }] });
  const alone = await json(["subagent.json", "--max-steps", "4"]);
  const warnings = ["1 subagent session not in the input: what they took is in no sum"];
  expect(alone).toMatchObject({ code: 0, passed: true, sessions: [{ results: [{ value: 2 }], warnings }] });
});

test("a session that looptrace has kept, by its id and as the last one, with its subagent", async () => {
  const { session, subagents, text, subagentTexts } = loadFixture("subagent@1.18.33");
  const raw = new Map(
    [session, ...subagents].map(({ info }, index) => [info.id, [text, ...subagentTexts][index] ?? ""]),
  );
  await saveAsItIs(storePathsAt(join(folder, "store")), { rootId: session.info.id, raw });
  for (const source of [session.info.id, "--last"]) {
    const { code, sessions } = await json([source, "--max-steps", "3"]);
    expect([code, sessions]).toMatchObject([1, [{ sessionId: session.info.id, results: [{ value: 4, over: 1 }] }]]);
  }
});

test("what cannot be read is said, and the rest is checked", async () => {
  const { passed, sessions, unreadable } = await json(["none.json", "multistep.json", "--max-steps", "4"]);
  expect([passed, sessions.map((one) => one.passed)]).toEqual([false, [true]]);
  expect(unreadable).toMatchObject([
    { source: "none.json", message: expect.stringContaining("there is no such file") },
  ]);
  expect((await check(["none.json", "multistep.json", "--max-steps", "4"])).stderr).toMatch(
    /^looptrace: none\.json: there is no such file/,
  );
});

test("a session without a prompt is told", async () => {
  const { stdout, stderr } = await check(["empty.json", "--max-steps", "4"]);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^looptrace: ses_\S+ holds no prompt yet: there is nothing to check\.\n$/);
});

test("budgets stand in the settings file, and flags come before them", async () => {
  const { code, stdout } = await check(["../multistep.json"], "configured");
  expect(code).toBe(1);
  expect(stdout).toMatch(/FAIL +max-steps .*\n.*FAIL +max-tool bash:max(.*\n)+.*pass +no-errors/);
  const flags = ["--max-steps", "4", "--max-tool", "bash:max=1s"];
  expect((await check(["../multistep.json", ...flags], "configured")).code).toBe(0);
});

describe("JUnit XML", () => {
  const argv = ["multistep.json", "none.json", "--max-steps", "3", "--max-cost", "1"];

  test("on standard output it is all that stands there", async () => {
    const { code, stdout } = await check([...argv, "--junit", "-"]);
    expect([code, XMLValidator.validate(stdout)]).toEqual([1, true]);
    const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(stdout);
    expect(testsuites).toMatchObject({ tests: "3", failures: "1", errors: "1" });
  });

  test("in a file, whose folder is made, the text stays", async () => {
    const { code, stdout } = await check([...argv, "--junit", "reports/deep/check.xml"]);
    expect([code, stdout]).toEqual([1, expect.stringContaining("2 budgets: 1 does not hold.")]);
    const xml = await readFile(join(folder, "reports", "deep", "check.xml"), "utf8");
    expect(XMLValidator.validate(xml)).toBe(true);
    expect(xml).toBe((await check([...argv, "--junit", "-"])).stdout);
  });

  test("beside JSON", async () => {
    expect((await json([...argv, "--junit", "beside.xml"])).passed).toBe(false);
    expect(XMLValidator.validate(await readFile(join(folder, "beside.xml"), "utf8"))).toBe(true);
  });

  test("a file that cannot be written is said", async () => {
    const { code, stderr } = await check(["multistep.json", "--max-steps", "4", "--junit", "multistep.json/x.xml"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--junit multistep\.json\/x\.xml: .* cannot be written/)]);
    const into = await check(["multistep.json", "--max-steps", "4", "--junit", "."]);
    expect([into.code, into.stderr]).toEqual([
      2,
      "looptrace: --junit .: the file cannot be written: it is a folder.\n",
    ]);
  });
});
