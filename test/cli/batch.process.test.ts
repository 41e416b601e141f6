import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TaskResult, taskResultSchema } from "../../src/batch/task-result.js";
import { type CliResult, langfuseVariables, looptrace, startLooptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { batchJson } from "../support/json-shapes.js";
import { longEnough, WARM_FIRST_S } from "../support/long-enough.js";
import { startReceiver } from "../support/receiver.js";
import { onTestFinished, sideBySide } from "../support/side-by-side.js";
import { apiError, type Directions, type TalkingOpenCode, talkingOpenCode } from "../support/talking-opencode.js";

allowColdStarts();
sideBySide();

function prompt(directions: Directions): string {
  return JSON.stringify(directions);
}

async function writeTasks(opencode: TalkingOpenCode, ...tasks: readonly unknown[]): Promise<void> {
  await writeFile(join(opencode.cwd, "tasks.jsonl"), tasks.map((task) => JSON.stringify(task)).join("\n"));
}

function call(opencode: TalkingOpenCode, ...flags: readonly string[]): Promise<CliResult> {
  return looptrace(["batch", "tasks.jsonl", ...flags], opencode);
}

async function resultsIn(opencode: TalkingOpenCode, name = "tasks.results.jsonl"): Promise<readonly TaskResult[]> {
  const text = await readFile(join(opencode.cwd, name), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => taskResultSchema.parse(JSON.parse(line)));
}

describe.concurrent("a batch", () => {
  // The longest one first.
  test("traces are delivered task by task, and what could not be is sent in the end", async () => {
    const opencode = await talkingOpenCode();
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    await writeTasks(opencode, { id: "a", prompt: "A" }, { id: "b", prompt: "B" }, { id: "c", prompt: "C" });
    const around = { cwd: opencode.cwd, env: { ...opencode.env, ...langfuseVariables(receiver.url) } };
    const { code, stdout } = await looptrace(["batch", "tasks.jsonl", "--json"], around);
    expect(JSON.parse(stdout)).toMatchObject({
      done: 3,
      undelivered: 0,
      delivery: [{ acknowledged: 9, pending: 0 }],
    });
    expect(code).toBe(0);
    expect(new Set(receiver.spans().map(({ traceId }) => traceId)).size).toBe(3);

    const url = receiver.url;
    await receiver.close();
    const down = { cwd: opencode.cwd, env: { ...around.env, LANGFUSE_BASE_URL: url, LANGFUSE_TIMEOUT: "10" } };
    const undelivered = await looptrace(["batch", "tasks.jsonl", "-o", "other.jsonl", "--no-scores"], down);
    expect(undelivered.code).toBe(3);
    expect(undelivered.stdout).toMatch(/traces .*: 0 spans delivered, 9 not yet/s);
    expect(undelivered.stderr).toContain("What was not delivered is kept in the outbox");
  });

  test("tasks are done, several at once, and their results stand beside them", async () => {
    const opencode = await talkingOpenCode();
    await mkdir(join(opencode.cwd, "below"));
    await writeTasks(
      opencode,
      // Three have to be at work at once for one of them to end, and then four begun for the others.
      { prompt: prompt({ name: "Hello", untilBegun: 3 }) },
      {
        id: "two",
        prompt: prompt({ name: "two", untilBegun: 4 }),
        model: "p/m",
        directory: "below",
        tags: ["x"],
      },
      { id: "three", prompt: prompt({ name: "three", untilBegun: 4 }) },
      { id: 4, prompt: prompt({ name: "four" }) },
    );
    const { code, stdout, stderr } = await call(opencode, "-n", "3", "--model", "q/n", "--json");
    expect(batchJson.parse(JSON.parse(stdout))).toMatchObject({
      total: 4,
      done: 4,
      failed: {},
      notDone: [],
      sessions: 4,
      undelivered: 0,
      delivery: [],
      results: join(opencode.cwd, "tasks.results.jsonl"),
    });
    expect(code).toBe(0);
    const results = await resultsIn(opencode);
    expect(results.map(({ text, status }) => [text, status]).toSorted()).toEqual([
      ["Answer to Hello", "done"],
      ["Answer to four", "done"],
      ["Answer to three", "done"],
      ["Answer to two", "done"],
    ]);
    expect(results.map(({ id }) => id.replace(/^task-[0-9a-f]{16}$/, "task")).toSorted()).toEqual([
      "4",
      "task",
      "three",
      "two",
    ]);
    expect(results.find(({ id }) => id === "two")?.attempts[0]?.model).toBe("p/m");
    expect(results.find(({ id }) => id === "three")?.attempts[0]?.model).toBe("q/n");
    expect(await opencode.mostAtOnce()).toBe(3);
    // A line for each where stderr is no terminal.
    const lines = stderr.split("\n").filter((line) => line.startsWith("["));
    expect(lines.map((line) => line.slice(0, 5))).toEqual(["[1/4]", "[2/4]", "[3/4]", "[4/4]"]);
    expect(stderr).toMatch(/\] completed two \(.*, 110 tokens, \$0\.00100\): Answer to two\n/);
  });

  test("the same command goes on with what has no result", async () => {
    const opencode = await talkingOpenCode();
    const broken = {
      id: "b",
      prompt: prompt({ name: "b", errors: [apiError(400, "No such parameter"), null] }),
    };
    await writeTasks(opencode, { id: "a", prompt: "A" }, broken);
    const first = await call(opencode, "-n", "1");
    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(/^done {5}1 of 2 tasks\nfailed {3}1 \(invalid_request 1\)\n/);
    expect(first.stderr).toContain("failed b: invalid_request: ");

    await writeTasks(opencode, { id: "a", prompt: "A" }, broken, { id: "c", prompt: "C" });
    const second = await call(opencode);
    expect(second.code).toBe(1);
    expect(second.stdout).toContain("done     2 of 3 tasks (1 of them before)\n");
    expect(second.stdout).toContain("failed   1 before; --retry-failed does them again\n");

    const third = await call(opencode, "--retry-failed", "--quiet");
    expect([third.code, third.stderr]).toEqual([0, ""]);
    expect(third.stdout).toContain("done     3 of 3 tasks (2 of them before)\n");
    expect((await opencode.runs()).filter((one) => one === "A")).toHaveLength(1);
    expect((await resultsIn(opencode)).map(({ id, status }) => [id, status])).toEqual([
      ["a", "done"],
      ["b", "failed"],
      ["c", "done"],
      ["b", "done"],
    ]);
  });

  test("a rate limit of one task holds back its provider, and the task is tried again", async () => {
    // The wait counts from the refusal on: where that is told late, it may be over.
    const { opencode, code, stderr } = await longEnough(
      async (seconds) => {
        const opencode = await talkingOpenCode();
        const limited = apiError(429, "Slow down", {
          isRetryable: true,
          responseHeaders: { "retry-after-ms": `${1_000 * seconds}` },
        });
        await writeTasks(
          opencode,
          { id: "a1", model: "a/m", prompt: prompt({ name: "a1", errors: [limited, null] }) },
          { id: "a2", model: "a/m", prompt: "a2" },
          { id: "b1", model: "b/m", prompt: "b1" },
        );
        return { opencode, ...(await call(opencode, "-n", "1")) };
      },
      (played) => played.stderr.includes("is left alone"),
      WARM_FIRST_S,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/a1: rate_limit: a is left alone for \S+; then it is tried again\n/);
    const results = await resultsIn(opencode);
    expect(results.map(({ id }) => id)).toEqual(["b1", "a1", "a2"]);
    expect(results[1]).toMatchObject({
      status: "done",
      attempts: [{ error: { code: "rate_limit" } }, { error: null }],
      traceIds: { length: 2 },
    });
  });

  test("a refused key ends its provider's tasks, a limit all; both are told", async () => {
    const opencode = await talkingOpenCode();
    const tasks = [
      { id: "a1", model: "a/m", prompt: prompt({ error: apiError(401, "Bad key") }) },
      { id: "a2", model: "a/m", prompt: "a2" },
      { id: "b1", model: "b/m", prompt: prompt({ cost: 2, name: "b1" }) },
      { id: "b2", model: "b/m", prompt: "b2" },
    ];
    await writeTasks(opencode, ...tasks);
    const { code, stdout, stderr } = await call(opencode, "-n", "1", "--max-cost", "1.5");
    expect(code).toBe(1);
    expect(stderr).toContain("authentication_failed: no more tasks of a are started");
    expect(stderr).toContain("--max-cost is reached: no more tasks are started; what runs comes to its end\n");
    expect(stdout).toContain("left     1 task not done: a refused: authentication_failed\n");
    expect(stdout).toContain("left     1 task not done: --max-cost is reached\n");
    const again = await call(opencode, "-n", "1", "--keep-going", "--retry-failed", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      done: 2,
      skipped: 1,
      failed: { authentication_failed: 1 },
    });
  });
});

