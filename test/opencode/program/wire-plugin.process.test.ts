import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { pluginRecordingsOf } from "../../../src/wire/plugin-recordings.js";
import { loadScenario } from "../../provider/load-scenario.js";
import { cliEnvironment, looptrace, startLooptrace } from "../../support/cli.js";
import { allowColdStarts } from "../../support/cold-starts.js";
import { linesIn } from "../../support/compare-recording.js";
import { isolatedOpenCode } from "../../support/isolated-opencode.js";
import { expectRecorded } from "../../support/recorded-wire.js";

allowColdStarts();

test("an opencode that looptrace does not start records by the plugin, tools' true times too", async () => {
  await using bench = await isolatedOpenCode(await loadScenario("multistep"));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  // As the package has it: bundled.
  const { code, stdout } = await startLooptrace(["wire", "install"], around).ended;
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("names the plugin now") });
  const run = { cwd: bench.workdir, env: bench.env, extendEnv: false, stdin: "ignore" } as const;
  const { stdout: events } = await execa(bench.binary, ["run", "--format", "json", "Go."], run);
  const [, session = ""] = /"sessionID":"(ses_\w+)"/.exec(events) ?? [];

  const root = join(bench.home, ".local", "share", "looptrace");
  const [recording, ...more] = await pluginRecordingsOf(root, [session]);
  expect(more).toEqual([]);
  expectRecorded(recording?.text ?? "", bench.provider);
  const tools = linesIn(recording?.text ?? "").filter(({ t }) => t === "tool");
  expect(tools.map(({ tool }) => tool).sort()).toEqual(["bash", "bash", "edit", "read", "read"]);
  const [name = ""] = await readdir(join(root, "wire"));
  expect((await stat(join(root, "wire", name))).mode & 0o777).toBe(0o600);

  const doctor = await looptrace(["doctor", "--json"], around);
  expect(JSON.parse(doctor.stdout).findings).toContainEqual(
    expect.objectContaining({ check: "wire", status: "ok", found: expect.stringContaining("records below") }),
  );
  expect((await looptrace(["wire", "uninstall", "--json"], around)).code).toBe(0);
});
