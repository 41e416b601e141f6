import { existsSync } from "node:fs";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { parseTasks } from "../../src/batch/parse-tasks.js";
import { type TaskRunner, taskRunner } from "../../src/batch/run-task.js";
import type { Task } from "../../src/batch/task.js";
import { isResultDelivered, taskResultSchema } from "../../src/batch/task-result.js";
import { OpenCodeNotFoundError } from "../../src/errors/opencode-not-found-error.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { storePaths } from "../../src/files/store-paths.js";
import { loadStored } from "../../src/sessions/load-stored.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { langfuseAt } from "../support/destinations.js";
import { patiently } from "../support/patience.js";
import { startReceiver } from "../support/receiver.js";
import { onTestFinished, sideBySide } from "../support/side-by-side.js";
import { apiError, type Directions, type TalkingOpenCode, talkingOpenCode } from "../support/talking-opencode.js";

allowColdStarts();
sideBySide();

function task(request: object): Task {
  const [only] = parseTasks(JSON.stringify(request), "tasks.jsonl");
  return only ?? expect.unreachable();
}

function runnerOf(opencode: TalkingOpenCode, more: Parameters<typeof taskRunner>[0] = {}): TaskRunner {
  const { env: environment, path, cwd } = opencode;
  return taskRunner({
    ...more,
    cwd,
    defaults: { opencode: path, environment, directory: cwd, masking: false, ...more.defaults },
  });
}

/** Sends to a Langfuse at the address, from the store of the tasks. */
function exporterTo({ env }: TalkingOpenCode, url: string): TraceExporter {
  // A delivery waits as long as one request may take: on a busy machine the usual 10 s are not enough for several.
  const destination = { ...langfuseAt(url), timeoutMs: patiently(15_000) };
  return new TraceExporter({ destinations: [destination], paths: storePaths(env), masking: false });
}