describe.concurrent("what is wrong is said before anything starts", () => {
  test.each([
    [
      "a line that is none",
      ['{"promt":"x"}\n"fine"\n{'],
      [],
      'tasks.jsonl:1: there is no field "promt"; did you mean "prompt"?',
    ],
    ["the results in the tasks' file", ['"x"'], ["-o", "tasks.jsonl"], "is the file of the tasks"],
    ["a default model", ['"x"'], ["-m", "nonsense"], '--model: "nonsense" is not of the form'],
    ["a fallback", ['"x"'], ["--fallback-model", "no"], '--fallback-model: "no" is not of the form'],
    ["a directory", ['"x"'], ["-d", "not-there"], "--dir not-there: no such directory"],
    ["so many at once", ['"x"'], ["-n", "0"], "Give a whole number of 1 or more"],
    ["no text", [Buffer.from([0x22, 0xff, 0x22])], [], "is no text in UTF-8 or UTF-16"],
    ["results of something else", ['"x"'], ["-o", "opencode-notes.txt"], "is no result of a batch"],
    ["no schema", ['"x"'], ["--schema", "wrong.json"], "looptrace: --schema wrong.json is no JSON schema: "],
    [
      "a schema that nobody could be asked for",
      ['"x"'],
      ["--schema", "good.json", "--driver", "cli"],
      "looptrace: --schema needs the driver server, but --driver says cli: ",
    ],
  ])("%s", async (_, [content = ""], flags, message) => {
    const opencode = await talkingOpenCode();
    await writeFile(join(opencode.cwd, "tasks.jsonl"), content);
    await writeFile(join(opencode.cwd, "opencode-notes.txt"), "Notes");
    await writeFile(join(opencode.cwd, "wrong.json"), '{"type": "colour"}');
    await writeFile(join(opencode.cwd, "good.json"), "{}");
    const { code, stdout, stderr } = await call(opencode, ...flags);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(await opencode.runs()).toEqual([]);
    expect(await readFile(join(opencode.cwd, "opencode-notes.txt"), "utf8")).toBe("Notes");
  });

  test("standard input needs a file for the results; no file of tasks is none", async () => {
    const opencode = await talkingOpenCode();
    const around = { ...opencode, stdin: '"x"' };
    const nowhere = await looptrace(["batch", "-"], around);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("Say where they go with -o <file>")]);
    expect((await looptrace(["batch", "-", "-o", "r.jsonl"], around)).code).toBe(0);
    expect((await resultsIn(opencode, "r.jsonl")).map(({ text }) => text)).toEqual(["Answer to x"]);
    const absent = await looptrace(["batch", "absent.jsonl"], around);
    expect([absent.code, absent.stderr]).toEqual([2, expect.stringContaining("absent.jsonl: no such file")]);
  });

  test("without opencode the batch ends at once, with its advice", async () => {
    const opencode = await talkingOpenCode();
    await writeTasks(opencode, "x", "y", "z");
    const { code, stderr } = await call(opencode, "--opencode", "not-there");
    expect(code).toBe(2);
    expect(stderr).toContain("npm install -g opencode-ai");
    expect(await readdir(opencode.cwd)).toEqual(["tasks.jsonl", "tasks.results.jsonl"]);
  });
});

