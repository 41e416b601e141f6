import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { readExport } from "../../src/opencode/read/read-export.js";
import type { SessionExport } from "../../src/opencode/schema/exported-session.js";
import { connect } from "../../src/opencode/server/connection.js";
import { readSessionFrom } from "../../src/opencode/server/read-session.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { onlyOne } from "../support/fixtures.js";
import { messagesOf } from "../support/generation1.js";
import { type IsolatedOpenCode, isolatedOpenCode } from "../support/isolated-opencode.js";
import { longEnough } from "../support/long-enough.js";
import { openSession, until } from "../support/play-on-server.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { loadScenario } from "./load-scenario.js";
import { runScenario } from "./run-scenario.js";
import type { Scenario } from "./scenario.js";

allowColdStarts();

/** Sends a scenario's prompts to the server that the tests share. */
async function playOnShared(
  name: string,
  look: (played: {
    readonly bench: IsolatedOpenCode;
    readonly exports: readonly string[];
    readonly sessions: readonly SessionExport[];
  }) => Promise<void> | void,
): Promise<void> {
  const scenario = await loadScenario(name);
  await using bench = await warmOpenCode(scenario);
  const client = await connect(bench.server, bench.workdir);
  const sessionID = await openSession(client);
  for (const { text } of scenario.prompts) await client.session.prompt({ sessionID, parts: [{ type: "text", text }] });
  // The title is asked for beside the turn.
  await until(() => bench.provider.requests.some(({ title, outcome }) => title && outcome === "answered"));
  expect(bench.provider.unforeseen()).toEqual([]);
  expect(bench.provider.requests.filter(({ title }) => !title)).toHaveLength(replyCount(scenario));
  const { raw } = await readSessionFrom(client, sessionID);
  const exports = [...raw.values()];
  await look({ bench, exports, sessions: exports.map((text) => readExport(text, name)) });
}

const replyCount = ({ lanes }: Scenario) => lanes.reduce((sum, { replies }) => sum + replies.length, 0);

/** One line a part: what the session holds, without its ids and times. */
function outline(session: SessionExport | undefined): string[] {
  return messagesOf(session).flatMap(({ info, parts }) =>
    parts.map((part) => `${info.role} ${part.type === "tool" ? `${part.tool} ${part.state.status}` : part.type}`),
  );
}

function finishedTokens(session: SessionExport | undefined) {
  return messagesOf(session).flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === "step-finish" ? [part.tokens] : [])),
  );
}

test("chat completions: multistep", () =>
  playOnShared("multistep", async ({ bench, sessions }) => {
    expect(sessions).toHaveLength(1);
    const [session] = sessions;
    expect(session?.info.title).toBe("A scripted session");
    expect(outline(session).filter((line) => line.includes("completed"))).toEqual([
      "assistant bash completed",
      "assistant read completed",
      "assistant read completed",
      "assistant edit completed",
      "assistant bash completed",
    ]);
    expect(outline(session).filter((line) => line === "assistant reasoning")).toHaveLength(4);
    expect(finishedTokens(session)).toMatchObject([
      { input: 4000, output: 116, reasoning: 24, cache: { read: 0, write: 0 }, total: 4140 },
      { input: 760, output: 76, reasoning: 20, cache: { read: 3840, write: 0 }, total: 4696 },
      { input: 340, output: 40, reasoning: 18, cache: { read: 4480, write: 0 }, total: 4878 },
      { input: 224, output: 26, reasoning: 8, cache: { read: 4736, write: 0 }, total: 4994 },
    ]);
    expect(await readFile(path.join(bench.workdir, "settings.txt"), "utf8")).toContain("port = 9090");
    expect(bench.provider.requests.map(({ sessionId }) => sessionId)).toEqual(
      bench.provider.requests.map(() => session?.info.id),
    );
  }));

test("Anthropic's messages: anthropic", () =>
  playOnShared("anthropic", ({ exports, sessions }) => {
    const [session] = sessions;
    expect(outline(session)).toEqual([
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
  }));

test("OpenAI's Responses: responses", () =>
  playOnShared("responses", ({ sessions }) => {
    const [session] = sessions;
    expect(outline(session)).toEqual([
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
  }));

test("a subagent's session is exported beside its parent's", () =>
  playOnShared("subagent", ({ bench, sessions }) => {
    const [parent, child] = sessions;
    expect(child?.info.parentID).toBe(parent?.info.id);
    expect(outline(parent)).toContain("assistant task completed");
    const fromWorker = bench.provider.requests.filter(({ lane }) => lane === "worker");
    expect(fromWorker.map(({ parentSessionId }) => parentSessionId)).toEqual([parent?.info.id, parent?.info.id]);
  }));

test("a killed run leaves a half-finished session, and its place nothing; it fetches nothing", async () => {
  const scenario = await loadScenario("killed");
  const { stopAfter } = scenario;
  if (!stopAfter) throw new Error("the scenario has no end");
  const last = await longEnough(
    async (seconds) => {
      const bench = await isolatedOpenCode(scenario);
      try {
        const { turns, exports } = await runScenario(
          { ...scenario, stopAfter: { ...stopAfter, ms: 875 * seconds } },
          bench,
        );
        expect(bench.provider.unforeseen()).toEqual([]);
        expect(bench.provider.requests.filter(({ title }) => !title)).toHaveLength(replyCount(scenario));
        expect(turns.map(({ signal }) => signal)).toEqual(["SIGKILL"]);
        // It has fetched nothing from npm's registry.
        expect(existsSync(path.join(bench.home, ".npm"))).toBe(false);
        return outline(readExport(onlyOne(exports), "killed")).at(-1);
      } finally {
        await bench.remove();
        for (const place of [bench.home, bench.configPath]) expect(existsSync(place)).toBe(false);
      }
    },
    (played) => played === "assistant bash running",
  );
  expect(last).toBe("assistant bash running");
});
