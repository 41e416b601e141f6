import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { type TaskResult, taskResultSchema } from "../../src/batch/task-result.js";
import { type CliResult, looptrace, startLooptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { experimentJson } from "../support/json-shapes.js";
import { sideBySide } from "../support/side-by-side.js";
import { apiError, type Directions, type TalkingOpenCode, talkingOpenCode } from "../support/talking-opencode.js";

allowColdStarts();
sideBySide();

const ARMS = ["--arm", "base:model=scripted/m1", "--arm", "new:model=scripted/m2"];

async function git({ cwd }: TalkingOpenCode, ...args: readonly string[]): Promise<string> {
  const who = ["-c", "user.name=Example", "-c", "user.email=example@example.com"];
  return (await execa("git", [...who, ...args], { cwd })).stdout;
}

/** In a repository with a commit, and cases that are not committed. */
async function withCases(...cases: readonly Directions[]): Promise<TalkingOpenCode> {
  const opencode = await talkingOpenCode();
  await git(opencode, "init", "--quiet");
  await writeFile(join(opencode.cwd, "AGENTS.md"), "Be quick.\n");
  await git(opencode, "add", ".");
  await git(opencode, "commit", "--quiet", "--message=Begin");
  const lines = cases.map((one, index) => JSON.stringify({ id: `c${index + 1}`, prompt: JSON.stringify(one) }));
  await writeFile(join(opencode.cwd, "cases.jsonl"), lines.join("\n"));
  return opencode;
}

function call(opencode: TalkingOpenCode, ...flags: readonly string[]): Promise<CliResult> {
  return looptrace(["experiment", "cases.jsonl", ...flags], opencode);
}

async function resultsIn(opencode: TalkingOpenCode): Promise<readonly TaskResult[]> {
  const text = await readFile(join(opencode.cwd, "cases.experiment.jsonl"), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => taskResultSchema.parse(JSON.parse(line)));
}

describe.concurrent("an experiment", () => {
  test("each case by each arm, each run in a worktree of its own; what is too few is said, not guessed", async () => {
    const opencode = await withCases({ name: "One" }, { name: "Two" });
    await writeFile(join(opencode.cwd, "notes.md"), "Not committed.\n");
    const verify = 'case "$(cat)" in *One*) pwd -P;; *) exit 1;; esac';
    const flags = [...ARMS, "--runs", "1", "--verify", verify, "--markdown", "out/result.md", "--junit", "out/x.xml"];
    const { code, stdout, stderr } = await call(opencode, ...flags);
    expect(stderr).toContain("has 1 file that is not committed");
    expect(stdout).toContain("2 cases × 1 run × 2 arms; a difference of 15 % is looked for");
    expect(stdout).toMatch(/^pass +50 % +50 % +\+0 pts .* too few/m);
    expect(stdout).toMatch(/^tool p90 +– +– +– .* unknown/m);
    expect(stdout).toMatch(/^measures +pass, cost, tokens, steps, time: too few for a verdict: 4 more cases/m);
    expect(code).toBe(0);
    const results = await resultsIn(opencode);
    expect(results.map(({ id }) => id).sort()).toEqual(["c1/base/1", "c1/new/1", "c2/base/1", "c2/new/1"]);
    const places = results.flatMap(({ verify: verified }) => (verified?.passed ? [verified.output] : []));
    expect(new Set(places).size).toBe(2);
    expect(await readFile(join(opencode.cwd, "out/result.md"), "utf8")).toContain("| cost | $0.00100 | $0.00100 |");
    expect(await readFile(join(opencode.cwd, "out/x.xml"), "utf8")).toContain('classname="looptrace.experiment.new"');
    // The cases, the results and what is written of them are no file that a run lacks.
    await rm(join(opencode.cwd, "notes.md"));
    await rm(join(opencode.cwd, "out"), { recursive: true });
    // Nothing is done twice, and the verdict is a matter of the exit code too.
    const again = await call(opencode, ...flags, "--json", "--fail-on", "undecided");
    expect(again.code).toBe(1);
    expect(again.stderr).not.toContain("not committed");
    expect(experimentJson.parse(JSON.parse(again.stdout))).toMatchObject({
      ...{ name: "cases", base: "base", seed: "cases", cases: 2, runs: 1 },
      arms: [
        { name: "base", counted: 2, missing: 0, values: { pass: 0.5, cost: 0.001, steps: 1 } },
        { name: "new", counted: 2, settings: { model: "scripted/m2" } },
      ],
      batch: { total: 4, skipped: 4, done: 0 },
    });
    expect(await opencode.runs()).toHaveLength(4);
    // What has changed since is not compared with what was.
    const changed = await call(opencode, ...flags.map((flag) => flag.replace("m2", "m3")));
    expect(changed).toMatchObject({ code: 2, stderr: expect.stringContaining("asked for something else (arms: new)") });
    expect(await opencode.runs()).toHaveLength(4);
  });

  test("a run that the provider failed tells nothing of its arm, and is done again", async () => {
    const opencode = await withCases({ errors: [apiError(401, "Bad key"), null] });
    const first = await call(opencode, ...ARMS, "--runs", "1", "-n", "1", "--keep-going");
    expect(first.code).toBe(1);
    expect(first.stdout.replace(/\s+/g, " ")).toMatch(
      /lacks runs: 1 authentication_failed; the same command does them/,
    );
    const second = await call(opencode, ...ARMS, "--runs", "1", "--json");
    expect(JSON.parse(second.stdout)).toMatchObject({
      arms: [
        { counted: 1, void: {} },
        { counted: 1, void: {} },
      ],
    });
    expect(second.code).toBe(0);
    expect(await opencode.runs()).toHaveLength(3);
  });

  // Six programs one after the other, each with a worktree.
  test("killed, it goes on where it ended, and takes away what the kill has left", async ({ expect }) => {
    const opencode = await talkingOpenCode();
    const go = join(opencode.env.HOME ?? "", "go");
    await git(opencode, "init", "--quiet");
    await git(opencode, "commit", "--quiet", "--allow-empty", "--message=Begin");
    const cases = [{ name: "quick" }, { name: "slow", until: go }].map((one) =>
      JSON.stringify({ prompt: JSON.stringify(one) }),
    );
    await writeFile(join(opencode.cwd, "cases.jsonl"), cases.join("\n"));
    const flags = [...ARMS, "--runs", "1", "-n", "4", "--json"];
    const { child, ended } = startLooptrace(["experiment", "cases.jsonl", ...flags], opencode);
    await expect
      .poll(() =>
        resultsIn(opencode).then(
          ({ length }) => length,
          () => 0,
        ),
      )
      .toBe(2);
    await expect.poll(() => opencode.runs().then(({ length }) => length)).toBe(4);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    const worktrees = join(opencode.env.LOOPTRACE_HOME ?? "", "worktrees");
    expect(await readdir(worktrees)).toHaveLength(2);
    await writeFile(go, "");
    const { code, stdout } = await call(opencode, ...flags);
    expect(JSON.parse(stdout)).toMatchObject({
      batch: { skipped: 2, done: 2 },
      arms: [{ counted: 2 }, { counted: 2 }],
    });
    expect(code).toBe(0);
    expect(new Set((await resultsIn(opencode)).map(({ id }) => id)).size).toBe(4);
    expect(await readdir(worktrees)).toEqual([]);
    expect((await git(opencode, "worktree", "list")).split("\n")).toHaveLength(1);
  });

  test.each([
    [["--arm", "base"], "compares two arms or more"],
    [["--arm", "base", "--arm", "new:modle=x"], 'arm new: there is no setting "modle"; did you mean "model"?'],
    [["--arm", "base", "--arm", "new:ref=nope"], 'there is no commit "nope"'],
    [["--arm", "base", "--arm", "new:opencode=9.9.9"], "there is no such version here; there is 1.18.33"],
    [["--arm", "base", "--arm", "new:system-file=no.md"], "no such file"],
    [[...ARMS, "--dataset", "bugs"], "Which cases is not said, or twice"],
    [[...ARMS, "--json", "--markdown", "-"], "Standard output holds one document"],
    [[...ARMS, "--measure", "costs"], "Did you mean cost?"],
    [[...ARMS, "--queue", "q"], "--queue is for --redis"],
  ])("%j is refused before anything is started", async (flags, message) => {
    const opencode = await withCases({ name: "One" });
    const { code, stderr } = await call(opencode, ...flags);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(await opencode.runs()).toEqual([]);
  });

  test("a directory without a repository is refused, and what to do is said; a case that goes on too", async () => {
    const opencode = await talkingOpenCode();
    await writeFile(join(opencode.cwd, "cases.jsonl"), '"Hello"');
    const outside = await call(opencode, ...ARMS);
    expect(outside).toMatchObject({ code: 2, stderr: expect.stringContaining("git init && git add -A && git commit") });
    await writeFile(join(opencode.cwd, "cases.jsonl"), '{"prompt":"x","session":"ses_1"}');
    expect((await call(opencode, ...ARMS)).stderr).toContain("line 1 goes on with a session");
  });
});
