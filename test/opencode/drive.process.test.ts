import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { SessionNotFoundError } from "../../src/errors/session-not-found-error.js";
import { exportSession } from "../../src/opencode/cli/export-session.js";
import { listSessions } from "../../src/opencode/cli/list-sessions.js";
import {
  type DriveHooks,
  type DriveRequest,
  type DriveResult,
  type Driver,
  drive,
} from "../../src/opencode/drive.js";
import { withOpenCode } from "../../src/opencode/program/with-opencode.js";
import { parseLog } from "../../src/opencode/read/log-line.js";
import { transcriptOf } from "../../src/opencode/read/transcript.js";
import type { Progress } from "../../src/opencode/request/progress.js";
import type { SessionTree, ToolPart } from "../../src/opencode/schema/session-export.js";
import { loadScenario, parseScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { type IsolatedOpenCode, isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { longEnough } from "../support/long-enough.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

type Drive = (request: Partial<DriveRequest>, hooks?: DriveHooks) => ReturnType<typeof drive>;

/** By which driver the tests of a group drive; `auto` where that makes no difference. */
let driver: Driver = "auto";

type Use = (bench: IsolatedOpenCode, run: Drive, seen: Progress[]) => Promise<void>;

/** With an opencode that is started for it. */
async function play(scenario: string | Scenario, use: Use): Promise<void> {
  const loaded = typeof scenario === "string" ? await loadScenario(scenario) : scenario;
  await playAt(await isolatedOpenCode(loaded), loaded, use);
}

/** With the server that the tests share, where the driver is one: for what is not about its start and its end. */
async function playWarm(scenario: string | Scenario, use: Use): Promise<void> {
  const loaded = typeof scenario === "string" ? await loadScenario(scenario) : scenario;
  const bench = await (driver === "server" ? warmOpenCode(loaded) : isolatedOpenCode(loaded));
  await playAt(bench, loaded, use);
}

async function playAt(bench: IsolatedOpenCode, loaded: Scenario, use: Use): Promise<void> {
  const seen: Progress[] = [];
  const run: Drive = (request, hooks = {}) =>
    drive(
      {
        message: loaded.prompts[0]?.text ?? "",
        directory: bench.workdir,
        opencode: bench.binary,
        environment: bench.env,
        driver,
        ...request,
      },
      {
        ...hooks,
        onProgress: (progress) => {
          seen.push(progress);
          hooks.onProgress?.(progress);
        },
      },
    );
  try {
    await use(bench, run, seen);
    // opencode's own temporary folder is ours and gone; nothing may have been left in the bench's.
    expect((await readdir(bench.tmpdir)).filter((name) => !name.startsWith("tsx-"))).toEqual([]);
  } finally {
    await bench.remove();
  }
}

function userTexts(tree: SessionTree | null): string[] {
  return (tree?.session.messages ?? []).flatMap(({ info, parts }) =>
    info.role === "user" ? parts.flatMap((part) => (part.type === "text" ? [part.text] : [])) : [],
  );
}

function toolParts(tree: SessionTree | null): ToolPart[] {
  return (tree?.session.messages ?? []).flatMap(({ parts }) => parts.filter((part) => part.type === "tool"));
}

/** The processes whose home is the bench's, but for zombies. */
function leftovers(home: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      // Only of the run: the driving program has helpers of its own, which end when they notice that it has.
      const isOfRun =
        environment.includes(`HOME=${home}`) &&
        environment.some((line) => line.startsWith("LOOPTRACE_RUN_ID="));
      return isOfRun ? [readFileSync(`/proc/${pid}/cmdline`, "latin1")] : [];
    } catch {
      return [];
    }
  });
}

/** The folders that a process with this pid made for its runs. */
async function runFolders(temporary: string, pid: number | undefined): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith(`looptrace-${pid}-`));
}

const threeAnswers = parseScenario(
  JSON.stringify({
    name: "three-answers",
    description: "Three short turns of one session.",
    prompts: ["one", "two", "three"],
    files: { "notes.txt": "the port is 9090" },
    lanes: [{ name: "main", replies: ["First.", "Second.", "Third."].map((text) => ({ text })) }],
  }),
  "three-answers",
);

const linux = process.platform === "linux";

const drivers = ["server", "cli"] as const;
const wellEnded = { server: { kind: "served" }, cli: { kind: "exited", code: 0 } } as const;
/** Of the scenario "subagent". */
function expectSubagent(result: DriveResult): void {
  expect(result.tree?.children.map(({ session }) => session.info.parentID)).toEqual([result.sessionId]);
  expect(result.raw.size).toBe(2);
  expect(result.progress.subagents).toBe(1);
  const text = result.tree ? transcriptOf(result.tree) : "";
  expect(text).toContain("\n    [Response]\n    fruit.txt has 3 lines.\n");
}

