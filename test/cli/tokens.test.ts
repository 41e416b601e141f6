import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type CliResult, looptrace } from "../support/cli.js";
import { parseCsv } from "../support/parse-csv.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const files = ["multistep@1.18.33", "two-turns@1.18.33"].map((name) => join(FIXTURES, name, "session.json"));

function tokens(...argv: string[]): Promise<CliResult> {
  const cwd = tmpdir();
  return looptrace(["tokens", ...argv], { env: { LOOPTRACE_HOME: join(cwd, "looptrace-none") }, cwd });
}

test("--csv: one table over all turns of all sessions, a row for each call of --json", async () => {
  const { code, stdout, stderr } = await tokens(...files, "--csv");
  expect([code, stderr]).toEqual([0, ""]);
  const [head = [], ...rows] = parseCsv(stdout);
  const json: { traceId: string; turn: number; calls: { spanId: string }[] }[] = JSON.parse(
    (await tokens(...files, "--json")).stdout,
  );
  const column = (name: string): readonly (string | undefined)[] => rows.map((row) => row[head.indexOf(name)]);
  expect(column("spanId")).toEqual(json.flatMap(({ calls }) => calls.map(({ spanId }) => spanId)));
  expect(column("turn")).toEqual(json.flatMap(({ turn, calls }) => calls.map(() => String(turn))));
  expect(new Set(column("traceId")).size).toBe(3);
});

test.each([
  [["--csv", "--json"], /--json and --csv are two forms/],
  [["--csv", "--top"], /--csv prints the calls/],
])("%j contradict each other", async (flags, why) => {
  const { code, stdout, stderr } = await tokens(...files, ...flags);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(why);
});
