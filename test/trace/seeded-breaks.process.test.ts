import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/opencode/server/connection.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";
import { startMcpServer } from "../cli/mcp-server.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { providerId } from "../support/isolated-opencode.js";
import { driveAt } from "../support/play-drive.js";
import { openSession } from "../support/play-on-server.js";
import { madeScenario } from "../support/play-run.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

interface Turn {
  /** Done before its prompt. */
  readonly seed?: () => Promise<unknown>;
  readonly agent?: string;
  /** Whether what is done asks the model too. */
  readonly asks?: true;
  /** What is to be told of the break. */
  readonly told?: object;
}

const tool = (name: string) => ({ name, description: `Does ${name}` });
const agent = {
  plain: { mode: "primary" },
  careful: { mode: "primary", options: { reasoningEffort: "high" } },
  reviewer: { mode: "primary", prompt: "You review what others wrote." },
};

test("what breaks a cache in the real opencode is told with its owner, each time", async () => {
  let tools = ["search", "comment", "close"].map(tool);
  const mcp = await startMcpServer(() => tools);
  onTestFinished(() => mcp.close());
  const instruct = (text: string) => writeFile(join(bench.workdir, "AGENTS.md"), text);
  const changeTools = async (change: (before: typeof tools) => typeof tools): Promise<void> => {
    tools = change(tools);
    await client.mcp.disconnect({ name: "jira" });
    await client.mcp.connect({ name: "jira" });
  };
  const editPrompt = async (): Promise<void> => {
    const { data: messages = [] } = await client.session.messages({ sessionID });
    const [part] = messages.flatMap(({ info, parts }) => (info.role === "user" ? parts : []));
    if (part?.type !== "text") throw new Error("no prompt is there");
    const { messageID, id: partID } = part;
    await client.part.update({ sessionID, messageID, partID, part: { ...part, text: "Another beginning." } });
  };
  const instructions = { kind: "system", section: "instructions", source: expect.stringMatching(/\/AGENTS\.md$/) };
  const ofServer = { kind: "tool-schema", server: "jira" };
  const turns: readonly Turn[] = [
    { agent: "plain" },
    { agent: "plain", seed: () => instruct("Be brief.\n"), told: { causeKind: "system-changed", owner: instructions } },
    { agent: "plain", seed: () => instruct("Be kind.\n"), told: { causeKind: "system-changed", owner: instructions } },
    { agent: "plain", told: { causeKind: "lost", owner: null } },
    {
      agent: "plain",
      seed: () => client.mcp.add({ name: "jira", config: { type: "remote", url: mcp.url } }),
      told: { causeKind: "tools-added", owner: ofServer },
    },
    {
      // opencode sorts them: this changes nothing that is sent.
      agent: "plain",
      seed: () => changeTools((before) => before.toReversed()),
      told: { causeKind: "lost", owner: null },
    },
    {
      agent: "plain",
      seed: () => changeTools((before) => before.map(({ name }) => ({ name, description: `Now does ${name}` }))),
      told: { causeKind: "tool-changed", owner: ofServer },
    },
    {
      agent: "plain",
      seed: () => client.mcp.disconnect({ name: "jira" }),
      told: { causeKind: "tools-removed", owner: ofServer },
    },
    { agent: "careful", told: { causeKind: "parameters", owner: { kind: "rest" } } },
    {
      agent: "reviewer",
      told: { causeKind: "system-changed", owner: { kind: "system", section: "agent", source: "reviewer" } },
    },
    { agent: "reviewer", seed: editPrompt, told: { causeKind: "message-edited", owner: { kind: "prompt" } } },
    {
      agent: "reviewer",
      seed: () => client.session.summarize({ sessionID, providerID: providerId, modelID: "m1" }),
      asks: true,
      told: { causeKind: "compaction" },
    },
  ];
  // Less comes from the cache each time, of more that is asked.
  const replies = turns.flatMap(({ asks }, index) => {
    const usage = { input: 20_000 + index * 500, cached: 19_000 - index * 500, output: 10 };
    const reply = { text: `Answer ${index}.`, usage };
    return asks ? [{ text: "It was about much.", usage: { input: 9_000, cached: 0, output: 10 } }, reply] : [reply];
  });
  const bench = await warmOpenCode(madeScenario(replies, { opencode: { agent } }));
  onTestFinished(() => bench.remove());
  const client = await connect(bench.server, bench.workdir);
  const sessionID = await openSession(client);
  for (const [index, { seed, agent: asked = "plain" }] of turns.slice(0, -1).entries()) {
    await seed?.();
    await client.session.prompt({ sessionID, agent: asked, parts: [{ type: "text", text: `Prompt ${index}.` }] });
  }
  await turns.at(-1)?.seed?.();
  const last = { session: sessionID, agent: turns.at(-1)?.agent, message: "The last.", wire: "full" } as const;
  const { tree, wire } = await driveAt(bench, "server")(last);
  if (!tree) throw new Error("there is no session");
  const traces = traceSession(tree, { wire: readRecording(wire ?? "", "recording"), mcpServers: ["jira"] });
  const events = traces.flatMap(({ loop }) => loop.steps.flatMap((step) => step.events));
  const told = events
    .filter(({ name }) => name === "cache-break")
    .map(({ attributes: { causeKind, owner, cause } }) => ({
      ...{ cause, causeKind },
      owner: typeof owner === "string" ? JSON.parse(owner) : null,
    }));
  expect(told).toMatchObject(turns.flatMap((turn) => turn.told ?? []));
});