describe.concurrent("what ends looptrace itself", () => {
  /** At work until it is let go. */
  const slow = (name: string): object => ({ id: name, prompt: prompt({ name, until: `go-${name}` }) });
  const letGo = async (opencode: TalkingOpenCode, ...names: readonly string[]): Promise<void> => {
    for (const name of names) await writeFile(join(opencode.cwd, `go-${name}`), "");
  };
  const quick = (name: string): object => ({ id: name, prompt: prompt({ name }) });
  const started = async (opencode: TalkingOpenCode, runs: number): Promise<void> => {
    while ((await opencode.runs()).length < runs) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  test("Ctrl-C: what runs is ended, traced, and done again next time", async () => {
    const opencode = await talkingOpenCode();
    await writeTasks(opencode, quick("a"), slow("b"), slow("c"), quick("d"));
    const { child, ended } = startLooptrace(["batch", "tasks.jsonl", "-n", "1"], opencode);
    await started(opencode, 2);
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain("looptrace: stopping; what is done is recorded");
    expect(stdout).toContain("left     3 tasks not done: interrupted, or not started yet\n");
    expect((await resultsIn(opencode)).map(({ id }) => id)).toEqual(["a"]);
    expect(await readdir(join(opencode.env.LOOPTRACE_HOME ?? "", "sessions"))).not.toHaveLength(0);
    await letGo(opencode, "b", "c");
    const again = await call(opencode, "-n", "3");
    expect(again.code).toBe(0);
    expect((await resultsIn(opencode)).map(({ id }) => id).toSorted()).toEqual(["a", "b", "c", "d"]);
  });

  test("a second Ctrl-C quits at once; what was recorded stays, and the next start can write", async () => {
    const opencode = await talkingOpenCode();
    const stubborn = { id: "b", prompt: prompt({ name: "b", waitMs: 60_000, stubborn: true }) };
    await writeTasks(opencode, quick("a"), stubborn);
    const { child, ended } = startLooptrace(["batch", "tasks.jsonl", "-n", "1"], opencode);
    await started(opencode, 2);
    child.kill("SIGINT");
    const said = new Promise((resolve) => child.stderr?.on("data", (text) => /Once more/.test(text) && resolve(text)));
    await said;
    child.kill("SIGINT");
    expect((await ended).signal).toBe("SIGINT");
    await writeTasks(opencode, quick("a"), { id: "b", prompt: prompt({ name: "b" }) });
    const again = await call(opencode);
    expect([again.code, (await resultsIn(opencode)).map(({ id }) => id)]).toEqual([0, ["a", "b"]]);
  });

  test("kill -9: no recorded result is lost or done twice, and the next start does the rest", async () => {
    const opencode = await talkingOpenCode();
    const names = ["a", "b", "c", "d", "e", "f"];
    await writeTasks(opencode, ...names.map(slow));
    // The third one begins when this one is recorded.
    await letGo(opencode, "a");
    for (let runs = 3; runs <= 5; runs += 2) {
      const { child, ended } = startLooptrace(["batch", "tasks.jsonl", "-n", "2"], opencode);
      await started(opencode, runs);
      child.kill("SIGKILL");
      expect((await ended).signal).toBe("SIGKILL");
    }
    const recorded = (await resultsIn(opencode)).map(({ id }) => id);
    expect(recorded).toEqual(["a"]);
    await letGo(opencode, ...names);
    const before = (await opencode.runs()).length;
    const { code, stdout } = await call(opencode, "-n", "6");
    expect(code).toBe(0);
    expect(stdout).toContain(`done     6 of 6 tasks (${recorded.length} of them before)\n`);
    expect((await opencode.runs()).length - before).toBe(6 - recorded.length);
    expect((await resultsIn(opencode)).map(({ id }) => id).toSorted()).toEqual(names);
  });

  test("a second batch at the same results is refused while the first one works", async () => {
    const opencode = await talkingOpenCode();
    await writeTasks(opencode, slow("a"));
    const { ended } = startLooptrace(["batch", "tasks.jsonl"], opencode);
    await started(opencode, 1);
    const second = await call(opencode);
    expect([second.code, second.stderr]).toEqual([
      2,
      expect.stringContaining("another looptrace batch is writing to it now"),
    ]);
    await letGo(opencode, "a");
    expect((await ended).code).toBe(0);
  });
});
