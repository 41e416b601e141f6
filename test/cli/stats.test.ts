import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { userPricesOf } from "../../src/config/user-prices.js";
import { storePaths } from "../../src/files/store-paths.js";
import { totalsOf } from "../../src/web/list/totals.js";
import { keptList } from "../../src/web/server/kept-list.js";
import { looptrace } from "../support/cli.js";
import { fixtureNames, loadFixture } from "../support/fixtures.js";
import { statsJson } from "../support/json-shapes.js";
import { keepFixture } from "../support/kept-store.js";
import { parseCsv } from "../support/parse-csv.js";

const figure = z.number();
const lsRows = z.array(
  z.object({ steps: figure, tokens: figure.nullable(), duration: figure, cost: figure.nullable() }),
);

let folder: string;
let first: Awaited<ReturnType<typeof looptrace>>;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "stats-")));
  env = { LOOPTRACE_HOME: join(folder, "store"), HOME: folder, TZ: "Europe/Berlin", NO_COLOR: "1" };
  for (const name of fixtureNames.filter((one) => one.endsWith("@1.18.33"))) await keepFixture(storePaths(env), name);
  first = await stats([]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function stats(argv: readonly string[], columns?: number) {
  return await looptrace(["stats", ...argv], { env, cwd: folder, ...(columns === undefined ? {} : { columns }) });
}

async function json(...argv: string[]) {
  const { code, stdout, stderr } = await stats([...argv, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return statsJson.parse(JSON.parse(stdout));
}

test("reading many sessions for the first time is told, as ls tells it", () => {
  expect(first.stderr).toMatch(/^looptrace: reading \d+ kept sessions for the first time\n/);
});

test("all that is kept, as a table, as JSON with exactly the documented fields, and as CSV", async () => {
  const printed = await json("--by", "model,outcome", "--tools", "--trends");
  expect(printed.trends).toMatchObject({ found: [], tested: 0 });
  expect((await stats(["--trends"])).stdout).toContain("Too little was done");
  expect(printed.timezone).toBe("Europe/Berlin");
  expect(printed.total.turns).toBeGreaterThan(15);
  const [head, ...rows] = parseCsv((await stats(["--by", "model,outcome", "--csv"])).stdout);
  const figures = ["model", "outcome", "turns", "tokens", "cost", "timeMs"];
  const columns = figures.map((name) => head?.indexOf(name) ?? -1);
  expect(rows.map((row) => columns.map((column) => row[column]))).toEqual(
    printed.rows.map(({ key, turns, tokens, cost, time }) => [
      ...[key.model ?? "", key.outcome ?? ""],
      ...[String(turns), tokens === null ? "" : String(tokens), cost === null ? "" : String(cost), String(time.total)],
    ]),
  );
  const [toolHead, ...tools] = parseCsv((await stats(["--by", "outcome", "--tools", "--csv"])).stdout);
  expect(toolHead?.slice(0, 4)).toEqual(["outcome", "tool", "calls", "failed"]);
  expect(tools.reduce((sum, row) => sum + Number(row[2]), 0)).toBe(printed.total.toolCalls);
  const { stdout } = await stats(["--by", "outcome", "--tools"]);
  for (const word of ["outcome", "completed", "authentication_failed", "all", "bash"]) expect(stdout).toContain(word);
});

test.each([
  ["opencode's prices", {}],
  ["the user's", { "scripted/*": { input: 3, output: 15, override: true } }],
])("stats, ls and view come to the same, by %s", async (_, prices) => {
  const config = { prices };
  await writeFile(join(folder, "looptrace.config.json"), JSON.stringify(config));
  const { total } = await json();
  const { stdout } = await looptrace(["ls", "--json"], { env, cwd: folder });
  const rows = lsRows.parse(JSON.parse(stdout));
  const marked = (await looptrace(["ls", "--limit", "0"], { env, cwd: folder })).stdout;
  expect(/\$[\d.]+\*/.test(marked)).toBe(Object.keys(prices).length > 0);
  const sum = (of: (row: (typeof rows)[number]) => number | null): number =>
    rows.reduce((all, row) => all + (of(row) ?? 0), 0);
  const source = { paths: storePaths(env), masking: {}, prices: userPricesOf(config), environment: null };
  const kept = await keptList({ ...source, onProblem: (error) => expect.unreachable(String(error)) }, () => {});
  await kept.refresh();
  const seen = totalsOf(kept.since(0).sessions);
  await kept.close();
  await rm(join(folder, "looptrace.config.json"));
  expect(seen).toMatchObject({
    ...{ sessions: total.sessions, turns: total.turns, steps: total.steps, tokens: total.tokens, usage: total.usage },
    ...{ duration: total.time.total, cached: total.cacheShare, cost: expect.closeTo(total.cost ?? 0, 8) },
  });
  expect([rows.length, sum((row) => row.steps), sum((row) => row.tokens), sum((row) => row.duration)]).toEqual([
    ...[total.sessions, total.steps, total.tokens, total.time.total],
  ]);
  expect(sum((row) => row.cost)).toBeCloseTo(total.cost ?? 0, 8);
  expect(total.costByUser > 0).toBe(Object.keys(prices).length > 0);
});

test("sessions and files that are named are added up alone", async () => {
  const file = join(import.meta.dirname, "../../fixtures/multistep@1.18.33/session.json");
  expect(await json(file, "--by", "day")).toMatchObject({ total: { sessions: 1, turns: 1 } });
  await writeFile(join(folder, "broken.json"), "{");
  const { code, stdout, stderr } = await stats([join(folder, "broken.json"), file]);
  expect(code).toBe(2);
  expect(stderr).toContain("broken.json");
  expect(stdout).toContain("1 turn of 1 session");
});

test("sessions are named as elsewhere, and one that is not there does not mean that none is kept", async () => {
  const { id } = loadFixture("multistep@1.18.33").session.info;
  expect(await json(id.slice(4, 12))).toMatchObject({ total: { sessions: 1, turns: 1 } });
  const { code, stderr } = await stats(["nowhere.json"]);
  expect(code).toBe(2);
  expect(stderr).not.toContain("No session is kept yet");
});

test.each([
  [":Europe/Berlin", "Europe/Berlin"],
  ["EST5EDT4,M3.2.0,M11.1.0", "UTC"],
])("a TZ of %s, which is no zone's name, means UTC", async (TZ, zone) => {
  const { code, stdout } = await looptrace(["stats", "--json"], { env: { ...env, TZ }, cwd: folder });
  expect([code, statsJson.parse(JSON.parse(stdout)).timezone]).toEqual([0, zone]);
});

test.each([20, 80, 120, 200])("no line is wider than --width %i", async (width) => {
  for (const by of ["day", "branch,model", "pr"]) {
    const { code, stdout } = await stats(["--by", by, "--tools", "--width", String(width)]);
    expect(code).toBe(0);
    expect(stdout.split("\n").filter((line) => stringWidth(line) > width)).toEqual([]);
  }
});

test("a day of --since and --until is a day of the time zone, and whole", async () => {
  const { days } = await json();
  const day = days.at(-1)?.day ?? "";
  const one = await json("--since", day, "--until", day);
  expect(one.days.map((each) => each.day)).toEqual([day]);
  expect(one.total.turns).toBe(days.at(-1)?.turns);
  const there = await json("--since", day, "--until", day, "--timezone", "Pacific/Auckland");
  expect((one.since ?? 0) - (there.since ?? 0)).toBeGreaterThan(9 * 3_600_000);
});

describe("what makes no sense is refused", () => {
  test.each<[string, readonly string[], string]>([
    ["a dimension", ["--by", "modle"], "Did you mean model?"],
    ["a time zone", ["--timezone", "Mars/Olympus"], "Europe/Berlin"],
    ["a date", ["--since", "2026-02-31"], "2026-02-31"],
    ["a word for a date", ["--until", "yesterday"], "a date such as 2026-11-01"],
    ["an end before the beginning", ["--since", "2026-11-02", "--until", "2026-11-01"], "before --since"],
    ["trends in a table of something else", ["--trends", "--csv"], "--json"],
    ["two formats", ["--json", "--csv"], "--json and --csv are two forms"],
    ["a Langfuse environment without Langfuse", ["--environment", "ci"], "--from langfuse"],
  ])("%s", async (_, argv, said) => {
    const { code, stdout, stderr } = await stats(argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(said);
  });
});

test("without a session it says how to come by one", async () => {
  const nowhere = { ...env, LOOPTRACE_HOME: join(folder, "nowhere") };
  const { code, stdout, stderr } = await looptrace(["stats"], { env: nowhere, cwd: folder });
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/^No session is kept yet[\s\S]*looptrace run[\s\S]*looptrace ls --all/);
});
