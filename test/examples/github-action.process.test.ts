import { execFile, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cliCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";

allowColdStarts();

const ACTION = fileURLToPath(new URL("../../examples/github-action", import.meta.url));
const SESSION = fileURLToPath(new URL("../../fixtures/multistep@1.18.33/session.json", import.meta.url));

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: { readonly body?: string } | null;
}

let folder = "";
let api: Server;
let asked: Asked[] = [];
/** What the pull request has; each has to be asked for by pages of a hundred. */
let comments: { id: number; body: string; user: { type: string } }[] = [];
let refused = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-action-"));
  await mkdir(join(folder, "bin"));
  const command = cliCommand()
    .map((word) => `'${word}'`)
    .join(" ");
  // In place of a run there is its result; all else is looptrace itself.
  await writeFile(
    join(folder, "bin", "looptrace"),
    `#!/bin/sh
if [ "$1" = run ]; then
  cat > '${folder}/task'; echo "$*" > '${folder}/run-flags'
  [ -n "$RUN_RESULT" ] && echo "$RUN_RESULT"
  exit "\${RUN_CODE:-0}"
fi
exec ${command} "$@"
`,
  );
  await chmod(join(folder, "bin", "looptrace"), 0o755);
  await writeFile(join(folder, "event.json"), JSON.stringify({ pull_request: { number: 7 } }));
  api = createServer(async (request, response) => {
    const { method = "", url = "" } = request;
    const body = method === "GET" ? null : ((await json(request)) as Asked["body"]);
    asked.push({ method, path: url, body });
    if (refused > 0) {
      response.writeHead(refused).end("{}");
      return;
    }
    const page = Number(/[?&]page=(\d+)/.exec(url)?.[1] ?? 1);
    const value = method === "GET" ? comments.slice((page - 1) * 100, page * 100) : { id: 1 };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  api.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked = [];
  comments = [];
  refused = 0;
});

interface Done {
  readonly code: number;
  readonly stdout: string;
}

function started(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Done> {
  const PATH = `${join(folder, "bin")}${delimiter}${process.env.PATH}`;
  const around = { LOOPTRACE_HOME: join(folder, "home"), RUNNER_TEMP: folder, HOME: folder, PATH, ...env };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, env: around }, (error, stdout) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout });
    });
  });
}

/** The first step. @returns its outputs as well */
async function run(env: Readonly<Record<string, string>>) {
  const output = join(folder, "output");
  await writeFile(output, "");
  const { code, stdout } = await started("bash", [join(ACTION, "run.sh")], { GITHUB_OUTPUT: output, ...env });
  const lines = (await readFile(output, "utf8")).split("\n").filter(Boolean);
  const outputs = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  return { code, stdout, outputs };
}

/** The step that tells of it. */
async function tell(results: string, env: Readonly<Record<string, string>> = {}) {
  const summary = join(folder, "summary");
  await writeFile(summary, "");
  const { port } = api.address() as AddressInfo;
  const done = await started(process.execPath, [join(ACTION, "comment.mjs")], {
    RESULTS: results,
    REPORT_URL: "https://github.com/o/r/actions/runs/1/artifacts/2",
    GITHUB_API_URL: `http://127.0.0.1:${port}`,
    GITHUB_REPOSITORY: "o/r",
    GITHUB_EVENT_PATH: join(folder, "event.json"),
    GITHUB_TOKEN: "a-token",
    GITHUB_STEP_SUMMARY: summary,
    ...env,
  });
  return { ...done, summary: await readFile(summary, "utf8") };
}

