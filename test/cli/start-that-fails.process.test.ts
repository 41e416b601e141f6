import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import { OpenCodeCommandError } from "../../src/errors/opencode-command-error.js";
import { looptrace } from "../support/cli.js";
import { fakeOpenCode } from "./fake-opencode.js";

const KEY = `sk-ant-api03-${"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789".repeat(3).slice(0, 93)}AA`;
const SAID = [`Error: Config file at /w/opencode.json is not valid`, `{ "apiKey": "${KEY}" }`];

/** An opencode that tells its version, and for all else what is wrong with its configuration. */
async function misconfigured() {
  const { env, cwd, path } = await fakeOpenCode();
  const lines = SAID.map((line) => `echo '${line}' >&2`);
  await writeFile(path, ["#!/bin/sh", '[ "$1" = --version ] && echo 1.18.33 && exit 0', ...lines, "exit 1"].join("\n"));
  await writeFile(join(cwd, "tasks.jsonl"), JSON.stringify({ id: "a", prompt: "hi" }));
  return { env, cwd };
}

/** Whatever it was that did not start. */
const START_FAILED = {
  ...{ code: "start_failed", retryable: false, evidence: "process" },
  ...{ message: expect.stringContaining("is not valid"), stderr: expect.stringContaining("is not valid") },
};

const DRIVERS = [["--driver", "server"], ["--driver", "cli"], []];

test.each(DRIVERS.map((flags) => ({ flags })))("run $flags tells no secret that opencode prints", async ({ flags }) => {
  const around = await misconfigured();
  const { code, stdout, stderr } = await looptrace(["run", "--json", ...flags, "hi"], around);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: START_FAILED });
  expect(stdout + stderr).not.toContain(KEY);
  expect(stderr).toContain("[masked: ");
});

test("run --no-mask tells it as it is, for who asks so", async () => {
  const { stderr } = await looptrace(["run", "--no-mask", "--driver", "server", "hi"], await misconfigured());
  expect(stderr).toContain(KEY);
});

test.each(DRIVERS.map((flags) => ({ flags })))("batch $flags writes no such secret down", async ({ flags }) => {
  const around = await misconfigured();
  const argv = ["batch", "tasks.jsonl", ...flags, "--output", "out.jsonl"];
  const { stdout, stderr } = await looptrace(argv, around);
  const results = await readFile(join(around.cwd, "out.jsonl"), "utf8");
  expect(JSON.parse(results)).toMatchObject({ error: START_FAILED });
  expect(stdout + stderr + results).not.toContain(KEY);
});

test("the library's error tells no such secret either, whole as it is shown where nobody catches it", async () => {
  const { env, cwd } = await misconfigured();
  const agent = new OpenCode({ environment: env, directory: cwd, driver: "server", store: null });
  const problem = await agent.run("hi").catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(OpenCodeCommandError);
  expect(inspect(problem)).toContain("is not valid");
  expect(inspect(problem)).not.toContain(KEY);
  const open = await agent.run("hi", { masking: false }).catch((error: unknown) => error);
  expect(inspect(open)).toContain(KEY);
});
