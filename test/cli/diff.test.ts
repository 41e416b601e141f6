import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { storePathsAt } from "../../src/files/store-paths.js";
import { type CliResult, looptrace } from "../support/cli.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { saveAsItIs } from "../support/kept-store.js";

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "diff-")));
  for (const name of fixtureNames) await writeFile(join(folder, `${name}.json`), loadFixture(name).text);
  const { subagentTexts, text } = loadFixture("subagent@1.18.33");
  await writeFile(join(folder, "child.json"), subagentTexts[0] ?? "");
  await writeFile(join(folder, "empty.json"), JSON.stringify({ info: JSON.parse(text).info, messages: [] }));
  env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    LOOPTRACE_HOME: join(folder, "store"),
    LOOPTRACE_OPENCODE: join(folder, "none"),
  };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function diff(argv: readonly string[], stdin?: string): Promise<CliResult> {
  const named = argv.map((word) => (fixtureNames.includes(word) ? `${word}.json` : word));
  return looptrace(["diff", ...named], { env, cwd: folder, ...(stdin === undefined ? {} : { stdin }) });
}

const compared = {
  a: z.number().nullable(),
  b: z.number().nullable(),
  difference: z.number().nullable(),
  percent: z.number().nullable(),
};
const figures = {
  figures: z
    .array(z.strictObject({ name: z.string(), unit: z.enum(["count", "tokens", "usd", "ms"]), ...compared }))
    .length(19),
  tools: z.array(
    z.strictObject({
      tool: z.string(),
      calls: z.strictObject(compared),
      failures: z.strictObject(compared),
      time: z.strictObject(compared),
    }),
  ),
};
const head = z.strictObject({
  sessionId: z.string(),
  title: z.string(),
  opencodeVersion: z.string(),
  turns: z.int(),
  notes: z.array(z.string()),
});
const facts = z
  .strictObject({
    traceId: z.string(),
    sessionId: z.string(),
    outcome: z.enum(["completed", "failed", "unfinished"]),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
    model: z.string().nullable(),
    agent: z.string().nullable(),
    notes: z.array(z.string()),
  })
  .nullable();
const said = z
  .strictObject({
    text: z.string().nullable(),
    toolCalls: z.array(z.strictObject({ name: z.string(), arguments: z.unknown() })),
  })
  .nullable();
const document = z.strictObject({
  a: head,
  b: head,
  turns: z.array(
    z.strictObject({
      turn: z.int(),
      a: facts,
      b: facts,
      ...figures,
      parting: z
        .strictObject({
          within: z.array(z.strictObject({ step: z.int(), agent: z.string().nullable() })),
          step: z.int(),
          differs: z.enum(["tool-calls", "text", "steps"]),
          a: said,
          b: said,
          excerpt: z.strictObject({ a: z.string().nullable(), b: z.string().nullable() }),
        })
        .nullable(),
    }),
  ),
  sums: z.strictObject(figures),
});

async function json(argv: readonly string[]): Promise<z.output<typeof document>> {
  const { code, stdout, stderr } = await diff([...argv, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return document.parse(JSON.parse(stdout));
}

test.each(fixtureNames)("the JSON of %s against others is of the shape that is promised", async (name) => {
  const { a, turns } = await json([name, "two-turns@1.18.33"]);
  expect(a.sessionId).toBe(loadFixture(name).session.info.id);
  expect(turns).toHaveLength(2);
});

test("the text has the width of the terminal, or the one that is asked for", async () => {
  const { code, stdout, stderr } = await diff(["multistep@1.18.33", "failing-tool@1.18.33", "--width", "80"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n").filter((line) => stringWidth(line) > 80)).toEqual([]);
  expect(stdout).toMatch(/^parting {2}step 0: they call other tools, or with other arguments$/m);
  expect(stdout).toMatch(/^ {9}A called bash \{.*$/m);
  expect(stdout).toMatch(/^ {9}B called read \{"filePath":"\.\/absent\.txt"\}$/m);
});

test("one of the two may come from standard input", async () => {
  const { text } = loadFixture("plain-answer@1.18.33");
  const named = await diff(["multistep@1.18.33", "plain-answer@1.18.33"]);
  const piped = await diff(["multistep@1.18.33", "-"], text);
  expect(piped).toEqual(named);
});

test("a session that looptrace has kept, by its id", async () => {
  const { session, text } = loadFixture("plain-answer@1.18.33");
  const raw = new Map([[session.info.id, text]]);
  await saveAsItIs(storePathsAt(join(folder, "store")), { rootId: session.info.id, raw });
  const named = await diff(["multistep@1.18.33", "plain-answer@1.18.33"]);
  expect(await diff(["multistep@1.18.33", session.info.id])).toEqual(named);
});

describe("subagents' files", () => {
  test("are put where they belong, on both sides", async () => {
    const argv = ["subagent@1.18.33", "subagent@1.18.33"];
    const [alone] = (await json(argv)).turns;
    expect(alone?.a?.notes).toHaveLength(1);
    const [both] = (await json([...argv, "--subagent", "child.json"])).turns;
    expect([both?.a?.notes, both?.b?.notes]).toEqual([[], []]);
    const steps = both?.figures.find(({ name }) => name === "steps");
    expect(steps).toMatchObject({ a: 4, b: 4, difference: 0 });
  });

  test("that belong to one side only are no matter, to none are told", async () => {
    const one = await diff(["subagent@1.18.33", "multistep@1.18.33", "--subagent", "child.json"]);
    expect([one.code, one.stderr]).toEqual([0, ""]);
    const none = await diff(["plain-answer@1.18.33", "multistep@1.18.33", "--subagent", "child.json"]);
    expect(none.code).toBe(0);
    expect(none.stderr).toMatch(/^looptrace: ses_\S+ belongs to neither session: it is left out\.\n$/);
  });
});

test("as CSV", async () => {
  const { code, stdout } = await diff(["multistep@1.18.33", "plain-answer@1.18.33", "--csv"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^turn,kind,name,unit,a,b,difference,percent\r\n0,fact,outcome,,completed,completed,,\r\n/);
  expect(stdout).toContain("\r\n0,figure,steps,count,4,1,-3,-75\r\n");
});

test("a session without a prompt is told", async () => {
  const { code, stdout, stderr } = await diff(["empty.json", "plain-answer@1.18.33", "--json"]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^looptrace: ses_\S+ holds no prompt yet\.\n$/)]);
  expect(document.parse(JSON.parse(stdout)).turns).toMatchObject([{ a: null }]);
});

test.each([
  [["multistep@1.18.33"], /The other one is missing/],
  [["multistep@1.18.33", "none.json"], /none\.json: there is no such file/],
  [["-", "-"], /Standard input holds one session/],
  [["multistep@1.18.33", "multistep@1.18.33", "--json", "--csv"], /--json and --csv are two documents/],
  [["multistep@1.18.33", "multistep@1.18.33", "--subagent", "none.json"], /none\.json: there is no such file/],
])("%j is refused", async (argv, says) => {
  const { code, stdout, stderr } = await diff(argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(says);
});