const stoppedBy = (by: string) =>
  ({ server: { kind: "served", asked: by }, cli: { kind: "signalled", by } }) as const;

describe.each(drivers)("with the driver %s, a run that goes well", (name) => {
  beforeAll(() => {
    driver = name;
  });

  test("several steps: session, progress, log", () =>
    playWarm("multistep", async (bench, run, seen) => {
      const result = await run({ title: "-t A title" });
      expect(result.exit).toEqual(wellEnded[name]);
      expect(result.streamErrors).toEqual([]);
      expect(result.notes).toEqual([]);
      expect(result.stderrTail).toBe("");
      expect(result.opencode.version).toMatch(/^1\./);
      expect(result.tree?.session.info).toMatchObject({ id: result.sessionId, title: "-t A title" });
      expect(result.tree?.session.info.directory).toBe(bench.workdir);
      expect([...result.raw.keys()]).toEqual([result.sessionId]);
      expect(result.progress).toMatchObject({
        sessionId: result.sessionId,
        step: 3,
        toolsDone: 5,
        toolsFailed: 0,
        tokens: { input: 5324, output: 258, reasoning: 70, cacheRead: 13056, cacheWrite: 0 },
      });
      expect(seen.at(-1)).toEqual(result.progress);
      expect(seen.length).toBeGreaterThan(3);
      expect(new Set(seen.map(({ step }) => step))).toContain(3);
      const requests = parseLog(result.logText).filter(
        ({ message, fields }) => message === "stream" && fields.small === "false",
      );
      expect(requests).toHaveLength(4);
      expect(requests[0]?.fields["session.id"]).toBe(result.sessionId);
    }));

  test("a message of any kind is stored as it is, and a system prompt reaches the model unchanged", () =>
    play("plain-answer", async (bench, run) => {
      const message = `--help -x "quoted" 'and' $HOME \`id\` {env:HOME}\n\n${"long é ".repeat(30_000)}\0end\n`;
      const systemPrompt = `Literally {env:HOME} and {file:/etc/hostname}.\n${"Be exact. ".repeat(15_000)}End.`;
      const environment = {
        ...bench.env,
        OPENCODE_CONFIG_CONTENT: JSON.stringify({ username: "somebody" }),
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      };
      const result = await run({ message, systemPrompt, environment });
      expect(result.exit).toEqual(wellEnded[name]);
      expect(userTexts(result.tree)).toEqual([message]);
      const [request] = bench.provider.requests.filter(({ title }) => !title);
      expect(JSON.stringify(request?.body)).toContain(JSON.stringify(systemPrompt).slice(1, -1));
    }));

  test("a file that is attached, and a session that is continued by id and as the last one", () =>
    playWarm(threeAnswers, async (bench, run) => {
      const first = await run({ message: "one", files: [join(bench.workdir, "notes.txt")] });
      const second = await run({ message: "two", session: first.sessionId ?? "" });
      const third = await run({ message: "three", continueLast: true });
      expect([second.sessionId, third.sessionId]).toEqual([first.sessionId, first.sessionId]);
      expect(userTexts(third.tree).filter((text) => ["one", "two", "three"].includes(text))).toEqual([
        "one",
        "two",
        "three",
      ]);
      expect(JSON.stringify(first.tree)).toContain("the port is 9090");
    }));
});

