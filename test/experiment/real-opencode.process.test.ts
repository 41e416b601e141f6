import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { taskResultSchema } from "../../src/batch/task-result.js";
import { cliEnvironment, looptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { experimentJson } from "../support/json-shapes.js";
import { madeScenario, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";

allowColdStarts();

test("two arms with the real opencode: one keeps to its instructions, and all that tells them apart is measured", async () => {
  const write = { name: "bash", arguments: { command: "echo 42 > answer.txt", description: "Writes it" } };
  const look = { name: "bash", arguments: { command: "cat AGENTS.md", description: "Looks" } };
  const done = { delayMs: 10, text: "Done.", usage };
  const slow = { delayMs: 10, toolCalls: [look], usage };
  const scenario = madeScenario([], {
    models: [{ id: "m1" }, { id: "m2" }],
    lanes: [
      // Each works on two cases, one after the other.
      { name: "base", model: "m1", match: "the answer", replies: [slow, slow, done, slow, slow, done] },
      {
        name: "new",
        model: "m2",
        match: "the answer",
        replies: [1, 2].flatMap(() => [{ ...slow, toolCalls: [write] }, done]),
      },
    ],
  });
  const bench = await isolatedOpenCode(scenario);
  onTestFinished(() => bench.remove());
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const git = (...args: readonly string[]) =>
    execa("git", ["-c", "user.name=E", "-c", "user.email=e@example.com", ...args], { cwd: bench.workdir });
  await git("init", "--quiet");
  for (const rules of ["Write it at once.", "Think twice."]) {
    await writeFile(join(bench.workdir, "AGENTS.md"), rules);
    await git("add", ".");
    await git("commit", "--quiet", `--message=${rules}`);
  }
  const cases = ["one", "two"].map((id) =>
    JSON.stringify({ id, prompt: `Write the answer ${id}.`, expectedOutput: 42 }),
  );
  await writeFile(join(bench.workdir, "cases.jsonl"), cases.join("\n"));
  await writeFile(join(bench.workdir, "draft.txt"), "In no commit.");

  const flags = [
    "--arm",
    "base:model=scripted/m1",
    "--arm",
    "new:model=scripted/m2,instructions=HEAD~1",
    "--runs",
    "1",
  ];
  const verify = ["--verify", "cat AGENTS.md && test -f answer.txt", "-n", "1", "--json"];
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const { code, stdout, stderr } = await looptrace(["experiment", "cases.jsonl", ...flags, ...verify], around);
  expect(stderr).toContain("1 file that is not committed");
  const result = experimentJson.parse(JSON.parse(stdout));
  expect(result.arms).toMatchObject([
    { name: "base", counted: 2, void: {}, values: { pass: 0, steps: 3 } },
    { name: "new", counted: 2, void: {}, values: { pass: 1, steps: 2 } },
  ]);
  expect(result.comparisons[0]?.comparisons.find(({ measure }) => measure === "steps")).toMatchObject({
    ...{ verdict: "too-few", cases: 2, signTest: { above: 0, below: 2 }, missing: { cases: 4, runs: null } },
    change: expect.closeTo(-1 / 3, 6),
  });
  expect(code).toBe(0);

  const lines = (await readFile(join(bench.workdir, "cases.experiment.jsonl"), "utf8")).trim().split("\n");
  const results = lines.map((line) => taskResultSchema.parse(JSON.parse(line)));
  for (const { id, verify: verified, figures } of results) {
    expect(verified?.output).toBe(id.includes("new") ? "Write it at once." : "Think twice.");
    expect(figures).toMatchObject({ toolCalls: id.includes("new") ? 1 : 2, firstCall: { cacheRead: 0 } });
  }
  // What opencode did is in no directory but its own, and that is gone.
  expect((await readdir(bench.workdir)).includes("answer.txt")).toBe(false);
  expect((await git("worktree", "list")).stdout.split("\n")).toHaveLength(1);

  // Each trace is an item of its arm's experiment, on each of its spans, once.
  const items = new Map<string, Set<string>>();
  for (const { traceId, attributes } of receiver.spans()) {
    const of = (name: string): string => `${attributes[`langfuse.experiment.${name}`]}`;
    const item = [of("name"), of("item.id"), of("item.expected_output"), of("metadata")].join(" ");
    items.set(traceId, (items.get(traceId) ?? new Set()).add(item));
    const root = receiver.spans().find((span) => span.traceId === traceId && span.name === "opencode.loop");
    expect(of("item.root_observation_id")).toBe(root?.spanId);
    expect(of("id")).toMatch(/^[0-9a-f]{16}$/);
  }
  expect([...items.values()].flatMap((all) => [...all]).sort()).toEqual(
    ["base one", "base two", "new one", "new two"].map((name) => {
      const [arm = ""] = name.split(" ");
      return `cases ${name} 42 ${JSON.stringify({ experiment: "cases", arm, repeat: 1 })}`;
    }),
  );
  expect(violationsOf(receiver)).toEqual([]);
});
