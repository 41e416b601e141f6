import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ls as command } from "../../src/cli/commands/ls.js";
import { runCli } from "../../src/cli/program.js";
import type { Terminal } from "../../src/cli/terminal.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { columnsOf } from "../../src/text/columns.js";
import { looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { keepDamaged, keepFixture } from "../support/kept-store.js";
import { parseCsv } from "../support/parse-csv.js";
import { temporaryStore } from "../support/temporary-store.js";

const NAMES = ["multistep@1.18.33", "provider-401@1.18.33", "subagent@1.18.33", "killed@1.18.33"];
const idOf = (name: string): string => loadFixture(name).session.info.id;

async function store(names: readonly string[] = NAMES): Promise<StorePaths> {
  const paths = await temporaryStore();
  for (const name of names) await keepFixture(paths, name);
  return paths;
}

async function ls(paths: StorePaths, ...argv: string[]) {
  return await looptrace(["ls", ...argv], { env: { LOOPTRACE_HOME: paths.root }, cwd: paths.root });
}

async function listed(paths: StorePaths, ...argv: string[]): Promise<ReadonlySet<unknown>> {
  const { code, stdout, stderr } = await ls(paths, "--json", ...argv);
  expect([code, stderr]).toEqual([0, ""]);
  const rows = JSON.parse(stdout) as readonly { readonly id: string }[];
  return new Set(rows.map(({ id }) => id));
}

test("each kept session is a line: what it was and how it went first, its id last", async () => {
  const paths = await store();
  const { code, stdout, stderr } = await ls(paths, "--width", "200");
  expect([code, stderr]).toEqual([0, ""]);
  const [head = "", ...lines] = stdout.trimEnd().split("\n");
  expect(head.trim().split(/ {2,}/)).toEqual([
    "#",
    "title",
    "outcome",
    "when",
    "project",
    "model",
    "steps",
    "tokens",
    "cost",
    "time",
    "slowest tool",
    "id",
  ]);
  expect(lines.map((line) => line.trim().split(" ")[0])).toEqual(["1", "2", "3", "4"]);
  const failed = lines.find((line) => line.includes("authentication_failed"));
  expect(failed?.endsWith(idOf("provider-401@1.18.33").slice(4, 12))).toBe(true);
  expect(lines.filter((line) => / completed /.test(line))).toHaveLength(2);
});

test("no line is wider than the terminal, and what there is no room for is named", async () => {
  const paths = await store();
  for (const width of [20, 40, 80, 120, 200]) {
    const { stdout } = await ls(paths, "--width", String(width));
    for (const line of stdout.split("\n")) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    const [head = ""] = stdout.split("\n");
    expect(/no\s+room/.test(stdout)).toBe(!head.includes("slowest tool"));
  }
});

test("the list is narrowed by outcome, model, time, project and words, and all of them together", async () => {
  const paths = await store();
  const [fine, failed, withSubagent, killed] = NAMES.map(idOf);
  expect(await listed(paths)).toEqual(new Set([fine, failed, withSubagent, killed]));
  expect(await listed(paths, "--failed")).toEqual(new Set([failed, killed]));
  expect(await listed(paths, "--model", "M1")).toEqual(new Set([fine, failed, withSubagent, killed]));
  expect(await listed(paths, "--model", "sonnet")).toEqual(new Set());
  expect(await listed(paths, "--since", "2000-01-01")).toEqual(new Set([fine, failed, withSubagent, killed]));
  expect(await listed(paths, "--since", "1s")).toEqual(new Set());
  expect(await listed(paths, "--project", "/home/dev")).toEqual(new Set([fine, failed, withSubagent, killed]));
  expect(await listed(paths, "--project", "/home/de")).toEqual(new Set());
  expect(await listed(paths, "--project", "Dev/Proj")).toEqual(new Set());
  expect(await listed(paths, "--project", "proj")).toEqual(new Set([fine, failed, withSubagent, killed]));
  expect(await listed(paths, "--project", ".")).toEqual(new Set());
  expect(await listed(paths, "--grep", "fruits worker")).toEqual(new Set([withSubagent]));
  expect(await listed(paths, "--grep", "fruits", "--failed")).toEqual(new Set());
  expect((await listed(paths, "--limit", "2")).size).toBe(2);
});

test("CSV has a row for each, in the same order as JSON", async () => {
  const paths = await store();
  const rows = parseCsv((await ls(paths, "--csv")).stdout);
  const json = JSON.parse((await ls(paths, "--json")).stdout) as readonly Record<string, unknown>[];
  const [head = [], ...body] = rows;
  for (const [index, row] of json.entries()) {
    const cells = Object.fromEntries(head.map((name, column) => [name, body[index]?.[column]]));
    expect(cells).toMatchObject({
      id: row.id,
      title: row.title,
      outcome: row.outcome,
      steps: String(row.steps),
      tokens: row.tokens === null ? "" : String(row.tokens),
    });
  }
  expect(body).toHaveLength(json.length);
});

test("what cannot be read is said in its line", async () => {
  const paths = await store(["multistep@1.18.33"]);
  await keepDamaged(paths, idOf("multistep@1.18.33"), "{");
  const { code, stdout } = await ls(paths);
  expect(code).toBe(0);
  expect(stdout).toMatch(/not read/);
  expect(JSON.parse((await ls(paths, "--json")).stdout)).toMatchObject([
    { kind: "unreadable", reason: expect.any(String) },
  ]);
  expect(parseCsv((await ls(paths, "--csv")).stdout)[1]?.[2]).toBe("unreadable");
});

test("more than the list shows is counted", async () => {
  const paths = await store();
  expect((await ls(paths, "--limit", "1")).stderr).toBe("… and 3 more: --limit 0 lists all 4.\n");
});

test("where nothing is listed, a line says why and what to do", async () => {
  const paths = await store(["multistep@1.18.33"]);
  expect(await ls(paths, "--failed")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "Nothing matches --failed.\nAsk for less; `looptrace ls` lists all.\n",
  });
  const searched = await ls(paths, "--grep", "nothinghere");
  expect(searched.stderr).toBe('Nothing matches --grep "nothinghere".\nAsk for less; `looptrace ls` lists all.\n');
  expect(await ls(await temporaryStore())).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringMatching(/^No session is kept yet[\s\S]*looptrace run[\s\S]*looptrace ls --all/),
  });
});

