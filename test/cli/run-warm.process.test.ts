import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "vitest";
import { scenarioSchema } from "../provider/scenario.js";
import { cliEnvironment, startLooptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { eventually } from "../support/until.js";

allowColdStarts();

/** What the model says to prompts that begin so, as often as it is asked. */
function lane(match: string, times: number, ...replies: readonly object[]) {
  return { name: match, match, replies: Array.from({ length: times }, () => replies).flat() };
}

const bash = (command: string) => ({
  text: "I look.",
  toolCalls: [{ name: "bash", arguments: { command, description: "Looks" } }],
  usage: { input: 100, output: 10 },
});
const answer = (text: string) => ({ text, usage: { input: 120, output: 5 } });

const scenario = scenarioSchema.parse({
  name: "warm",
  description: "Several runs, one after the other and side by side.",
  prompts: ["plain"],
  lanes: [
    lane("plain", 3, answer("Done.")),
    lane("where", 1, bash('echo "$PWD $SIGN" > where.txt; sleep 0.3'), answer("There.")),
    lane("here", 1, bash('echo "$PWD $SIGN" > where.txt; sleep 0.3'), answer("Here.")),
    lane("forever", 1, bash("echo begun > begun.txt; sleep 300"), answer("Never.")),
  ],
});

interface Printed {
  readonly sessionId: string;
  readonly text: string;
  readonly server: { readonly warm: boolean; readonly why: string | null } | null;
  readonly traces: readonly { readonly loop: { readonly sessionId: string; readonly steps: readonly unknown[] } }[];
}

test("a run leaves opencode for those after it, each of which is as if it were alone", async ({ expect }) => {
  await using bench = await isolatedOpenCode(scenario);
  const env = { ...cliEnvironment(bench), LOOPTRACE_WARM: "10m", SIGN: "one" };
  const other = join(bench.workdir, "other");
  await mkdir(other);
  const servers = join(bench.home, ".local/share/looptrace/servers");
  const ids = (): readonly string[] => readdirSync(servers).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const start = (prompt: string, cwd = bench.workdir, ...flags: readonly string[]) =>
    startLooptrace(["run", "--json", ...flags, prompt], { env, cwd });

  const first = await start("plain").ended;
  expect([first.code, first.stderr]).toEqual([
    0,
    expect.stringContaining("opencode stays for 10m00s without use (some 600 MB of memory)"),
  ]);
  expect(first.stderr).toMatch(/^starting opencode\nstarted in /);
  expect(JSON.parse(first.stdout)).toMatchObject({ server: { warm: false, why: "the first" } });
  const [id = ""] = ids();
  const record = JSON.parse(readFileSync(join(servers, id, "server.json"), "utf8"));
  expect(record).toMatchObject({ why: "the first", version: "1.18.33", generation: 1 });

  // Two at once, in two directories.
  const both = await Promise.all([start("where").ended, start("here", other).ended]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.map(({ stderr }) => stderr).join("")).not.toContain("opencode stays");
  for (const { stderr } of both) expect(stderr).toMatch(/^using the opencode that an earlier run left\nready in /);
  expect(ids()).toEqual([id]);
  const [inFirst, inOther] = both.map(({ stdout }): Printed => JSON.parse(stdout));
  expect([inFirst?.server, inOther?.server]).toEqual(Array(2).fill({ warm: true, why: null }));
  expect([inFirst?.text, inOther?.text]).toEqual(["There.", "Here."]);
  for (const printed of [inFirst, inOther]) {
    expect(printed?.traces.map(({ loop }) => [loop.sessionId, loop.steps.length])).toEqual([[printed?.sessionId, 2]]);
  }
  expect(await readFile(join(bench.workdir, "where.txt"), "utf8")).toBe(`${bench.workdir} one\n`);
  expect(await readFile(join(other, "where.txt"), "utf8")).toBe(`${other} one\n`);
  // What is kept of each is its own: the log, and what was recorded of its requests.
  const kept = join(bench.home, ".local/share/looptrace/sessions");
  const filesOf = (session = "") => readdirSync(kept).filter((name) => name.startsWith(session));
  for (const [own, foreign] of [
    [inFirst?.sessionId, inOther?.sessionId],
    [inOther?.sessionId, inFirst?.sessionId],
  ]) {
    expect(filesOf(own).length).toBeGreaterThan(2);
    for (const name of filesOf(own)) expect(readFileSync(join(kept, name), "latin1")).not.toContain(foreign);
  }

  // One that is to be cold has nothing to do with it.
  const alone = await start("plain", bench.workdir, "--cold", "-v").ended;
  expect([alone.code, alone.stderr]).toEqual([
    0,
    expect.stringContaining("looptrace: opencode was started: none is to stay: --cold or warm 0 says so.\n"),
  ]);
  expect(readFileSync(join(servers, id, "uses"), "utf8")).toHaveLength(3);

  // Nor is it at fault for what there is not: a new one is asked where its list may be of before.
  for (const [flag, value, refusal, reason] of [
    ["--session", "ses_nope", 'knows no session "ses_nope"', undefined],
    ["--model", "scripted/nope", "opencode lists no model scripted/nope", "lists no such model"],
    ["--agent", "nope", 'opencode has no agent "nope"', "lists no such agent"],
  ] as const) {
    const mistyped = await start("plain", bench.workdir, "-v", flag, value).ended;
    expect([mistyped.code, mistyped.stderr]).toEqual([2, expect.stringContaining(refusal)]);
    const why = `the one that an earlier run left ${reason}`;
    const told = reason === undefined ? [] : [`starting opencode: ${why}`, `looptrace: opencode was started: ${why}.`];
    expect(mistyped.stderr.match(/^.*opencode(?: was started)?: the one that .*$/gm) ?? []).toEqual(told);
    expect(ids()).toEqual([id]);
    expect([existsSync(join(servers, id, "server.json")), existsSync(join(servers, "ends"))]).toEqual([true, false]);
  }

  // A run that is killed takes the server along, and all that its turn has started.
  const killed = start("forever");
  await expect.poll(() => existsSync(join(bench.workdir, "begun.txt"))).toBe(true);
  killed.child.kill("SIGKILL");
  await killed.ended;
  await eventually(() => expect(ids()).toEqual([]));
  const left = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(record.runId));
  expect(left).toEqual([]);
  expect(readFileSync(join(servers, "ends"), "utf8")).toMatch(/ a run was killed\n$/);
});

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
