import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { tmpdir } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Progress } from "../../src/opencode/request/progress.js";
import type { ToolPart } from "../../src/opencode/schema/session-export.js";
import { loadScenario } from "../provider/load-scenario.js";
import { programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";
import { longEnough } from "../support/long-enough.js";
import {
  driveAt,
  drivers,
  expectNothingIn,
  leftovers,
  runFolders,
  type TestedDriver,
  toolParts,
} from "../support/play-drive.js";

allowColdStarts();

const linux = process.platform === "linux";

/** With an opencode whose model has it wait in bash, and what holds however its run was ended. */
async function waiting<T>(use: (bench: IsolatedOpenCode) => Promise<T>): Promise<T> {
  const bench = await isolatedOpenCode(await loadScenario("killed"));
  try {
    const used = await use(bench);
    await expectNothingIn(bench);
    return used;
  } finally {
    await bench.remove();
  }
}

const stoppedBy = (driver: TestedDriver, by: string) =>
  driver === "server" ? { kind: "served", asked: by } : { kind: "signalled", by };

test.skipIf(!linux)("the deadline ends opencode and its commands, the session is exported", async () => {
  // Both at once, for most of it is waiting.
  const [byServer, byCli] = await Promise.all(
    drivers.map(async (driver) => {
      let parts: readonly ToolPart[] = [];
      await longEnough(
        (seconds) =>
          waiting(async (bench) => {
            // The clock of the deadline starts with opencode, whose cold start takes its time.
            const result = await driveAt(bench, driver)({ deadlineMs: 1_500 * seconds, graceMs: 20_000 });
            expect(result.exit).toMatchObject(stoppedBy(driver, "deadline"));
            expect(leftovers(bench)).toEqual([]);
            parts = toolParts(result.tree);
          }),
        () => parts.length > 0,
      );
      return parts.map(({ tool, state }) => [tool, state.status]);
    }),
  );
  expect(byCli).toEqual([["bash", "running"]]);
  // A server has the time to say that the tool ended: with what its command said so far, or, on a busy machine, as aborted.
  expect(byServer).toEqual([["bash", expect.stringMatching(/^(completed|error)$/)]]);
  expect(await runFolders(tmpdir(), process.pid)).toEqual([]);
});

test.skipIf(!linux).each(drivers)("with the driver %s, the caller's signal ends it as soon as it comes", (driver) =>
  waiting(async (bench) => {
    const caller = new AbortController();
    const onProgress = ({ phase }: Progress) => {
      if (phase.kind === "tools") caller.abort();
    };
    const result = await driveAt(bench, driver)({}, { signal: caller.signal, onProgress });
    expect(result.exit).toMatchObject(stoppedBy(driver, "caller"));
    expect(leftovers(bench)).toEqual([]);
    expect(toolParts(result.tree)).toHaveLength(1);
  }),
);

test.each(drivers)(
  "with the driver %s, what the caller's progress function throws ends the run and is thrown on",
  (driver) =>
    waiting(async (bench) => {
      const onProgress = ({ phase }: Progress) => {
        if (phase.kind === "tools") throw new Error("the terminal is gone");
      };
      await expect(driveAt(bench, driver)({}, { onProgress })).rejects.toThrow("the terminal is gone");
      if (linux) expect(leftovers(bench)).toEqual([]);
    }),
);

describe.skipIf(!linux)("when the driving process itself is ended", () => {
  async function driveAndEnd(bench: IsolatedOpenCode, signal: NodeJS.Signals): Promise<number | undefined> {
    const [node, program] = programCommand("test/opencode/drive-and-hang.ts");
    const child = spawn(node, [program, bench.binary, bench.workdir], {
      env: bench.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = event(child, "exit");
    await event(child.stdout, "data");
    child.kill(signal);
    expect((await ended)[1]).toBe(signal);
    return child.pid;
  }

  test.each(["SIGINT", "SIGTERM"] as const)("by %s: opencode, its commands and the folder go with it", (signal) =>
    waiting(async (bench) => {
      const pid = await driveAndEnd(bench, signal);
      // What was killed is gone when the system comes to it.
      await expect.poll(() => leftovers(bench)).toEqual([]);
      expect(await runFolders(bench.tmpdir, pid)).toEqual([]);
    }),
  );

  test("by SIGKILL, which it cannot notice: the same", () =>
    waiting(async (bench) => {
      const pid = await driveAndEnd(bench, "SIGKILL");
      await expect.poll(() => leftovers(bench)).toEqual([]);
      await expect.poll(() => runFolders(bench.tmpdir, pid)).toEqual([]);
    }));
});
