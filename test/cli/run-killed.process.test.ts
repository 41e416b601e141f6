import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { findProcesses } from "../../src/opencode/program/end-processes.js";
import { loadScenario } from "../provider/load-scenario.js";
import { cliEnvironment, looptrace, startLooptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { runFolders } from "../support/play-drive.js";
import { startReceiver } from "../support/receiver.js";
import { until } from "../support/until.js";

allowColdStarts();

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

describe.skipIf(process.platform !== "linux").concurrent("kill -9 of a run", () => {
  test.for(["server", "cli"])(
    "by the driver %s: opencode ends, its folder goes, and trace --last sends all of the session",
    async (driver, { onTestFinished, expect }) => {
      const bench = await isolatedOpenCode(await loadScenario("killed"));
      onTestFinished(() => bench.remove());
      const receiver = await startReceiver();
      onTestFinished(() => receiver.close());
      // What all that is started for the run inherits.
      const mark = `outer-${process.pid}-${driver}`;
      const around = {
        env: { ...cliEnvironment(bench, receiver), LOOPTRACE_RUN_ID: mark },
        cwd: bench.workdir,
      };
      const program = startLooptrace(["run", "--driver", driver, "Wait for the build."], around);
      const { child } = program;
      onTestFinished(() => void child.kill("SIGKILL"));
      // The second request would only come when the tool has ended.
      await until(() => bench.provider.requests.some((one) => !one.title && one.lastChunk !== undefined), program);
      await until(() => findProcesses(mark).some((pid) => commandOf(pid).includes("sleep 30")), program);
      child.kill("SIGKILL");
      await once(child, "close");
      await expect.poll(() => findProcesses(mark)).toEqual([]);
      await expect.poll(() => runFolders(bench.tmpdir, child.pid)).toEqual([]);

      const { code, stderr } = await looptrace(["trace", "--last"], {
        env: cliEnvironment(bench, receiver),
        cwd: bench.workdir,
      });
      expect(stderr).not.toContain("may still be at work");
      expect(code).toBe(0);
      const names = receiver.spans().map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["opencode.loop", "loop.step-0", "llm-call-0", "tool.bash"]));
      const shown = await looptrace(["show", "--last"], { env: cliEnvironment(bench), cwd: bench.workdir });
      expect(shown.stdout).toContain("looptrace was killed before the turn's answer");
      expect(violationsOf(receiver)).toEqual([]);
    },
  );
});