describe.skipIf(spawnSync("bash", ["--version"]).status !== 0)("the action", () => {
  test("checks sessions, writes a report, and tells of it in one comment, which the next run writes anew", async () => {
    const { code, outputs } = await run({ SESSIONS: `\n ${SESSION}\n`, BUDGETS: "--max-cost 1\n--max-steps 1" });
    expect([code, outputs.passed, outputs.code]).toEqual([0, "false", "1"]);
    expect(await readFile(outputs.report ?? "", "utf8")).toMatch(/^<!doctype html>/i);
    const first = await tell(outputs.results ?? "");
    expect(first.code).toBe(0);
    expect(first.summary).toContain("### looptrace: a budget does not hold");
    expect(first.summary).toMatch(/\| A scripted session \| completed \| 1 \| 4 \| [\d.]+ s \| 18,708 \| \$0\.0073 \|/);
    expect(first.summary).toMatch(/\| ❌ \| max-steps \| 4 \| 1 \|/);
    expect(first.summary).toContain("[The report](https://github.com/o/r/actions/runs/1/artifacts/2)");
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /repos/o/r/issues/7/comments?per_page=100&page=1",
      "POST /repos/o/r/issues/7/comments",
    ]);
    const written = asked[1]?.body?.body ?? "";
    expect(written).toBe(`<!-- looptrace-action looptrace -->\n${first.summary}`);
    asked = [];
    const user = { type: "User" };
    const others = Array.from({ length: 119 }, (_, id) => ({ id, body: "LGTM", user }));
    // A stranger may write the mark, too.
    const mark = { id: 800, body: `${written.split("\n")[0]}\nMine.`, user };
    comments = [mark, ...others, { id: 900, body: written, user: { type: "Bot" } }];
    await tell(outputs.results ?? "");
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /repos/o/r/issues/7/comments?per_page=100&page=1",
      "GET /repos/o/r/issues/7/comments?per_page=100&page=2",
      "PATCH /repos/o/r/issues/comments/900",
    ]);
    asked = [];
    await tell(outputs.results ?? "", { COMMENT: "false" });
    expect(asked).toEqual([]);
    refused = 403;
    const without = await tell(outputs.results ?? "");
    expect([without.code, without.stdout]).toEqual([
      0,
      expect.stringMatching(/^::warning::.*HTTP 403.*pull-requests: write/),
    ]);
  });

  test("runs a task, whatever it begins with, and ends as the run does", async () => {
    const result = JSON.stringify({ sessionId: SESSION });
    const done = await run({
      TASK: '-x "$(touch no)" `no`',
      RUN_FLAGS: "--model a/b",
      RUN_RESULT: result,
      RUN_CODE: "1",
    });
    expect(done).toMatchObject({ code: 0, outputs: { session: SESSION, passed: "", code: "1" } });
    expect(await readFile(join(folder, "task"), "utf8")).toBe('-x "$(touch no)" `no`');
    expect(await readFile(join(folder, "run-flags"), "utf8")).toBe("run --environment ci --model a/b --json -\n");
    expect((await tell(done.outputs.results ?? "")).summary).not.toContain("undefined");
  });

  test("what cannot be done ends the job, and says why", async () => {
    expect(await run({})).toMatchObject({ code: 2, stdout: expect.stringContaining("::error::Say what to do") });
    expect(await run({ TASK: "x", RUN_CODE: "2" })).toMatchObject({ code: 2, outputs: {} });
    expect(await run({ SESSIONS: SESSION, BUDGETS: "--no-such-budget" })).toMatchObject({ code: 2, outputs: {} });
  });

  test("what a session says is text in the comment", async () => {
    const results = join(folder, "hostile");
    await mkdir(results, { recursive: true });
    const evil = "a | b\n# @everyone <img src=x> [x](javascript:1) `c` \u202e https://x.example";
    const loop = {
      start: 0,
      end: 1000,
      outcome: "completed",
      totalsWithSubagents: { usage: { input: 1 }, cost: null, steps: 1 },
    };
    await writeFile(join(results, "show.json"), JSON.stringify([{ session: { id: "s", title: evil }, loop }]));
    const { summary } = await tell(results);
    const row = summary.split("\n").find((line) => line.startsWith("| a ")) ?? "";
    expect(row.split("|")).toHaveLength(9);
    expect(row).not.toMatch(/[<>[\]`\u202e]|@e|:\/\//);
    const linked = `see #12, GH-12, o/r#12 and www.x.example ${"-".repeat(258)}\u{1f600}`;
    await writeFile(join(results, "show.json"), JSON.stringify([{ session: { id: "s", title: linked }, loop }]));
    const told = (await tell(results)).summary;
    // A reference is looked for in what is shown; half of a character is refused.
    expect(told).toContain("see &#35;&#8203;12, GH&#8203;-12, o/r&#35;&#8203;12 and www&#8203;.x.example ---");
    expect(told).toContain("-\ufffd |");
  });
});

test("all that the scripts read is given by the action, or by GitHub", async () => {
  const [action, ...scripts] = await Promise.all(
    ["action.yml", "run.sh", "comment.mjs"].map((name) => readFile(join(ACTION, name), "utf8")),
  );
  const shell = [...(scripts[0] ?? "").matchAll(/\$\{([A-Z_]+)/g)].map(([, name = ""]) => name);
  const program = [...(scripts[1] ?? "").matchAll(/^ {2}([A-Z_]+) = /gm)].map(([, name = ""]) => name);
  const own = [...shell, ...program].filter((name) => !/^(?:GITHUB_(?!TOKEN)|RUNNER_)/.test(name));
  expect(own.length).toBeGreaterThan(8);
  for (const name of own) expect(action).toMatch(new RegExp(`^ {8}${name}: \\$\\{\\{ `, "m"));
  // Text of a pull request in a script would be run as such.
  expect(action).not.toMatch(/^ +(?:run: )?[^#\n:]*\$\{\{ *(?:inputs|github\.event)[^\n]*$(?<!: \$\{\{ [^\n]*\}\})/m);
});
