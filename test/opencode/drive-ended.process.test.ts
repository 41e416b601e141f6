import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { tmpdir } from "node:os";
import { describe, expect, onTestFinished, test } from "vitest";
import { drive } from "../../src/opencode/drive.js";
import type { Progress } from "../../src/opencode/request/progress.js";
import { connect } from "../../src/opencode/server/connection.js";
import { readSessionFrom } from "../../src/opencode/server/read-session.js";
import { loadScenario } from "../provider/load-scenario.js";
import { programCommand } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { onlyOne } from "../support/fixtures.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";
import { longEnough, WARM_FIRST_S } from "../support/long-enough.js";
import { driveAt, drivers, expectNothingIn, leftovers, runFolders, toolParts } from "../support/play-drive.js";
import { talkingOpenCode } from "../support/talking-opencode.js";
import { type WarmOpenCode, warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const linux = process.platform === "linux";

/** What holds on a bench however a run was ended there. */
async function lookAt<Bench extends IsolatedOpenCode, T>(bench: Bench, use: (bench: Bench) => Promise<T>): Promise<T> {
  try {
    const used = await use(bench);
    await expectNothingIn(bench);
    return used;
  } finally {
    await bench.remove();
  }
}

/** With an opencode whose model has it wait in bash. */
const waiting = async <T>(use: (bench: IsolatedOpenCode) => Promise<T>): Promise<T> =>
  await lookAt(await isolatedOpenCode(await loadScenario("killed")), use);

/** The same before the server that the tests share: what is ended is looptrace's, and its turn at that server. */
const waitingWarm = async <T>(use: (bench: WarmOpenCode) => Promise<T>): Promise<T> =>
  await lookAt(await warmOpenCode(await loadScenario("killed")), use);

/** What became of the commands of the only session in a directory of the shared server. */
async function commandsAt({ server, workdir }: WarmOpenCode): Promise<readonly string[]> {
  const client = await connect(server, workdir);
  const { data = [] } = await client.session.list();
  const { tree } = await readSessionFrom(client, onlyOne(data).id);
  return toolParts(tree).map(({ tool, state }) => `${tool} ${state.status}`);
}

/** A server has the time to say that a tool ended: with what it said so far, or, on a busy machine, as aborted. */
const ENDED = [expect.stringMatching(/^bash (completed|error)$/)];

test.skipIf(!linux)("the deadline ends a turn on a server and its commands, the session is read", async () => {
  const { exit, tree } = await longEnough(
    (seconds) =>
      waitingWarm(async (bench) => {
        const result = await driveAt(bench, "server")({ deadlineMs: 1_000 * seconds, graceMs: 20_000 });
        expect(leftovers(bench)).toEqual([]);
        return result;
      }),
    (played) => toolParts(played.tree).length > 0,
    WARM_FIRST_S,
  );
  expect(exit).toEqual({ kind: "served", asked: "deadline" });
  expect(toolParts(tree).map(({ tool, state }) => `${tool} ${state.status}`)).toEqual(ENDED);
  expect(await runFolders(tmpdir(), process.pid)).toEqual([]);
});

test.skipIf(!linux)("the deadline ends `opencode run`, the session is exported", async () => {
  const opencode = await talkingOpenCode();
  const result = await longEnough(
    (seconds) =>
      drive({
        message: JSON.stringify({ until: "never" }),
        ...{ directory: opencode.cwd, opencode: opencode.path, environment: opencode.env },
        ...{ driver: "cli", deadlineMs: 500 * seconds, graceMs: 20_000 },
      }),
    ({ sessionId }) => sessionId !== null,
    1,
  );
  expect(result.exit).toMatchObject({ kind: "signalled", by: "deadline" });
  expect(result.tree?.session.info.id).toBe(result.sessionId);
  expect(leftovers({ home: opencode.env.HOME ?? "" })).toEqual([]);
  expect(await runFolders(tmpdir(), process.pid)).toEqual([]);
});

test.skipIf(!linux).each(drivers)(
  "with the driver %s, the caller's signal ends opencode and its commands as soon as it comes",
  (driver) =>
    waiting(async (bench) => {
      const caller = new AbortController();
      const onProgress = ({ phase }: Progress) => {
        if (phase.kind === "tools") caller.abort();
      };
      const { exit, tree } = await driveAt(bench, driver)({ graceMs: 20_000 }, { signal: caller.signal, onProgress });
      expect(leftovers(bench)).toEqual([]);
      const left = toolParts(tree).map(({ tool, state }) => `${tool} ${state.status}`);
      if (driver === "server") {
        expect([exit, left]).toEqual([{ kind: "served", asked: "caller" }, ENDED]);
      } else {
        expect(exit).toMatchObject({ kind: "signalled", by: "caller" });
        expect(left).toEqual(["bash running"]);
      }
    }),
);

describe("what the caller's progress function throws ends the run and is thrown on", () => {
  const gone = new Error("the terminal is gone");

  test("with the driver server", () =>
    waitingWarm(async (bench) => {
      const onProgress = ({ phase }: Progress) => {
        if (phase.kind === "tools") throw gone;
      };
      await expect(driveAt(bench, "server")({}, { onProgress })).rejects.toThrow(gone);
      if (linux) expect(leftovers(bench)).toEqual([]);
      await expect.poll(() => commandsAt(bench)).toEqual(ENDED);
    }));

  test("with the driver cli", async () => {
    const opencode = await talkingOpenCode();
    const onProgress = ({ phase }: Progress) => {
      if (phase.kind !== "starting") throw gone;
    };
    const driving = drive(
      {
        message: JSON.stringify({ until: "never" }),
        ...{ directory: opencode.cwd, opencode: opencode.path, environment: opencode.env, driver: "cli" },
      },
      { onProgress },
    );
    await expect(driving).rejects.toThrow(gone);
    expect(await opencode.runs()).toHaveLength(1);
    if (linux) expect(leftovers({ home: opencode.env.HOME ?? "" })).toEqual([]);
  });
});

// By SIGKILL, which it cannot notice, the command line's own tests end it.
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

  const goesWithIt = (signal: NodeJS.Signals) => async (bench: IsolatedOpenCode) => {
    const pid = await driveAndEnd(bench, signal);
    // What was killed is gone when the system comes to it.
    await expect.poll(() => leftovers(bench)).toEqual([]);
    expect(await runFolders(bench.tmpdir, pid)).toEqual([]);
  };

  test("by SIGTERM: opencode, its commands and the folder go with it", () => waiting(goesWithIt("SIGTERM")));

  test("by SIGINT: opencode and the folder go with it", () => waitingWarm(goesWithIt("SIGINT")));
});
