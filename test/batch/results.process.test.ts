import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { readResults } from "../../src/batch/read-results.js";
import { openResults } from "../../src/batch/results.js";
import { ConfigurationError } from "../../src/errors/configuration-error.js";
import { programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { resultOf, someTasks } from "../support/task-results.js";
import { tries } from "../support/tries.js";

allowColdStarts();

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "results-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "deeper", "results.jsonl");
}

const tasks = someTasks(3);
const [first, second, third] = tasks.map((task) => resultOf(task));
if (!first || !second || !third) throw new Error("there are three tasks");
const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

async function openWith(
  content: string,
): Promise<{ readonly path: string; readonly opening: ReturnType<typeof openResults> }> {
  const path = await temporaryFile();
  await (await openResults(path, tasks)).close();
  await writeFile(path, content);
  return { path, opening: openResults(path, tasks) };
}

describe("what is recorded", () => {
  test("is there at the next start, a line each, readable by its owner alone", async () => {
    const path = await temporaryFile();
    const results = await openResults(path, tasks);
    expect([results.earlier.size, results.spent]).toEqual([0, { cost: 0, tokens: 0 }]);
    const failed = resultOf(tasks[1] ?? expect.unreachable(), {
      status: "failed",
      error: { code: "timeout", message: "Too long", retryable: true, evidence: "process", limit: "turn" },
      text: "an escape \u009b and a lone \ud800 surrogate",
    });
    await Promise.all([results.append(first), results.append(failed)]);
    await results.close();
    const text = await readFile(path, "utf8");
    expect(
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual([first, failed]);
    expect(text).not.toContain("\u009b");
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o600);

    const again = await openResults(path, tasks);
    expect([...again.earlier]).toEqual([
      ["t1", { status: "done", digest: first.digest, code: null, passed: null }],
      ["t2", { status: "failed", digest: failed.digest, code: "timeout", passed: null }],
    ]);
    expect(again.spent).toEqual({ cost: 2, tokens: 20 });
    await again.append(third);
    await again.close();
    expect((await readFile(path, "utf8")).startsWith(text)).toBe(true);
    expect(readResults(await readFile(path))).toMatchObject({ kind: "results", byId: { size: 3 } });
  });

  test("a task that failed and was done later is done", async () => {
    const failed = { ...first, status: "failed" };
    const { opening } = await openWith(lineOf(failed) + lineOf(first) + lineOf(failed));
    const results = await opening;
    expect(results.earlier.get("t1")?.status).toBe("done");
    expect(results.spent.cost).toBe(3);
    await results.close();
  });

  test("a result that a later version wrote, with more fields, is one", async () => {
    const { opening } = await openWith(lineOf({ ...first, somethingNew: [1] }));
    const results = await opening;
    expect([...results.earlier.keys()]).toEqual(["t1"]);
    await results.close();
  });
});

describe("after a power cut", () => {
  const [one, two] = [lineOf(first), lineOf(second)];
  const zeros = "\0".repeat(4_096);
  test.each([
    ["zeros behind the last line", `${one}${two}${zeros}`, ["t1", "t2"], 1, `${one}${two}`],
    ["zeros and a line feed", `${one}${two}${zeros}\n`, ["t1", "t2"], 1, `${one}${two}`],
    ["zeros in the place of a line's end", `${one}${two.slice(0, 40)}${zeros}`, ["t1"], 1, one],
    ["the same, and a line feed", `${one}${two.slice(0, 40)}${zeros}\n`, ["t1"], 1, one],
    ["zeros in the place of a line's beginning", `${one}${zeros}${two.slice(40)}`, ["t1"], 1, one],
    ["zeros between two lines", `${one}${zeros}${two}`, ["t1", "t2"], 0, undefined],
    ["a line of zeros, and more behind it", `${one}${zeros}\n${two}`, ["t1", "t2"], 1, undefined],
    ["nothing but zeros", zeros, [], 1, ""],
  ])("%s: what is whole counts, and it goes on", async (_, text, ids, damaged, kept) => {
    const path = await temporaryFile();
    await (await openResults(path, tasks)).close();
    await writeFile(path, text);
    const results = await openResults(path, tasks);
    expect([[...results.earlier.keys()], results.damaged]).toEqual([ids, damaged]);
    await results.append(third);
    await results.close();
    const after = await readFile(path, "utf8");
    expect(after).toBe(`${kept ?? text}${lineOf(third)}`);
    expect(readResults(Buffer.from(after))).toMatchObject({
      kind: "results",
      byId: { size: ids.length + 1 },
    });
  });

  test("what has NUL bytes in it for another reason is no file of results", () => {
    expect(readResults(Buffer.from("RIFF\0\0\0\0WAVE\n"))).toEqual({ kind: "foreign", line: 1 });
  });
});

test("a pipe, or a folder, in the place of the results is refused at once", async () => {
  const path = await temporaryFile();
  await (await openResults(path, tasks)).close();
  await rm(path);
  execFileSync("mkfifo", [path]);
  await expect(openResults(path, tasks)).rejects.toThrow(
    `${path}: the results cannot be written there: it is no regular file`,
  );
});

