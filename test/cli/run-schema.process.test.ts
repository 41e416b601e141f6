import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { OpenCode } from "../../src/agent/open-code.js";
import { InvalidOutputError } from "../../src/errors/opencode-errors.js";
import { cliEnvironment, looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { answer, madeScenario, usage } from "../support/play-run.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const schema = {
  type: "object",
  properties: { price: { type: "number" }, name: { type: "string" } },
  required: ["price", "name"],
  additionalProperties: false,
};

const giving = (value: object) =>
  madeScenario([{ delayMs: 20, toolCalls: [{ id: "call_out", name: "StructuredOutput", arguments: value }], usage }]);

async function ask(scenario: ReturnType<typeof madeScenario>, ...flags: readonly string[]) {
  const bench = await warmOpenCode(scenario);
  try {
    await writeFile(join(bench.workdir, "out.json"), JSON.stringify(schema));
    const around = { env: cliEnvironment(bench), cwd: bench.workdir };
    return await looptrace(["run", "--schema", "out.json", ...flags, "Go."], around);
  } finally {
    await bench.remove();
  }
}

test("a value that fits is on stdout, and on the loop's span", async () => {
  const value = { price: 9.5, name: "pear \u009b31m" };
  const plain = await ask(giving(value));
  expect(plain.code).toBe(0);
  expect(JSON.parse(plain.stdout)).toEqual(value);
  expect(plain.stdout).not.toContain("\u009b");
  const { code, stdout } = await ask(giving(value), "--json");
  const document = JSON.parse(stdout);
  expect([code, document.error, document.output]).toEqual([0, null, value]);
  expect(document.traces[0].loop.output).toEqual(value);
  expect(document.driver).toBe("server");
});

test("a value that does not fit is no answer, although opencode takes it for one", async () => {
  const { code, stdout, stderr } = await ask(giving({ price: "much", colour: "red" }));
  expect([code, stdout]).toEqual([1, ""]);
  // Once in full, elsewhere by its code.
  expect(stderr.split("\n").slice(-5)).toEqual([
    "looptrace: the answer must have required property 'name'",
    "looptrace: the answer must NOT have additional properties: colour",
    "looptrace: price must be number",
    "looptrace: invalid_output: the answer does not fit the schema; try again, make the schema simpler, or say in the prompt what is expected",
    "",
  ]);
  for (const problem of ["'name'", "colour", "price must be", "does not fit"])
    expect(stderr.split(problem)).toHaveLength(2);
  expect(stderr).toMatch(/^\S.* {2}invalid_output {2}/m);
});

test("a model that answers in words has given no value", async () => {
  const { code, stdout } = await ask(madeScenario([answer, answer, answer]), "--json");
  const { error } = JSON.parse(stdout);
  expect(code).toBe(1);
  expect(error).toMatchObject({
    code: "invalid_output",
    reason: "missing",
    opencodeError: "StructuredOutputError",
  });
});

describe("what cannot be asked for", () => {
  const scenario = madeScenario([answer]);

  test.each([
    { flags: ["--schema", "absent.json"], problem: "absent.json" },
    { flags: ["--schema", "list.json"], problem: "holds no JSON schema: that is a JSON object" },
    { flags: ["--schema", "broken.json"], problem: "--schema broken.json is not valid JSON: it ends too early." },
    { flags: ["--schema", "wrong.json"], problem: "looptrace: --schema wrong.json is no JSON schema: " },
    {
      flags: ["--schema", "good.json", "--driver", "cli"],
      problem: "looptrace: --schema needs the driver server: `opencode run`",
    },
  ])("$flags", async ({ flags, problem }) => {
    const bench = await warmOpenCode(scenario);
    try {
      const files = { list: "[]", broken: '{"type": ', wrong: '{"type": "colour"}', good: "{}" };
      for (const [name, text] of Object.entries(files)) await writeFile(join(bench.workdir, `${name}.json`), text);
      const around = { env: cliEnvironment(bench), cwd: bench.workdir };
      const { code, stdout, stderr } = await looptrace(["run", ...flags, "Go."], around);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(problem);
      expect(bench.provider.requests).toEqual([]);
    } finally {
      await bench.remove();
    }
  });
});

test("in the library a zod schema says what comes out, and fails as a typed error", async () => {
  const bench = await warmOpenCode(
    madeScenario(
      [{ when: "2026-11-21" }, { when: "soon" }].map((value, index) => ({
        delayMs: 20,
        toolCalls: [{ id: `call_${index}`, name: "StructuredOutput", arguments: value }],
        usage,
      })),
    ),
  );
  try {
    const agent = new OpenCode({
      opencode: bench.binary,
      directory: bench.workdir,
      environment: bench.env,
      store: null,
    });
    const wanted = z.object({ when: z.iso.date().transform((text) => new Date(text)) });
    const { output } = await agent.promptFor("Go.", wanted);
    expect(output.when.getTime()).toBe(Date.UTC(2026, 10, 21));
    const failing = agent.promptFor("Go.", wanted);
    await expect(failing).rejects.toThrow(InvalidOutputError);
    await expect(failing).rejects.toMatchObject({ reason: "schema", problems: ["when Invalid ISO date"] });
  } finally {
    await bench.remove();
  }
});
