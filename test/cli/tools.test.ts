import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import stringWidth from "string-width";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, looptrace } from "../support/cli.js";
import { toolsJson } from "../support/json-shapes.js";
import { parseCsv } from "../support/parse-csv.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const files = ["multistep", "failing-tool"].map((name) => join(FIXTURES, `${name}@1.18.33`, "session.json"));
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "tools-")));
  await writeFile(join(folder, "broken.json"), "{");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function tools(argv: readonly string[], columns?: number): Promise<CliResult> {
  const env = { LOOPTRACE_HOME: join(folder, "store"), NO_COLOR: "1" };
  return looptrace(["tools", ...argv], { env, cwd: folder, ...(columns === undefined ? {} : { columns }) });
}

test("one table over all sessions, the same in a pipe, as JSON and as CSV", async () => {
  const { code, stdout, stderr } = await tools(files);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^10 tool calls in 2 turns of 2 sessions that took \d/);
  expect(stdout).toBe((await tools(files, 120)).stdout);
  const json = toolsJson.parse(JSON.parse((await tools([...files, "--json"])).stdout));
  expect(json.slowest).toHaveLength(5);
  const [head, ...rows] = parseCsv((await tools([...files, "--csv"])).stdout);
  expect(head?.slice(0, 3)).toEqual(["name", "server", "calls"]);
  expect(rows.map((row) => row.slice(0, 3))).toEqual(
    [...json.tools, ...json.own].map(({ name, server, calls }) => [name, server, String(calls)]),
  );
  for (const { name } of json.tools) expect(stdout).toMatch(new RegExp(`^${name} `, "m"));
});

test.each([20, 80, 200])("no line is wider than --width %i", async (width) => {
  const { code, stdout } = await tools([...files, "--width", String(width)]);
  expect(code).toBe(0);
  expect(stdout.split("\n").filter((line) => stringWidth(line) > width)).toEqual([]);
});

test("--slowest and --by-server", async () => {
  const printed = async (...flags: string[]) =>
    toolsJson.parse(JSON.parse((await tools([...files, ...flags, "--json"])).stdout));
  expect((await printed("--slowest", "100")).slowest).toHaveLength(10);
  expect((await printed("--slowest", "0")).slowest).toEqual([]);
  expect((await tools([...files, "--slowest", "0"])).stdout).not.toContain("slowest");
  // Among them is a call of a tool that there is not.
  expect(await printed("--by-server")).toMatchObject({
    groupedBy: "server",
    tools: [{ name: "opencode" }, { name: "unknown", calls: 1, errors: 1 }],
  });
});

test("what cannot be read is said, and leaves the others in the table", async () => {
  const some = await tools(["broken.json", ...files]);
  expect([some.code, some.stdout]).toEqual([2, (await tools(files)).stdout]);
  expect(some.stderr).toMatch(/broken\.json/);
  const none = await tools(["broken.json"]);
  expect([none.code, none.stdout]).toEqual([2, ""]);
});

test.each([
  [["--csv", "--json"], /--json and --csv are two forms/],
  [["--slowest", "some"], /--slowest some: .*whole number/],
  [["--last"], /Sessions are named, and chosen by a flag too/],
])("%j is refused", async (flags, why) => {
  const { code, stdout, stderr } = await tools([...files, ...flags]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(why);
});
