import { Command } from "commander";
import { expect, test } from "vitest";
import type { AgentCommand } from "../../src/agent/setting.js";
import { fieldsFor, flagsOn, plainSettings, SETTINGS, settingsSaid } from "../../src/agent/setting-surfaces.js";
import { taskRequestSchema } from "../../src/batch/task.js";
import { withAgentFlags } from "../../src/cli/agent-flags.js";
import { parseConfigFile } from "../../src/config/config-file.js";

const COMMANDS: readonly AgentCommand[] = ["run", "batch", "worker"];

test.each(COMMANDS)("the parser of %s hands each flag over by the name that the table has for it", (name) => {
  const command = withAgentFlags(new Command(name), name);
  const wanted = SETTINGS.flatMap(([, setting]) => flagsOn(name, setting).map((flag) => flag.name));
  expect(command.options.map((option) => option.attributeName())).toEqual(wanted);
  expect(wanted.length).toBeGreaterThan(4);
});

test("each field of the table is one of a task and of the configuration, and of no other name", () => {
  const fields = Object.keys(taskRequestSchema.unwrap().shape);
  const inTasks = SETTINGS.flatMap(([, { task }]) => (task === undefined ? [] : [task]));
  expect(fields.filter((field) => inTasks.includes(field))).toEqual(inTasks);
  const inFiles = SETTINGS.flatMap(([, { config }]) => (config === undefined ? [] : [config]));
  expect(inFiles.length).toBeGreaterThan(10);
  for (const field of inFiles) {
    expect(() => parseConfigFile("/c", JSON.stringify({ [field]: null }))).toThrow(`\n  ${field} `);
  }
});

test("a flag comes before the configuration, and of two flags of one setting the later one counts", () => {
  const file = { model: "p/file", timeout: 1000, haltOnDoomLoop: 9, maxCost: 4 };
  const flags = { model: "p/flag", haltOnDoomLoop: true, doomLoopThreshold: 4 };
  expect(plainSettings("run", flags, file)).toMatchObject({
    model: "p/flag",
    timeoutMs: 1000,
    haltOnDoomLoop: 4,
    maxCost: 4,
  });
});

test("a flag counts on the commands that have it: the cost of a batch is not that of a task", () => {
  const flags = { maxCost: 1, taskMaxCost: 2 };
  expect(plainSettings("run", flags, {}).maxCost).toBe(1);
  expect(plainSettings("batch", flags, {}).maxCost).toBe(2);
  expect(plainSettings("worker", flags, {}).maxCost).toBeUndefined();
});

test("what a task says becomes settings of the library, and settings become what a task says", () => {
  const said = { model: "p/m", timeout: 5, fork: true };
  const settings = settingsSaid("task", said);
  expect(settings).toMatchObject({ model: "p/m", timeoutMs: 5, fork: true });
  expect(fieldsFor("task", { ...settings, driver: "cli", patienceMs: 1 })).toEqual(
    expect.objectContaining({ model: "p/m", timeout: 5, fork: true }),
  );
  expect(fieldsFor("task", { driver: "cli", patienceMs: 1 })).not.toHaveProperty("driver");
});
