import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { SessionNotFoundError } from "../../src/errors/session-not-found-error.js";
import { exportSession } from "../../src/opencode/cli/export-session.js";
import { listSessions } from "../../src/opencode/cli/list-sessions.js";
import { type OpenCodeAtHand, withOpenCode } from "../../src/opencode/program/with-opencode.js";
import { parseLog } from "../../src/opencode/read/log-line.js";
import type { Progress } from "../../src/opencode/request/progress.js";
import { loadScenario } from "../provider/load-scenario.js";
import type { Reply, Scenario } from "../provider/scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { messagesOf } from "../support/generation1.js";
import { type IsolatedOpenCode, isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import {
  driveAt,
  drivers,
  expectNothingIn,
  expectSubagent,
  once,
  toolParts,
  userTexts,
  wellEnded,
} from "../support/play-drive.js";
import { madeScenario } from "../support/play-run.js";
import { expectRecorded, expectSizes } from "../support/recorded-wire.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const DELEGATE = "How many fruits are listed? Let the worker find out.";

/** How many variables of the tap's a command of the agent is told. */
const COUNTS_VARIABLES = "env | grep -cE '^(LOOPTRACE_WIRE|BUN_INSPECT)'";

/** A turn of several steps, one with a subagent, and a short one. */
async function threeTurns(): Promise<Scenario> {
  const [steps, delegation] = await Promise.all([loadScenario("multistep"), loadScenario("subagent")]);
  const lanes = [
    { name: "begins", match: "Begin.", replies: [{ text: "Begun." }] },
    ...delegation.lanes.map((lane) => (lane.match === undefined ? { ...lane, match: DELEGATE } : lane)),
    ...steps.lanes.map((lane) => ({ ...lane, name: "steps", replies: lane.replies.map(countingVariables) })),
  ];
  const files = { ...steps.files, ...delegation.files, "port.txt": "the port is 7070" };
  return madeScenario([], { lanes, files, opencode: delegation.opencode });
}

function countingVariables(reply: Reply): Reply {
  const command = (before: unknown) => `${String(before)}; ${COUNTS_VARIABLES}`;
  return {
    ...reply,
    toolCalls: reply.toolCalls.map((call) =>
      typeof call.arguments === "object" && "command" in call.arguments
        ? { ...call, arguments: { ...call.arguments, command: command(call.arguments.command) } }
        : call,
    ),
  };
}

// Each is longer than Linux lets an argument, or a variable, be.
const message = `--help -x "quoted" 'and' $HOME \`id\` {env:HOME}\n\n${"long é ".repeat(18_000)}\0end\n`;
const systemPrompt = `Literally {env:HOME} and {file:/etc/hostname}.\n${"Be exact. ".repeat(14_000)}End.`;

/** With an opencode of its own that is done with when the test is. */
async function place(scenario: Scenario): Promise<IsolatedOpenCode> {
  const bench = await isolatedOpenCode(scenario);
  onTestFinished(async () => {
    await expectNothingIn(bench);
    await bench.remove();
  });
  return bench;
}

// A prompt to an opencode that starts costs seconds: each is asked once, and the tests look at what came of it.
describe.each(drivers)("with the driver %s", (driver) => {
  let bench: IsolatedOpenCode;
  /** Where turns follow one another: at the shared server, also by `opencode run`, which is its client then. */
  let further: IsolatedOpenCode;
  beforeAll(async () => {
    const scenario = await threeTurns();
    bench = await isolatedOpenCode(scenario);
    further = await warmOpenCode(scenario);
  });
  afterAll(async () => {
    await bench.remove();
    await further.remove();
  });

  const inStore = async <T>(use: (atHand: OpenCodeAtHand) => Promise<T>): Promise<T> => {
    const { workdir: directory, env: environment, binary: opencode } = bench;
    return await withOpenCode({ opencode, directory, environment }, use);
  };
  /** The real one: what the bench's says of its store by itself is held to it. */
  const at = ({ folder }: OpenCodeAtHand) => ({
    ...{ path: openCodeBinary(), folder, environment: bench.env, directory: bench.workdir },
  });
  const atFirst = once(() => inStore((atHand) => listSessions(at(atHand))));

  const seen: Progress[] = [];
  const first = once(async () => {
    if (driver === "cli") await atFirst();
    const environment = {
      ...bench.env,
      OPENCODE_CONFIG_CONTENT: JSON.stringify({ username: "somebody" }),
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
    };
    return await driveAt(bench, driver)(
      { message, systemPrompt, title: "-t A title", environment, wire: driver === "cli" ? "full" : "sizes" },
      { onProgress: (progress) => seen.push(progress) },
    );
  });
  const begun = once(() => driveAt(further, "server")({ message: "Begin." }));
  const second = once(async () => {
    await begun();
    return await driveAt(further, driver)({ message: "two", continueLast: true, model: "scripted/nope" });
  });
  // The last turn, for it has two sessions to read.
  const third = once(async () => {
    const { sessionId } = await begun();
    await second();
    const files = [join(further.workdir, "port.txt")];
    // A turn asks for the model of the one before, unless it is told.
    const model = "scripted/m1";
    return await driveAt(further, driver)({ message: DELEGATE, session: sessionId ?? "", files, model });
  });

  test("several steps: session, progress, log", async () => {
    const result = await first();
    expect(result.exit).toEqual(wellEnded[driver]);
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
      // Both commands count what is not there: grep ends with exit code 1, which opencode calls completed.
      toolsFailed: 2,
      tokens: { input: 5324, output: 258, reasoning: 70, cacheRead: 13056, cacheWrite: 0 },
    });
    expect(seen.at(-1)).toEqual(result.progress);
    expect(seen.length).toBeGreaterThan(3);
    expect(new Set(seen.map(({ step }) => step))).toContain(3);
    const requests = parseLog(result.logText).filter(
      (line) => line.message === "stream" && line.fields.small === "false",
    );
    expect(requests).toHaveLength(4);
    expect(requests[0]?.fields["session.id"]).toBe(result.sessionId);
  });

  test("a message of any kind is stored as it is, and a system prompt reaches the model unchanged", async () => {
    const { tree } = await first();
    expect(userTexts(tree)).toEqual([message]);
    const [request] = bench.provider.requests.filter(({ title }) => !title);
    expect(JSON.stringify(request?.body)).toContain(JSON.stringify(systemPrompt).slice(1, -1));
  });

  test("what it sends is recorded, as the provider got it or without texts; what it starts is told nothing of it", async () => {
    const { wire, tree } = await first();
    if (driver === "cli") expectRecorded(wire ?? "", bench.provider);
    else expectSizes(wire ?? "", bench.provider);
    const said = toolParts(tree).flatMap(({ tool, state }) =>
      tool === "bash" && state.status === "completed" ? [state.output] : [],
    );
    expect(said).toEqual(["2:port = 8080\n0\n", "port = 9090\n0\n"]);
  });

  test("a prompt names the caller's temporary folder, and so begins alike in each process", async () => {
    await first();
    const [request] = bench.provider.requests.filter(({ title }) => !title);
    expect(JSON.stringify(request?.body)).toContain(JSON.stringify(join(bench.tmpdir, "opencode")).slice(1, -1));
  });

  test("the last session is continued", async () => {
    const [{ sessionId, tree: earlier }, result] = [await begun(), await second()];
    expect(result.sessionId).toBe(sessionId);
    expect(userTexts(result.tree)).toEqual([...userTexts(earlier), "two"]);
  });

  test("an unknown model: the stream's error is the only evidence", async () => {
    const [{ tree: earlier }, result] = [await begun(), await second()];
    expect(result.exit).toEqual(driver === "server" ? { kind: "served" } : { kind: "exited", code: 1 });
    expect(result.streamErrors.map(({ error }) => error.name)).toContain("UnknownError");
    const roles = messagesOf(earlier?.session).map(({ info }) => info.role);
    expect(messagesOf(result.tree?.session).map(({ info }) => info.role)).toEqual([...roles, "user"]);
  });

  test("a session that is continued by its id, and a file that is attached", async () => {
    const [{ sessionId, tree: earlier }, { sessionId: same, exit, tree }] = [await begun(), await third()];
    expect([same, exit]).toEqual([sessionId, wellEnded[driver]]);
    const texts = userTexts(tree);
    expect([texts[0], texts.at(-1)]).toEqual([userTexts(earlier)[0], DELEGATE]);
    expect(JSON.stringify(earlier)).not.toContain("the port is 7070");
    expect(JSON.stringify(tree)).toContain("the port is 7070");
  });

  test("subagents' sessions are below their parent's", async () => expectSubagent(await third()));

  if (driver === "cli")
    test("sessions are listed and exported; an unknown one is said to be unknown", async () => {
      expect(await atFirst()).toEqual([]);
      const { sessionId, raw } = await first();
      await inStore(async (atHand) => {
        const sessions = await listSessions(at(atHand), 5);
        expect(sessions.map(({ id, directory }) => [id, directory])).toEqual([[sessionId, bench.workdir]]);
        const { path } = atHand.opencode;
        expect(await listSessions({ ...at(atHand), path }, 5)).toEqual(sessions);
        expect(await exportSession(sessionId ?? "", at(atHand))).toMatchObject({ raw, notes: [] });
        const children = async () => new Map();
        for (const options of [at(atHand), { ...at(atHand), path }])
          for (const unknown of ["ses_0000000000000000000000000a", "--help"])
            await expect(exportSession(unknown, { ...options, children })).rejects.toThrow(SessionNotFoundError);
      });
    });

  test("nothing is left in the temporary folder", async () => {
    await Promise.all([first(), third()]);
    await expectNothingIn(bench);
    await expectNothingIn(further);
  });
});

