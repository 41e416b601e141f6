import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { taskResultSchema } from "../../src/batch/task-result.js";
import { looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { type Answer, type ApiQuestion, startReceiver } from "../support/receiver.js";
import { onTestFinished, sideBySide } from "../support/side-by-side.js";
import { talkingOpenCode } from "../support/talking-opencode.js";

allowColdStarts();
sideBySide();

/** What Langfuse's `POST /dataset-run-items` takes. */
const runItemBody = z
  .strictObject({
    runName: z.string(),
    runDescription: z.string().nullish(),
    metadata: z.json().nullish(),
    datasetItemId: z.string(),
    observationId: z.string().nullish(),
    traceId: z.string().nullish(),
    datasetVersion: z.string().nullish(),
    createdAt: z.string().nullish(),
  })
  .refine((body) => body.observationId || body.traceId);

const TIMES = { createdAt: "2026-11-01T00:00:00.000Z", updatedAt: "2026-11-01T00:00:00.000Z" };

function json(value: unknown, status = 200): Answer {
  return { kind: "status", status, body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

/** An item as Langfuse gives it. */
function item(id: string, input: unknown, more: object = {}) {
  return {
    ...{ datasetName: "bugs", id, status: "ACTIVE", input, expectedOutput: null, metadata: null, sourceTraceId: null },
    ...{ sourceObservationId: null, datasetId: "ds-1", ...TIMES, mediaReferences: [], ...more },
  };
}

/** A Langfuse with one dataset, a page of which holds two items. */
function langfuse(items: readonly unknown[], runItems: z.output<typeof runItemBody>[] = []) {
  return ({ method, path, query, json: body }: ApiQuestion): Answer | undefined => {
    if (method === "GET" && path === "/api/public/v2/datasets/bugs")
      return json({ id: "ds-1", projectId: "p", name: "bugs", description: null, metadata: null, ...TIMES });
    if (method === "GET" && path === "/api/public/dataset-items") {
      const at = Number(query.get("page"));
      const meta = { page: at, limit: 2, totalItems: items.length, totalPages: Math.ceil(items.length / 2) };
      return query.get("datasetName") === "bugs" ? json({ data: items.slice(2 * at - 2, 2 * at), meta }) : undefined;
    }
    if (method === "POST" && path === "/api/public/dataset-run-items") {
      const run = runItemBody.parse(body);
      runItems.push(run);
      const { runName, datasetItemId, traceId } = run;
      const datasetRunId = `run-of-${runName}`;
      return json({
        id: "x",
        datasetRunId,
        datasetRunName: runName,
        datasetItemId,
        traceId,
        observationId: null,
        ...TIMES,
      });
    }
    return undefined;
  };
}

async function inRepository(url: string) {
  const opencode = await talkingOpenCode();
  const git = (...args: readonly string[]) =>
    execa("git", ["-c", "user.name=E", "-c", "user.email=e@example.com", ...args], { cwd: opencode.cwd });
  await git("init", "--quiet");
  await writeFile(join(opencode.cwd, "a"), "");
  await git("add", ".");
  await git("commit", "--quiet", "--message=Begin");
  const keys = { LANGFUSE_PUBLIC_KEY: PUBLIC_KEY, LANGFUSE_SECRET_KEY: SECRET_KEY, LANGFUSE_BASE_URL: url };
  return { opencode, around: { cwd: opencode.cwd, env: { ...opencode.env, ...keys } } };
}

const ARMS = ["--arm", "base:model=scripted/m1", "--arm", "new:model=scripted/m2"];

describe.concurrent("the cases of a dataset in Langfuse", () => {
  test("are run by each arm, and each run is an item of its arm's run of the dataset", async () => {
    const runItems: z.output<typeof runItemBody>[] = [];
    const receiver = await startReceiver({
      api: langfuse(
        [
          item("i3", [
            { role: "system", content: "Be short" },
            { role: "user", content: [{ type: "text", text: "Third" }] },
          ]),
          item("i2", { prompt: "Second", verify: "touch planted" }),
          item("gone", "Archived", { status: "ARCHIVED" }),
          item("i1", "First", { expectedOutput: { answer: 42 } }),
        ],
        runItems,
      ),
    });
    onTestFinished(() => receiver.close());
    const { opencode, around } = await inRepository(receiver.url);
    const flags = ["experiment", "--dataset", "bugs", ...ARMS, "--runs", "2", "--json"];
    const { code, stdout, stderr } = await looptrace(flags, around);
    expect(JSON.parse(stdout), stderr).toMatchObject({ name: "bugs", cases: 3, runs: 2, batch: { done: 12 } });
    expect(code).toBe(0);
    expect([...new Set(await opencode.runs())].sort()).toEqual(["First", "Second", "Third"]);

    const lines = (await readFile(join(opencode.cwd, "bugs.experiment.jsonl"), "utf8")).trim().split("\n");
    const results = lines.map((line) => taskResultSchema.parse(JSON.parse(line)));
    const expected = results.map(({ id, traceIds }) => {
      const [, itemId, arm, run] = /^(.+)\/(.+)\/(.+)$/.exec(id) ?? [];
      return [`bugs ${arm}${run === "1" ? "" : ` #${run}`}`, itemId, traceIds[0]].join(" | ");
    });
    expect(runItems.map((one) => [one.runName, one.datasetItemId, one.traceId].join(" | ")).sort()).toEqual(
      expected.sort(),
    );
    // Each span says so itself, and that is what counts in Langfuse 4.
    const spans = receiver.spans();
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(12);
    for (const { traceId, attributes } of spans) {
      const one = runItems.find((run) => run.traceId === traceId);
      expect(attributes).toMatchObject({
        "langfuse.experiment.id": `run-of-${one?.runName}`,
        "langfuse.experiment.name": one?.runName,
        "langfuse.experiment.dataset.id": "ds-1",
        "langfuse.experiment.item.id": one?.datasetItemId,
        ...(one?.datasetItemId === "i1" ? { "langfuse.experiment.item.expected_output": '{"answer":42}' } : {}),
      });
    }
    // What an item says beside its prompt decides nothing of what is run here.
    expect(results.every(({ verify }) => verify === null)).toBe(true);
  });

  test("an item without a prompt, no items, no such dataset, no Langfuse: nothing is started", async () => {
    const receiver = await startReceiver({ api: langfuse([item("i1", { question: "?" })]) });
    onTestFinished(() => receiver.close());
    const { opencode, around } = await inRepository(receiver.url);
    const call = (name: string, env = around.env) =>
      looptrace(["experiment", "--dataset", name, ...ARMS], { ...around, env });
    const without = await call("bugs");
    expect(without).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('The item "i1" of the dataset "bugs" has no prompt'),
    });
    receiver.behave({ api: langfuse([]) });
    expect((await call("bugs")).stderr).toContain('The dataset "bugs" has no items.');
    receiver.behave({ api: () => json({ message: "Dataset not found" }, 404) });
    expect(await call("nope")).toMatchObject({ code: 2, stderr: expect.stringContaining("Dataset not found") });
    expect((await call("bugs", opencode.env as typeof around.env)).stderr).toContain("No Langfuse is configured");
    expect(await opencode.runs()).toEqual([]);
  });

  test("a run that could not be told to Langfuse has its trace all the same, and a note", async () => {
    const told = langfuse([item("i1", "First")]);
    const receiver = await startReceiver({
      api: (question) => (question.path.endsWith("/dataset-run-items") ? json({ message: "no" }, 400) : told(question)),
    });
    onTestFinished(() => receiver.close());
    const { opencode, around } = await inRepository(receiver.url);
    await looptrace(["experiment", "--dataset", "bugs", ...ARMS, "--runs", "1"], around);
    const [line = ""] = (await readFile(join(opencode.cwd, "bugs.experiment.jsonl"), "utf8")).split("\n");
    const { notes, delivery } = taskResultSchema.parse(JSON.parse(line));
    expect(notes.join("\n")).toMatch(/The trace is no part of the dataset's run "bugs (?:base|new)"/);
    expect(delivery).toMatchObject([{ acknowledged: 3, pending: 0 }]);
  });
});
