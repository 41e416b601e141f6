import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import type { TurnResult } from "../../src/agent/turn-result.js";
import { storePaths } from "../../src/files/store-paths.js";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionExport } from "../../src/opencode/schema/exported-session.js";
import { loadScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { loadFixture, tracesOf } from "../support/fixtures.js";
import { generation1, messagesOf } from "../support/generation1.js";
import { type Evidence, expectTold } from "../support/mirrored-session.js";
import { once } from "../support/play-drive.js";
import { followedOnServer } from "../support/play-on-server.js";
import { expectRecorded } from "../support/recorded-wire.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { outline } from "./outline.js";

allowColdStarts();

/** Plays a scenario's prompts once, by the driver server, and keeps all that there is to look at. */
async function play(name: string) {
  const scenario = await loadScenario(name);
  await using bench = await warmOpenCode(scenario);
  const store = storePaths(bench.env);
  const agent = new OpenCode({
    ...{ opencode: bench.binary, directory: bench.workdir, environment: bench.env, store, driver: "server" },
    permissions: scenario.prompts.some(({ flags }) => flags.some((flag) => /auto|skip/.test(flag))) ? "allow" : "deny",
    timeoutMs: 60_000,
  });
  const results: TurnResult[] = [];
  const followed = await followedOnServer(bench, async () => {
    for (const { text } of scenario.prompts) results.push(await agent.run(text, { continueLast: results.length > 0 }));
    return results[0]?.sessionId ?? "";
  });
  const recordings = (await readdir(store.sessions)).filter((file) => file.startsWith(`${followed.sessionId}.wire-`));
  return {
    ...{ scenario, results, followed, provider: bench.provider, workdir: bench.workdir },
    wire: (await Promise.all(recordings.map((file) => readFile(join(store.sessions, file), "utf8")))).join(""),
    exports: [...followed.read.raw.values()],
    sessions: [...followed.read.raw.values()].map((text) => readExport(text, name)),
    files: await contentsOf(bench.workdir),
  };
}

async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(names.map(async ({ name }) => [name, await readFile(join(folder, name), "utf8")])),
  );
}

type Played = Awaited<ReturnType<typeof play>>;

/** `opencode run` made the recordings, in this folder. */
const RECORDED_IN = "/home/dev/project";

const SCENARIOS = [
  ...["anthropic", "compaction", "content-filter", "doom-loop", "empty-answer", "failing-tool", "length", "multistep"],
  ...["overflow", "parallel-subagents", "permission-rejected", "plain-answer", "provider-401", "quota-exhausted"],
  ...["rate-limited-then-ok", "responses", "retry-in-stream", "subagent", "two-turns", "unicode"],
];

/** What the recording of an attempt that broke off tells of it; opencode's log tells nothing. */
const BROKEN_OFF = "retry-in-stream";
const TOLD = { error: "server_error", text: "Hello, this sent" };

/** What the events tell beside the session, and at how many moments at least something more of the trace is closed. */
const EVENTS: Readonly<Record<string, Partial<Evidence>>> = {
  ...{ compaction: { moments: 3 }, multistep: { moments: 3 }, overflow: { moments: 3 }, subagent: { moments: 3 } },
  ...{ "permission-rejected": { permissions: ["reject"] } },
  ...{ "quota-exhausted": { retries: 5 }, "rate-limited-then-ok": { retries: 1 } },
};

const replyCount = ({ lanes }: Scenario) => lanes.reduce((sum, { replies }) => sum + replies.length, 0);

/** One line a part: what the session holds, without its ids and times. */
function partsOf(session: SessionExport | undefined): string[] {
  return messagesOf(session).flatMap(({ info, parts }) =>
    parts.map((part) => `${info.role} ${part.type === "tool" ? `${part.tool} ${part.state.status}` : part.type}`),
  );
}

function finishedTokens(session: SessionExport | undefined) {
  return messagesOf(session).flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === "step-finish" ? [part.tokens] : [])),
  );
}

