import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OpenCodeCommandError } from "../../../src/errors/opencode-command-error.js";
import { readCommand } from "../../../src/opencode/cli/read-command.js";
import { createRunFolder } from "../../../src/opencode/program/run-folder.js";

/** Asks an opencode that fails so often, with these words, before it prints its answer. */
async function asking(failures: number, words: string) {
  const place = await realpath(await mkdtemp(join(tmpdir(), "read-command-")));
  onTestFinished(() => rm(place, { recursive: true, force: true }));
  const path = join(place, "opencode");
  const program = [
    "#!/bin/sh",
    `echo x >> '${place}/starts'`,
    `[ "$(wc -l < '${place}/starts')" -gt ${failures} ] && echo '[]' && exit 0`,
    `printf '\\033[91m\\033[1mError: \\033[0mUnexpected error\\n\\n${words}\\n' >&2`,
    "echo half; exit 1",
  ];
  await writeFile(path, program.join("\n"));
  await chmod(path, 0o755);
  const folder = await createRunFolder();
  onTestFinished(async () => void (await folder.remove()));
  const environment = { PATH: process.env.PATH ?? "" };
  return {
    asked: readCommand(["session", "list"], { path, folder, environment, directory: place }),
    starts: async () => (await readFile(join(place, "starts"), "utf8")).trim().split("\n").length,
  };
}

test("a store that another opencode opens or closes is asked again", async () => {
  const { asked, starts } = await asking(2, "database is locked");
  expect(await asked).toBe("[]\n");
  expect(await starts()).toBe(3);
});

test("the line that says why is kept before the last ones, a statement's SQL", async () => {
  const sql = ["CREATE TABLE session (", "id text,", "project text,", "title text", ");", "params:"];
  const { asked } = await asking(9, sql.join("\\n"));
  const stderr = ["Error: Unexpected error", ...sql.slice(-5)].join("\n");
  await expect(asked).rejects.toMatchObject({ stderr });
});

test.each([
  { words: "database is locked", times: 4 },
  { words: "no such table: session", times: 1 },
])("what stays as it is fails after $times: $words", async ({ words, times }) => {
  const { asked, starts } = await asking(9, words);
  await expect(asked).rejects.toThrow(OpenCodeCommandError);
  await expect(asked).rejects.toMatchObject({ stderr: expect.stringContaining(words) });
  expect(await starts()).toBe(times);
});
