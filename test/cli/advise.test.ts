import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, looptrace } from "../support/cli.js";
import { parseCsv } from "../support/parse-csv.js";

const fixture = (file: string): string => fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url));
const WASTEFUL = [fixture("wire/wasteful@1.18.33/session.json"), fixture("wire/wasteful@1.18.33/subagent-1.json")];
const PLAIN = fixture("plain-answer@1.18.33/session.json");

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-advise-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...argv: readonly string[]): Promise<CliResult> {
  return looptrace(argv, {
    env: { NO_COLOR: "1", LOOPTRACE_HOME: join(folder, "looptrace") },
    cwd: folder,
    columns: 100,
  });
}

test("a session's findings, the dearest first, and what to do about each", async () => {
  const { code, stdout, stderr } = await run("advise", ...WASTEFUL);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^5 findings in 13 calls, the dearest first\n\n 1 edit fails again and again: Could not/);
  for (const text of ["the instructions of /home/dev/project/AGENTS.md changed", "src/ledger.mjs was read again", "→ "])
    expect(stdout).toContain(text);
});

test("the same as data, one session or several", async () => {
  const { code, stdout } = await run("advise", ...WASTEFUL, PLAIN, "--json");
  const advice = JSON.parse(stdout);
  expect([code, advice.sessions, advice.findings.length]).toEqual([0, 2, 5]);
  const csv = parseCsv((await run("advise", ...WASTEFUL, PLAIN, "--csv")).stdout);
  expect(csv.slice(1).map(([kind]) => kind)).toEqual(advice.findings.map(({ kind }: { kind: string }) => kind));
  expect((await run("advise", PLAIN, "--json", "--csv")).code).toBe(2);
});

test("what cannot be read is said, and the rest is looked at", async () => {
  const { code, stdout, stderr } = await run("advise", "no-such.json", PLAIN);
  expect(code).toBe(2);
  expect(stdout).toContain("No finding");
  expect(stderr).toContain("no-such.json");
  expect((await run("advise", "no-such.json")).stdout).toBe("");
});

test("show ends with the dearest one, where a whole session is shown as a tree", async () => {
  const whole = await run("show", ...WASTEFUL);
  expect(whole.stdout.replace(/\s+/g, " ")).toMatch(/advice edit fails again .*, and 4 more: looptrace advise $/);
  for (const argv of [["--json"], ["--step", "0"], ["--errors"], ["--turn", "1"]])
    expect((await run("show", ...WASTEFUL, ...argv)).stdout).not.toContain("looptrace advise");
  expect((await run("show", PLAIN)).stdout).not.toContain("looptrace advise");
});
