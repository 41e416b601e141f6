import { expect, test } from "vitest";
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

test("where nothing is kept it says how to begin", async () => {
  const paths = await temporaryStore();
  const { code, stdout, stderr } = await looptrace([], { env: { LOOPTRACE_HOME: paths.root }, cwd: "/" });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/No session is kept yet.*looptrace run.*looptrace ls --all.*looptrace doctor/s);
});