describe.each(drivers)("with the driver %s, a run that does not", (name) => {
  beforeAll(() => {
    driver = name;
  });

  test.skipIf(!linux)("the deadline ends opencode and its commands, the session is exported", async () => {
    let parts: readonly ToolPart[] = [];
    await longEnough(
      (seconds) =>
        play("killed", async (bench, run) => {
          // The clock of the deadline starts with opencode, whose cold start takes its time.
          const result = await run({ deadlineMs: 2_000 * seconds, graceMs: 2_000 });
          expect(result.exit).toMatchObject(stoppedBy("deadline")[name]);
          expect(leftovers(bench.home)).toEqual([]);
          expect(await runFolders(tmpdir(), process.pid)).toEqual([]);
          parts = toolParts(result.tree);
        }),
      () => parts.length > 0,
    );
    expect(parts.map(({ tool, state }) => [tool, state.status])).toEqual([
      // A server has the time to say how the tool ended.
      ["bash", name === "server" ? "completed" : "running"],
    ]);
  });

  test.skipIf(!linux)("the caller's signal ends it as soon as it comes", () =>
    play("killed", async (bench, run) => {
      const caller = new AbortController();
      const result = await run(
        {},
        {
          signal: caller.signal,
          onProgress: ({ phase }) => {
            if (phase.kind === "tools") caller.abort();
          },
        },
      );
      expect(result.exit).toMatchObject(stoppedBy("caller")[name]);
      expect(leftovers(bench.home)).toEqual([]);
      expect(toolParts(result.tree)).toHaveLength(1);
    }),
  );

  test("a caller who has given up before is told so", () =>
    play("plain-answer", async (bench, run) => {
      await expect(run({}, { signal: AbortSignal.abort(new Error("given up")) })).rejects.toThrow("given up");
      expect(bench.provider.requests).toEqual([]);
    }));

  test("an unknown model: the stream's error is the only evidence", () =>
    playWarm("plain-answer", async (_bench, run) => {
      const result = await run({ model: "scripted/nope" });
      expect(result.exit).toEqual(name === "server" ? { kind: "served" } : { kind: "exited", code: 1 });
      expect(result.streamErrors.map(({ error }) => error.name)).toContain("UnknownError");
      expect(result.sessionId).toMatch(/^ses_/);
      expect(result.tree?.session.messages.map(({ info }) => info.role)).toEqual(["user"]);
    }));

  test("a configuration that opencode refuses: no session, its words are kept", () =>
    play("plain-answer", async (bench, run) => {
      await writeFile(bench.configPath, "{ nonsense");
      if (name === "server") await expect(run({})).rejects.toThrow(/opencode's server could not/);
      // Without a choice `opencode run` says it in its own words.
      const result = await run({ driver: name === "server" ? "auto" : name });
      expect(result.driver).toBe("cli");
      expect(result.exit).toEqual({ kind: "exited", code: 1 });
      expect([result.sessionId, result.tree, result.raw.size]).toEqual([null, null, 0]);
      expect(result.stderrTail).toContain("opencode.json");
    }));

  test("what the caller's progress function throws ends the run and is thrown on", () =>
    play("killed", async (bench, run) => {
      const onProgress = ({ phase }: Progress) => {
        if (phase.kind === "tools") throw new Error("the terminal is gone");
      };
      await expect(run({}, { onProgress })).rejects.toThrow("the terminal is gone");
      if (linux) expect(leftovers(bench.home)).toEqual([]);
    }));
});

describe.skipIf(!linux)("when the driving process itself is ended", () => {
  async function driveAndEnd(bench: IsolatedOpenCode, signal: NodeJS.Signals): Promise<number | undefined> {
    const tsx = createRequire(import.meta.url).resolve("tsx");
    const program = fileURLToPath(new URL("./drive-and-hang.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", tsx, program, openCodeBinary(), bench.workdir], {
      env: bench.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.kill(signal);
    expect((await ended)[1]).toBe(signal);
    return child.pid;
  }

  test.each(["SIGINT", "SIGTERM"] as const)(
    "by %s: opencode, its commands and the folder go with it",
    (signal) =>
      play("killed", async (bench) => {
        const pid = await driveAndEnd(bench, signal);
        // What was killed is gone when the system comes to it.
        await expect.poll(() => leftovers(bench.home)).toEqual([]);
        expect(await runFolders(bench.tmpdir, pid)).toEqual([]);
      }),
  );

  test("by SIGKILL, which it cannot notice: the same", () =>
    play("killed", async (bench) => {
      const pid = await driveAndEnd(bench, "SIGKILL");
      await expect.poll(() => leftovers(bench.home)).toEqual([]);
      await expect.poll(() => runFolders(bench.tmpdir, pid)).toEqual([]);
    }));
});

test("with the driver server, subagents' sessions are below their parent's", async () => {
  driver = "server";
  await playWarm("subagent", async (_bench, run) => expectSubagent(await run({})));
});

describe("sessions that are there already", () => {
  beforeAll(() => {
    driver = "cli";
  });

  test("have their subagents' below them, are listed and exported; an unknown one is said to be unknown", () =>
    play("subagent", async (bench, run) => {
      const where = { opencode: openCodeBinary(), directory: bench.workdir, environment: bench.env };
      const options = (folder: Parameters<typeof listSessions>[0]["folder"], path: string) => ({
        path,
        folder,
        environment: bench.env,
        directory: bench.workdir,
      });
      expect(
        await withOpenCode(where, ({ folder, opencode }) => listSessions(options(folder, opencode.path))),
      ).toEqual([]);
      const result = await run({});
      expectSubagent(result);
      const { sessionId, raw } = result;
      await withOpenCode(where, async ({ folder, opencode }) => {
        const at = options(folder, opencode.path);
        const sessions = await listSessions(at, 5);
        expect(sessions.map(({ id, directory }) => [id, directory])).toEqual([[sessionId, bench.workdir]]);
        const again = await exportSession(sessionId ?? "", at);
        expect([...again.raw]).toEqual([...raw]);
        await expect(exportSession("ses_0000000000000000000000000a", at)).rejects.toThrow(
          SessionNotFoundError,
        );
        await expect(exportSession("--help", at)).rejects.toThrow(SessionNotFoundError);
      });
    }));
});