test.each([
  [["--grep", "…"], /there is none in/],
  [["--grep", ""], /empty/],
  [["--json", "--csv"], /two forms of one output\.\nSay one/],
  [["--since", "soon"], /--since "soon": this is neither a duration nor a date\.\nSay a duration/],
  [["--limit", "-1"], /whole number/],
])("ls %j is refused", async (argv, why) => {
  expect(await ls(await temporaryStore(), ...argv)).toMatchObject({ code: 2, stderr: expect.stringMatching(why) });
});

test("a title that would paint the terminal does not", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33", (text) =>
    text.replaceAll("A scripted session", "\\u001b[2Jgone\\u202e"),
  );
  const { stdout } = await ls(paths);
  expect(stdout).toContain("gone");
  expect(stdout).not.toMatch(/\u001b\[2J|\u202e/);
});

test("what the user's own patterns mask is masked in a list that was made without them", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33", (text) => text.replaceAll("A scripted session", "Ask acme-4711"));
  expect((await ls(paths)).stdout).toContain("acme-4711");
  for (const format of [[], ["--json"], ["--csv"]]) {
    expect((await ls(paths, "--mask", "/acme-\\d+/", ...format)).stdout).not.toContain("acme-4711");
  }
});

test("the list that was printed is remembered", async () => {
  const paths = await store();
  await ls(paths, "--failed");
  const kept = JSON.parse(await readFile(join(paths.root, "catalog", "last-list.json"), "utf8"));
  expect(new Set(kept)).toEqual(new Set([idOf("provider-401@1.18.33"), idOf("killed@1.18.33")]));
});

test("a person sees at once what is known, and the rest is read in the background", async () => {
  const paths = await store();
  const started: (readonly string[])[] = [];
  const said = { out: "", err: "" };
  const terminal: Terminal = {
    ...{ env: { LOOPTRACE_HOME: paths.root }, cwd: paths.root, readStdin: async () => "" },
    ...{ outIsTty: true, errIsTty: true, width: 120, errWidth: 120, errHeight: 24 },
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    background: (argv) => started.push(argv),
  };
  const inTime = (): AbortSignal => new AbortController().signal;
  expect(await command({}, terminal, () => AbortSignal.abort())).toBe(0);
  expect(said.out).toBe("");
  expect(said.err).toMatch(/\d older sessions are still to be read.*in the background/);
  expect(started).toEqual([["__index"]]);
  // A program waits for all, whoever looks on.
  expect(await command({ json: true }, terminal, () => AbortSignal.abort())).toBe(0);
  expect(JSON.parse(said.out)).toHaveLength(4);
  said.err = "";
  expect(await command({}, terminal, inTime)).toBe(0);
  expect([said.err, started.length]).toEqual(["", 1]);
});

test("after a command that keeps sessions the index is brought up to date in the background", async () => {
  const paths = await store(["multistep@1.18.33"]);
  const started: (readonly string[])[] = [];
  const terminal: Terminal = {
    ...{
      env: { LOOPTRACE_HOME: paths.root },
      cwd: paths.root,
      readStdin: async () => "",
      out: () => {},
      err: () => {},
    },
    ...{ outIsTty: true, errIsTty: true, width: 120, errWidth: 120, errHeight: 24 },
    background: (argv) => started.push(argv),
  };
  const file = join(paths.sessions, `${idOf("multistep@1.18.33")}.json`);
  expect(await runCli(["trace", file], terminal)).toBe(0);
  expect(await runCli(["show", file], terminal)).toBe(0);
  expect(started).toEqual([["__index"]]);
});