describe("a kill while a line was written", () => {
  const whole = Buffer.from(lineOf(first) + lineOf(second));
  test("wherever it cut, all that was recorded is there, and what follows can be read", async () => {
    const path = await temporaryFile();
    await (await openResults(path, tasks)).close();
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.nat(3), async (cut, zeros) => {
        await writeFile(path, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(zeros)]));
        const results = await openResults(path, tasks);
        const lines = whole.subarray(0, cut).toString().split("\n").length - 1;
        // The last byte may be all that is missing.
        expect(results.earlier.size).toBeGreaterThanOrEqual(lines);
        await results.append(third);
        await results.close();
        const read = readResults(await readFile(path));
        expect(read).toMatchObject({ kind: "results", needsLineFeed: false });
        if (read.kind === "results") expect(read.byId.has("t3") && read.byId.size > lines).toBe(true);
      }),
      { numRuns: tries(60) },
    );
  });

  test.each([1, 5, 12])(
    "killed when %i results were recorded: none of them is lost, and the rest goes on",
    async (after) => {
      const path = await temporaryFile();
      const [node, program] = programCommand("test/batch/record-and-die.ts");
      const child = spawn(node, [program, path, "60"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.split("\n").length > after) child.kill("SIGKILL");
      });
      await once(child, "close");
      const recorded = said.split("\n").slice(0, -1);
      expect(recorded.length).toBeGreaterThanOrEqual(after);
      const all = someTasks(60);
      const results = await openResults(path, all);
      for (const id of recorded) expect(results.earlier.get(id)?.status).toBe("done");
      for (const task of all) if (!results.earlier.has(task.id)) await results.append(resultOf(task));
      await results.close();
      const read = readResults(await readFile(path));
      expect(read).toMatchObject({ kind: "results", byId: { size: 60 } });
      // The lock of the dead process is gone too.
      expect(await readdir(join(path, ".."))).toEqual(["results.jsonl"]);
    },
  );
});

describe("a file that is not to be written", () => {
  test.each([
    ["something else", "# Notes\n\nDo not lose these.\n", "line 1 is no result of a batch"],
    ["one line of something else", "Do not lose this", "line 1 is no result of a batch"],
    ["a JSON document", '{"id":7,"name":"mine"}', "line 1 is no result of a batch"],
    ["a line between results", `${lineOf(first)}half a li\n${lineOf(second)}`, "line 2 is no result of a batch"],
    [
      "results of other tasks",
      lineOf({ ...first, id: "other" }),
      "none of them is of one of these tasks as they are now",
    ],
    [
      "results of tasks that have all changed",
      lineOf({ ...first, digest: "0" }),
      "none of them is of one of these tasks",
    ],
  ])("%s stays as it is", async (_, content, message) => {
    const { path, opening } = await openWith(content);
    await expect(opening).rejects.toThrow(ConfigurationError);
    await expect(opening).rejects.toThrow(message);
    expect(await readFile(path, "utf8")).toBe(content);
    // It is not locked either.
    await expect(openResults(path, tasks)).rejects.toThrow(message);
  });

  test("some that fit are enough", async () => {
    const { opening } = await openWith(
      lineOf({ ...first, id: "other" }) + lineOf({ ...first, digest: "0" }) + lineOf(second),
    );
    const results = await opening;
    expect([[...results.earlier.keys()], results.changed]).toEqual([["t1", "t2"], 1]);
    await results.close();
  });

  test("a folder, or one that cannot be made", async () => {
    const path = await temporaryFile();
    await (await openResults(path, tasks)).close();
    await expect(openResults(join(path, ".."), tasks)).rejects.toThrow("the results cannot be written there");
    await expect(openResults(join(path, "below"), tasks)).rejects.toThrow("the results cannot be written there");
  });
});

describe("two at once", () => {
  test("the second is refused, by whatever name, until the first has closed it", async () => {
    const path = await temporaryFile();
    const one = await openResults(path, tasks);
    await expect(openResults(path, tasks)).rejects.toThrow("another looptrace batch is writing to it now");
    if (process.platform !== "win32") {
      await symlink(path, join(path, "..", "..", "link.jsonl"));
      await expect(openResults(join(path, "..", "..", "link.jsonl"), tasks)).rejects.toThrow("another looptrace batch");
    }
    await one.close();
    await (await openResults(path, tasks)).close();
  });

  test("of several processes that begin together at most one gets it, and all can be repeated", async () => {
    const path = await temporaryFile();
    const [node, program] = programCommand("test/batch/record-and-die.ts");
    const started = Array.from({ length: 3 }, async () => {
      const child = spawn(node, [program, path, "40"], { stdio: "ignore" });
      const [code] = await once(child, "close");
      return code;
    });
    const codes = await Promise.all(started);
    const all = someTasks(40);
    const results = await openResults(path, all);
    // Whoever was not alone in time wrote nothing; what was written is whole, each task once.
    const lines = (await readFile(path, "utf8")).split("\n").filter(Boolean);
    expect(lines).toHaveLength(results.earlier.size);
    expect(results.earlier.size).toBe(codes.includes(0) ? 40 : 0);
    await results.close();
  });
});
