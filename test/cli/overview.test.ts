import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { overview } from "../../src/cli/commands/overview.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { columnsOf } from "../../src/text/columns.js";
import { looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";
import { keepFixture } from "../support/kept-store.js";
import { temporaryStore } from "../support/temporary-store.js";

test("looptrace alone shows the last sessions and what to do with them; numbers name them from then on", async () => {
  const paths = await temporaryStore();
  for (const name of ["multistep@1.18.33", "provider-401@1.18.33"]) await keepFixture(paths, name);
  const around = { env: { LOOPTRACE_HOME: paths.root }, cwd: paths.root };
  const { code, stdout, stderr } = await looptrace([], around);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(loadFixture("provider-401@1.18.33").session.info.id.slice(4, 12));
  for (const command of ["looptrace show 1", "looptrace report 1 --open", "looptrace ls", "looptrace --help"])
    expect(stdout).toContain(command);
  expect((await looptrace(["show", "1"], around)).code).toBe(0);
  for (const line of (await looptrace([], { ...around, columns: 80 })).stdout.split("\n"))
    expect(columnsOf(line)).toBeLessThanOrEqual(80);
});

test("what could not be read in time is not said to be missing, and not counted", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  let said = "";
  const terminal: Terminal = {
    ...{ env: { LOOPTRACE_HOME: paths.root }, cwd: paths.root, readStdin: async () => "" },
    ...{ outIsTty: false, errIsTty: false, width: 120, errWidth: 120, errHeight: 24 },
    out: (text) => {
      said += text;
    },
    err: () => {},
  };
  expect(await overview(terminal, AbortSignal.abort())).toBe(0);
  expect(said).toContain("`looptrace ls` waits for them");
  expect(said).not.toContain("No session is kept yet");
});

test("what the last sessions cost is by the user's prices too", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  const prices = { "*": { input: 1000, output: 1000, override: true } };
  await writeFile(join(paths.root, "looptrace.config.json"), JSON.stringify({ prices }));
  const { stdout } = await looptrace([], { env: { LOOPTRACE_HOME: paths.root }, cwd: paths.root });
  expect(stdout).toMatch(/\$18\.7/);
});

test("where nothing is kept it says how to begin", async () => {
  const paths = await temporaryStore();
  const { code, stdout, stderr } = await looptrace([], { env: { LOOPTRACE_HOME: paths.root }, cwd: "/" });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/No session is kept yet.*looptrace run.*looptrace ls --all.*looptrace doctor/s);
  const bare = await looptrace([], {
    env: { LOOPTRACE_HOME: paths.root, HOME: paths.root, PATH: paths.root },
    cwd: "/",
  });
  const missing = "No session is kept yet, and there is no opencode to ask: `npm install -g opencode-ai` installs it.";
  expect(bare.stdout).toContain(missing);
});