test.each(drivers)("with the driver %s, a caller who has given up before is told so", async (driver) => {
  const bench = await place(await loadScenario("plain-answer"));
  const signal = AbortSignal.abort(new Error("given up"));
  await expect(driveAt(bench, driver)({}, { signal })).rejects.toThrow("given up");
  expect(bench.provider.requests).toEqual([]);
});

describe("a configuration that opencode refuses", () => {
  test("by the driver server: it could not become one", async () => {
    await using bench = await warmOpenCode(await loadScenario("plain-answer"), { fresh: true });
    await writeFile(bench.configPath, "{ nonsense");
    await expect(driveAt(bench, "server")({})).rejects.toThrow(/opencode's server could not/);
    expect(bench.provider.requests).toEqual([]);
  });

  test("without a choice `opencode run` says it in its own words, and there is no session", async () => {
    const bench = await place(await loadScenario("plain-answer"));
    await writeFile(bench.configPath, "{ nonsense");
    const result = await driveAt(bench, "cli")({ driver: "auto" });
    expect(result.driver).toBe("cli");
    expect(result.exit).toEqual({ kind: "exited", code: 1 });
    expect([result.sessionId, result.tree, result.raw.size]).toEqual([null, null, 0]);
    expect(result.stderrTail).toContain("opencode.json");
  });
});