/** What the protocols of providers come out as in opencode's own words. */
const inProtocols: Readonly<Record<string, (played: Played) => void>> = {
  multistep: ({ sessions, files, provider }) => {
    expect(sessions).toHaveLength(1);
    const [session] = sessions;
    expect(session?.info.title).toBe("A scripted session");
    expect(partsOf(session).filter((line) => line.includes("completed"))).toEqual([
      "assistant bash completed",
      "assistant read completed",
      "assistant read completed",
      "assistant edit completed",
      "assistant bash completed",
    ]);
    expect(partsOf(session).filter((line) => line === "assistant reasoning")).toHaveLength(4);
    expect(finishedTokens(session)).toMatchObject([
      { input: 4000, output: 116, reasoning: 24, cache: { read: 0, write: 0 }, total: 4140 },
      { input: 760, output: 76, reasoning: 20, cache: { read: 3840, write: 0 }, total: 4696 },
      { input: 340, output: 40, reasoning: 18, cache: { read: 4480, write: 0 }, total: 4878 },
      { input: 224, output: 26, reasoning: 8, cache: { read: 4736, write: 0 }, total: 4994 },
    ]);
    expect(files["settings.txt"]).toContain("port = 9090");
    expect(provider.requests.map(({ sessionId }) => sessionId)).toEqual(provider.requests.map(() => session?.info.id));
  },
  anthropic: ({ exports, sessions: [session] }) => {
    expect(partsOf(session)).toEqual([
      "user text",
      "assistant step-start",
      "assistant reasoning",
      "assistant text",
      "assistant read completed",
      "assistant step-finish",
      "assistant step-start",
      "assistant reasoning",
      "assistant text",
      "assistant step-finish",
    ]);
    expect(exports[0]).toContain('"signature": "signature-of-message-');
    expect(finishedTokens(session)).toMatchObject([
      { input: 400, output: 110, reasoning: 0, cache: { read: 0, write: 4600 }, total: 5110 },
      { input: 160, output: 30, reasoning: 0, cache: { read: 4600, write: 500 }, total: 5290 },
    ]);
  },
  responses: ({ sessions: [session] }) => {
    expect(partsOf(session)).toEqual([
      "user text",
      "assistant step-start",
      "assistant reasoning",
      "assistant read completed",
      "assistant read completed",
      "assistant step-finish",
      "assistant step-start",
      "assistant text",
      "assistant step-finish",
    ]);
    expect(finishedTokens(session)).toMatchObject([
      { input: 4000, output: 64, reasoning: 32, cache: { read: 0, write: 0 }, total: 4096 },
      { input: 332, output: 10, reasoning: 0, cache: { read: 3968, write: 0 }, total: 4310 },
    ]);
  },
  subagent: ({ sessions: [parent, child], provider }) => {
    expect(child?.info.parentID).toBe(parent?.info.id);
    expect(partsOf(parent)).toContain("assistant task completed");
    const fromWorker = provider.requests.filter(({ lane }) => lane === "worker");
    expect(fromWorker.map(({ parentSessionId }) => parentSessionId)).toEqual([parent?.info.id, parent?.info.id]);
  },
};

// A play costs seconds, so each is looked at from all sides.
describe.each(SCENARIOS)("played to a server: %s", (name) => {
  const played = once(() => play(name));

  test("the trace is what `opencode run` was recorded to make of it", async () => {
    const { results, workdir } = await played();
    const recorded = loadFixture(`${name}@1.18.33`);
    const traces = tracesOf(recorded, "log");
    expect(results.map(({ driver, notes }) => [driver, notes])).toEqual(traces.map(() => ["server", []]));
    expect(
      outline(
        results.flatMap((result) => result.traces),
        workdir,
      ),
    ).toEqual(outline(traces, RECORDED_IN, name === BROKEN_OFF ? TOLD : undefined));
    expect(results.map(({ error }) => error?.code ?? null)).toEqual(traces.map(({ loop }) => loop.error?.code ?? null));
    expect(results.map(({ session }) => session && generation1(session.session).info.permission)).toEqual(
      traces.map(() => recorded.session.info.permission),
    );
  });

  test("every request is recorded as the provider got it, and it got what the scenario foresees", async () => {
    const { wire, provider, scenario } = await played();
    expectRecorded(wire, provider);
    expect(provider.unforeseen()).toEqual([]);
    expect(provider.requests.filter(({ title }) => !title)).toHaveLength(replyCount(scenario));
  });

  // Of an answer that broke off the events tell more than what is stored in the end.
  if (name !== BROKEN_OFF)
    test("its events tell what the server tells, and at each moment a trace that only grows", async () => {
      expectTold((await played()).followed, EVENTS[name]);
    });

  if (inProtocols[name]) test("in opencode's words", async () => inProtocols[name]?.(await played()));
});