describe.concurrent("a task", () => {
  test("a task that is answered: its result can be written down and read back, its trace is delivered", async () => {
    const opencode = await talkingOpenCode();
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    await mkdir(join(opencode.cwd, "below"));
    const run = runnerOf(opencode, {
      exporter: exporterTo(opencode, receiver.url),
      trace: { tags: ["all"], metadata: { a: 1, b: 2 }, userId: "everybody" },
    });
    const request = {
      id: "one",
      prompt: "Hello",
      model: "p/m",
      directory: "below",
      tags: ["own", "all"],
      metadata: { b: 3 },
      userId: "me",
    };
    const { result, interrupted } = await run(task(request));
    expect(interrupted).toBe(false);
    expect(result).toMatchObject({
      id: "one",
      line: 1,
      status: "done",
      error: null,
      text: "Answer to Hello",
      output: "Answer to Hello",
      sessionId: expect.stringMatching(/^ses_/),
      attempts: [{ model: "p/m", error: null }],
      totals: { calls: 1, usage: { input: 100, output: 10 }, cost: 0.001 },
      traceIds: [expect.stringMatching(/^[0-9a-f]{32}$/)],
      delivery: [{ acknowledged: 3, pending: 0, rejected: 0 }],
      kept: true,
    });
    expect(result.endedAt).toBeGreaterThanOrEqual(result.startedAt);
    expect(isResultDelivered(result)).toBe(true);
    expect(taskResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    const attributes = receiver.spans().map((span) => span.attributes);
    expect(JSON.stringify(attributes)).toContain('"me"');
    for (const text of ["own", "all", "one"]) expect(JSON.stringify(attributes)).toContain(text);
  });

  test("a turn that fails is a result, with its error and its trace", async () => {
    const opencode = await talkingOpenCode();
    const { result, interrupted } = await runnerOf(opencode)(
      task({ prompt: JSON.stringify({ error: apiError(401, "Bad key") }) }),
    );
    expect(interrupted).toBe(false);
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "authentication_failed" },
      attempts: [{ error: { code: "authentication_failed" } }],
      traceIds: [expect.any(String)],
      delivery: [],
    });
    expect(taskResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  test.each([
    [{ prompt: "x", model: "no-slash" }, "is not of the form provider/model"],
    [{ prompt: "x", directory: "not-there" }, "does not exist"],
    [{ prompt: "x", files: ["not-there.txt"] }, "does not exist"],
    [{ prompt: "x", session: "nonsense" }, "knows no session"],
    [{ prompt: "x", fork: true }, "needs the session to copy"],
  ])("%j is a failed task, not the end of all", async (request, message) => {
    const opencode = await talkingOpenCode();
    const { result } = await runnerOf(opencode)(task(request));
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "invalid_request", message: expect.stringContaining(message), reason: "start" },
      attempts: [],
    });
    expect(isResultDelivered(result)).toBe(true);
    expect(await opencode.runs()).toEqual([]);
  });

  test("a verify command says whether what the turn left is well done; one of a task's own comes first", async () => {
    const opencode = await talkingOpenCode();
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const exporter = exporterTo(opencode, receiver.url);
    const run = runnerOf(opencode, { exporter, verify: { command: "cat >&2; exit 4" } });
    const { result } = await run(task({ id: "one", prompt: "Hello", expectedOutput: { a: 1 } }));
    expect(result).toMatchObject({ status: "done", verify: { passed: false, exitCode: 4 } });
    expect(JSON.parse(result.verify?.output ?? "")).toEqual({
      ...{ id: "one", prompt: "Hello", expectedOutput: { a: 1 }, text: "Answer to Hello", output: "Answer to Hello" },
      ...{ error: null, sessionId: result.sessionId },
    });
    expect(taskResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    const own = await run(task({ prompt: "x", verify: "pwd -P", directory: "." }));
    expect(own.result.verify).toMatchObject({ passed: true, output: `${opencode.cwd}\n` });
    const failing = JSON.stringify({ error: apiError(401, "Bad key") });
    expect((await run(task({ prompt: failing }))).result.verify).toMatchObject({ exitCode: 4 });
    const scores = receiver.scores().filter(({ name }) => name === "verify");
    expect(scores.map(({ traceId, value }) => [traceId, value])).toMatchObject([
      [result.traceIds[0], 0],
      [own.result.traceIds[0], 1],
      [expect.any(String), 0],
    ]);
    expect(scores[0]?.comment).toMatch(/^exit 4 after [\d.]+m?s\n\{"id":"one",/);
    // No turn came about, so nothing was left.
    expect((await run(task({ prompt: "x", model: "no-slash" }))).result.verify).toBeNull();
  });

  test("a verify command that is ended from outside leaves the task to be done again", async ({ expect }) => {
    const opencode = await talkingOpenCode();
    const ending = new AbortController();
    const running = runnerOf(opencode)(task({ prompt: "x", verify: "touch begun; sleep 60" }), {
      signal: ending.signal,
    });
    await expect
      .poll(() =>
        access(join(opencode.cwd, "begun")).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    ending.abort();
    expect(await running).toMatchObject({ interrupted: true, result: { error: null, verify: { passed: false } } });
  });

  test("so does an end after the turn and before its verify command: nothing says how well it is done", async ({
    expect,
  }) => {
    const opencode = await talkingOpenCode();
    const [path, exporting, goOn] = ["slow", "exporting", "go-on"].map((name) => join(opencode.cwd, name));
    const lines = [
      "#!/bin/sh",
      `[ "$1" = export ] && touch '${exporting}' && until [ -e '${goOn}' ]; do sleep 0.02; done`,
      `exec '${opencode.path}' "$@"`,
    ];
    await writeFile(path ?? "", lines.join("\n"), { mode: 0o755 });
    const ending = new AbortController();
    const hooks = { signal: ending.signal };
    const running = runnerOf(opencode, { defaults: { opencode: path } })(task({ prompt: "x", verify: "true" }), hooks);
    await expect.poll(() => existsSync(exporting ?? "")).toBe(true);
    ending.abort();
    await writeFile(goOn ?? "", "");
    expect(await running).toMatchObject({ interrupted: true, result: { status: "done", verify: null } });
  });

  test("a task with a worktree works in one, and so does its verify command; then it is gone", async () => {
    const opencode = await talkingOpenCode();
    const git = (...args: string[]) =>
      execa("git", ["-c", "user.name=E", "-c", "user.email=e@example.com", ...args], { cwd: opencode.cwd });
    await git("init", "--quiet");
    await git("commit", "--quiet", "--allow-empty", "--message=Begin");
    const run = runnerOf(opencode);
    const { result } = await run(
      task({ prompt: "x", worktree: true, verify: "git rev-parse HEAD && pwd -P && touch x" }),
    );
    const { stdout: commit } = await git("rev-parse", "HEAD");
    const [stood, directory = ""] = result.verify?.output.split("\n") ?? [];
    expect(stood).toBe(commit);
    expect(directory).toMatch(/worktrees/);
    await expect(access(directory)).rejects.toThrow("ENOENT");
    await git("checkout", "--quiet", "-b", "fix");
    const here = await run(task({ prompt: "x", tags: ["nightly"] }));
    const kept = await loadStored(storePaths(opencode.env), here.result.sessionId ?? "");
    expect(kept?.found.runs).toMatchObject([{ tags: ["nightly"], git: { branch: "fix", commit, pullRequest: null } }]);
    const wrong = await run(task({ prompt: "x", worktree: "nope" }));
    expect(wrong.result).toMatchObject({ status: "failed", error: { code: "invalid_request", reason: "start" } });
    expect((await run(task({ prompt: "x", instructions: "HEAD" }))).result.error?.message).toContain("need a worktree");
  });

  test("without opencode nothing can be done", async () => {
    const opencode = await talkingOpenCode();
    const run = runnerOf(opencode, { defaults: { opencode: join(opencode.cwd, "opencode") } });
    await expect(run(task({ prompt: "x" }))).rejects.toBeInstanceOf(OpenCodeNotFoundError);
  });

  test("a task that is ended by its signal is to be done again, and is traced as far as it came", async () => {
    const opencode = await talkingOpenCode();
    const ending = new AbortController();
    const running = runnerOf(opencode)(task({ prompt: JSON.stringify({ waitMs: 60_000 }) }), {
      signal: ending.signal,
      onProgress: ({ sessionId }) => {
        if (sessionId !== null) ending.abort();
      },
    });
    const { result, interrupted } = await running;
    expect(interrupted).toBe(true);
    expect(result).toMatchObject({
      status: "failed",
      error: { code: "aborted" },
      traceIds: [expect.any(String)],
    });
    const never = await runnerOf(opencode)(task({ prompt: "x" }), { signal: AbortSignal.abort() });
    expect(never).toMatchObject({ interrupted: true, result: { error: { code: "aborted" }, traceIds: [] } });
  });

  test("the first starts are made one after the other, until one has made a session", async () => {
    const opencode = await talkingOpenCode();
    const run = runnerOf(opencode);
    const tasks = (directions: Directions): Task[] =>
      ["a", "b", "c"].map((name) => task({ prompt: JSON.stringify({ name, ...directions }) }));
    // So long that those that came too early would find it at work.
    const mute = await Promise.all(tasks({ silent: true, waitMs: 700 }).map((one) => run(one)));
    expect(mute.map(({ result }) => result.sessionId)).toEqual([null, null, null]);
    expect(await opencode.mostAtOnce()).toBe(1);
    const talking = await Promise.all(tasks({ untilBegun: 6 }).map((one) => run(one)));
    expect(talking.map(({ result }) => result.status)).toEqual(["done", "done", "done"]);
    expect(await opencode.mostAtOnce()).toBe(3);
  });

  test("a destination that is down keeps one task waiting, not each; what is for it waits in the outbox", async () => {
    const opencode = await talkingOpenCode();
    const receiver = await startReceiver();
    const url = receiver.url;
    await receiver.close();
    const run = runnerOf(opencode, { exporter: exporterTo(opencode, url), trace: { scores: false } });
    const first = await run(task({ prompt: "one" }));
    expect(first.result.delivery).toMatchObject([
      { acknowledged: 0, pending: 3, unsaved: 0, lastError: expect.any(String) },
    ]);
    expect(isResultDelivered(first.result)).toBe(false);
    const second = await run(task({ prompt: "two" }));
    // Nothing was sent, so nothing could go wrong.
    expect(second.result.delivery).toMatchObject([{ pending: 3, lastError: null }]);
  });
});
