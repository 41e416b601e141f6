import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { taskResultSchema } from "../../src/batch/task-result.js";
import { cliEnvironment, startLooptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { madeScenario, usage } from "../support/play-run.js";
import { startReceiver } from "../support/receiver.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

test("several turns of the real opencode at once: each task has its own answer, session, trace and figures", async () => {
  const names = ["one", "two", "three"];
  const scenario = madeScenario([], {
    prompts: names,
    lanes: [
      ...names.map((name) => ({
        name,
        match: `task ${name}`,
        replies: [
          {
            delayMs: 50,
            toolCalls: [{ name: "bash", arguments: { command: `echo ${name}`, description: "Says it" } }],
            usage,
          },
          { delayMs: 50, text: `Answer ${name}`, usage },
        ],
      })),
      {
        name: "refused",
        match: "task refused",
        replies: [
          {
            delayMs: 20,
            fault: { type: "status", status: 400, headers: {}, body: { error: { message: "Bad request" } } },
          },
        ],
      },
    ],
  });
  const bench = await warmOpenCode(scenario);
  onTestFinished(() => bench.remove());
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const tasks = [...names, "refused"].map((name) =>
    JSON.stringify({ id: name, prompt: `This is task ${name}.`, tags: [name] }),
  );
  await writeFile(join(bench.workdir, "tasks.jsonl"), tasks.join("\n"));
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };

  const { code, stdout, stderr } = await startLooptrace(["batch", "tasks.jsonl", "-n", "4", "--json"], around).ended;
  expect(JSON.parse(stdout)).toMatchObject({
    done: 3,
    failed: { invalid_request: 1 },
    sessions: 4,
    undelivered: 0,
  });
  expect(code).toBe(1);
  expect(stderr).not.toContain("Warning");
  const text = await readFile(join(bench.workdir, "tasks.results.jsonl"), "utf8");
  const results = text
    .split("\n")
    .filter(Boolean)
    .map((line) => taskResultSchema.parse(JSON.parse(line)));
  for (const name of names) {
    const result = results.find(({ id }) => id === name);
    expect(result).toMatchObject({
      status: "done",
      text: expect.stringContaining(`Answer ${name}`),
      totals: { steps: 2, calls: 2, tools: 1, toolFailures: 0 },
      traceIds: { length: 1 },
      notes: [],
    });
    const spans = receiver.spans().filter(({ traceId }) => traceId === result?.traceIds[0]);
    expect(spans.map((span) => span.name)).toContain("tool.bash");
    expect(spans).toHaveLength(result?.delivery[0]?.acknowledged ?? -1);
  }
  expect(new Set(results.map(({ sessionId }) => sessionId)).size).toBe(4);
  expect(violationsOf(receiver)).toEqual([]);
  // Nothing is left of them.
  expect(readdirSync(bench.tmpdir).filter((name) => name.startsWith("looptrace"))).toEqual([]);
});
