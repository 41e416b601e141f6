import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTasks, taskOf } from "../../src/batch/parse-tasks.js";
import { ConfigurationError } from "../../src/errors/configuration-error.js";

function problemOf(text: string): string {
  try {
    parseTasks(text, "tasks.jsonl");
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return expect.unreachable();
}

test("a task a line: an object, or a text that is its prompt; empty lines and a byte order mark do not count", () => {
  const text =
    '\uFEFF{"id":"a","prompt":"One","model":"p/m","timeout":"10m"}\r\n\n"Two"\n  \n{"prompt":"Three","id":7}';
  expect(parseTasks(text, "tasks.jsonl")).toMatchObject([
    { id: "a", line: 1, request: { prompt: "One", model: "p/m", timeout: 600_000 } },
    { id: expect.stringMatching(/^task-[0-9a-f]{16}$/), line: 3, request: { prompt: "Two" } },
    { id: "7", line: 5, request: { prompt: "Three" } },
  ]);
});

test("prompts are kept as they are", () => {
  const [task] = parseTasks('{"prompt":"  two\\n lines ","systemPrompt":" Be brief.\\n"}', "t");
  expect(task?.request).toEqual({ prompt: "  two\n lines ", systemPrompt: " Be brief.\n" });
});

describe("what is known again", () => {
  const idsOf = (...lines: object[]): readonly string[] =>
    parseTasks(lines.map((line) => JSON.stringify(line)).join("\n"), "t").map(({ id }) => id);

  test("equal tasks are told apart by their count, and the same list gives the same ids", () => {
    const [first, second, third] = idsOf({ prompt: "x" }, { prompt: "x" }, { prompt: "x" });
    expect([second, third]).toEqual([`${first}-2`, `${first}-3`]);
    expect(idsOf({ prompt: "y" }, { prompt: "x" }, { prompt: "x" }).slice(1)).toEqual([first, second]);
  });

  test("the order of fields does not matter, nor how a duration or a prompt is written", () => {
    const [first, second] = [
      { prompt: "x", timeout: "10m", metadata: { a: 1, b: { c: [1], d: 2 } } },
      { metadata: { b: { d: 2, c: [1] }, a: 1 }, timeout: 600_000, prompt: "x" },
    ].map((line) => parseTasks(JSON.stringify(line), "t")[0]);
    expect(first?.id).toBe(second?.id);
    expect(parseTasks('"x"', "t")[0]?.id).toBe(parseTasks('{"prompt":"x"}', "t")[0]?.id);
  });

  test("any other content is another task, and an id of its own does not change the digest", () => {
    const lines = [
      { prompt: "x" },
      { prompt: "y" },
      { prompt: "x", model: "p/m" },
      { prompt: "x", metadata: { a: [["b", 1]] } },
      { prompt: "x", metadata: { a: { b: 1 } } },
    ];
    expect(new Set(idsOf(...lines)).size).toBe(lines.length);
    const [named] = parseTasks('{"id":"n","prompt":"x"}', "t");
    expect(named?.digest).toBe(parseTasks('"x"', "t")[0]?.digest);
    expect(taskOf({ prompt: "x" })).toMatchObject({ id: idsOf({ prompt: "x" })[0], line: null });
    expect(taskOf({ prompt: "x", timeout: "2m" }).request.timeout).toBe(120_000);
    expect(() => taskOf({ prompt: " " })).toThrow("The task prompt is empty.");
  });
});

describe("what is wrong", () => {
  test.each([
    ['{"promt":"x"}', 'there is no field "promt"; did you mean "prompt"?'],
    ['{"prompt":"x","Model":"p/m"}', 'there is no field "Model"; did you mean "model"?'],
    ['{"message":"x"}', 'there is no field "message"; did you mean "prompt"?'],
    ['{"prompt":"x","colour":"red"}', 'there is no field "colour"; known are id, prompt, model,'],
    ['{"prompt":"x","mcp":[{"name":"a","url":"u","uri":1}]}', 'there is no field "mcp.0.uri"; did you mean "url"?'],
    ['{"model":"p/m"}', "has no prompt"],
    ['{"prompt":" "}', "prompt is empty"],
    ['{"prompt":5}', "prompt must be a text in quotes"],
    ['" "', "prompt is empty"],
    ["17", "must be an object with a prompt, or a text in quotes"],
    ["null", "must be an object with a prompt, or a text in quotes"],
    ['{"prompt":"x","id":""}', "id is empty"],
    ['{"prompt":"x","id":true}', "id must be a text that is not empty, or a whole number"],
    ['{"prompt":"x","model":""}', "model is empty"],
    [
      '{"prompt":"x","timeout":"soon"}',
      'timeout must be a duration such as "10m", or a number of milliseconds above 0',
    ],
    ['{"prompt":"x","timeout":0}', "timeout must be a duration"],
    ['{"prompt":"x","maxCost":0}', "maxCost must be more than 0"],
    ['{"prompt":"x","retries":-1}', "retries must be at least 0"],
    ['{"prompt":"x","files":"a.txt"}', "files must be a list in [ ]"],
    ['{"prompt":"x","tags":["a",1]}', "tags.1 must be a text in quotes"],
    ['{"prompt":"x","schema":"{}"}', "schema must be an object in { }"],
    ['{"prompt":"x","haltOnDoomLoop":1}', "haltOnDoomLoop must be at least 2"],
    ['{"prompt":"x","haltOnDoomLoop":"yes"}', "haltOnDoomLoop must be true, false or a number of 2 or more"],
    ['{"prompt":"x",}', "is not valid JSON: Expected double-quoted property name in column 15"],
    ['{"prompt":"x', "is not valid JSON: Unterminated string"],
  ])("%#: %j", (line, problem) => {
    expect(problemOf(`"fine"\n${line}`)).toContain(`\n  tasks.jsonl:2: ${problem}`);
  });

  test("a value may be nested so deeply that nobody can look through it", () => {
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    expect(problemOf(`{"prompt":"x","metadata":{"a":${deep}}}`)).toContain("tasks.jsonl:1: is nested too deeply");
  });

  test("every bad line is told", () => {
    const message = problemOf('{"prompt":""}\n"fine"\nnonsense\n{"prompt":"x","id":"a"}\n{"prompt":"y","id":"a"}');
    expect(message.split("\n").slice(1)).toEqual([
      "  tasks.jsonl:1: prompt is empty",
      expect.stringMatching(/^ {2}tasks\.jsonl:3: is not valid JSON: /),
      '  tasks.jsonl:5: has the same id as line 4: "a"',
    ]);
  });

  test("of prompts that are no JSON what a task looks like is told", () => {
    const form = 'Write each task as JSON on a line, such as {"prompt":"Fix the failing test"}.';
    expect(problemOf("Fix the test\nAnd the other one").split("\n").at(-1)).toBe(form);
    expect(problemOf('"Fix the test"\nAnd the other one')).not.toContain(form);
  });

  test("of very many bad lines the first ones are told", () => {
    const lines = problemOf("{}\n".repeat(500)).split("\n");
    expect([lines.length, lines.at(-1)]).toEqual([22, "  … and 480 more"]);
  });

  test("a list in brackets and an object over several lines are recognised", () => {
    expect(problemOf('[{"prompt":"x"},\n{"prompt":"y"}]')).toContain("is one JSON document, not JSON Lines");
    expect(problemOf('{\n  "prompt": "x"\n}')).toContain("is one JSON document, not JSON Lines");
    expect(problemOf("\n \n")).toContain("holds no task");
  });

  test("whatever the text, it becomes tasks with ids of their own, or one error that says what to change", () => {
    const line = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ prompt: fc.constantFrom("a", "b", ""), id: fc.constantFrom("1", "2", "task") })
        .map((task) => JSON.stringify(task)),
      fc.constantFrom('"x"', "{}", ""),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const text = lines.join("\n");
        try {
          const tasks = parseTasks(text, "t");
          expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length);
          expect(tasks).toEqual(parseTasks(text, "t"));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
        }
      }),
    );
  });
});
