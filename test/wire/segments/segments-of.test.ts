import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Segment } from "../../../src/wire/segment.js";
import { segmentsOf } from "../../../src/wire/segments/segments-of.js";
import { tries } from "../../support/tries.js";
import { BODIES, PROTOCOLS, SYSTEM } from "../bodies.js";
import { exchangeOf } from "../exchanges.js";

const OWNERS = { mcpServers: ["jira"], agent: "build" };

/** Fails where a body is not the segments behind each other. */
function expectWhole(body: string, segments: readonly Segment[]): void {
  expect(segments.map(({ from, to }) => body.slice(from, to)).join("")).toBe(body);
  let at = 0;
  for (const { from, to } of segments) {
    expect(from).toBe(at);
    expect(to).toBeGreaterThan(from);
    at = to;
  }
}

describe.each(PROTOCOLS)("the segments of a request of %s", (protocol) => {
  const exchange = exchangeOf(...BODIES[protocol]);
  const segments = segmentsOf(exchange, OWNERS);

  test("are the whole body", () => {
    expectWhole(exchange.body.text, segments);
  });

  test("have owners", () => {
    const owners = segments.map(({ owner }) => owner).filter(({ kind }) => kind !== "rest");
    const ofKind = (kind: string) => owners.filter((owner) => owner.kind === kind);
    expect(ofKind("system")).toEqual([
      { kind: "system", section: "opencode", source: null },
      { kind: "system", section: "environment", source: null },
      { kind: "system", section: "instructions", source: "/repo/AGENTS.md" },
      { kind: "system", section: "mcp", source: "jira" },
      { kind: "system", section: "mcp", source: "wiki" },
      { kind: "system", section: "skills", source: null },
      { kind: "system", section: "other", source: null },
    ]);
    expect(ofKind("tool-schema")).toEqual([
      { kind: "tool-schema", tool: "read", origin: "opencode", server: null },
      { kind: "tool-schema", tool: "jira_get", origin: "mcp", server: "jira" },
    ]);
    const conversation = owners.filter(({ kind }) => kind !== "system" && kind !== "tool-schema");
    expect(conversation).toEqual([
      { kind: "prompt" },
      { kind: "thinking" },
      { kind: "tool-call", tool: "read", callId: "call_1" },
      { kind: "tool-result", tool: "read", callId: "call_1", argument: "/repo/a.txt" },
      ...(protocol === "openai-chat" ? [{ kind: "synthetic" }] : []),
      { kind: "attachment", mime: "image/png", filename: null },
    ]);
  });

  test("have the system prompt as the model reads it, and as it stands in the body", () => {
    const sections = segments.filter(({ owner }) => owner.kind === "system");
    expect(sections.map(({ text }) => text).join("")).toBe(SYSTEM);
    for (const { from, to, text } of sections) {
      expect(JSON.parse(`"${exchange.body.text.slice(from, to)}"`)).toBe(text);
    }
  });
});

test("a tool is a plugin's only where all MCP servers are known", () => {
  const body = { model: "m", messages: [], tools: [{ function: { name: "jira_get", parameters: {} } }] };
  const owner = (mcpServers: readonly string[] | null) =>
    segmentsOf(exchangeOf("/chat/completions", body), { mcpServers, agent: null }).find(
      (segment) => segment.owner.kind === "tool-schema",
    )?.owner;
  expect(owner(null)).toMatchObject({ origin: "unknown", server: null });
  expect(owner([])).toMatchObject({ origin: "plugin", server: null });
  expect(owner(["ji", "jira"])).toMatchObject({ origin: "mcp", server: "jira" });
  expect(owner(["ji!ra", "ji?ra"])).toMatchObject({ origin: "plugin" });
});

test("an agent's own prompt stands in opencode's place, and files may say what they like", () => {
  const file = "Instructions from: /a.md\n<env>\n# You are powered by the model named x\n</env>\n";
  const system = `You are the writer.\nHere is some useful information about the environment\n<env>\n</env>\n${file}Instructions from: /b.md\nB`;
  const segments = segmentsOf(exchangeOf("/messages", { system, messages: [] }), { mcpServers: null, agent: "writer" });
  const sections = segments.flatMap(({ owner }) => (owner.kind === "system" ? [[owner.section, owner.source]] : []));
  expect(sections).toEqual([
    ["agent", "writer"],
    ["environment", null],
    ["instructions", "/a.md"],
    ["instructions", "/b.md"],
  ]);
});

test("opencode 2 has the date behind the environment, and it is of that too", () => {
  const system =
    "You are opencode.\n\nHere is some useful information about the environment you are running in:\n<env>\n  Platform: linux\n</env>\n\nToday's date: Sun Nov 29 2026\n\nInstructions from: /a.md\nA";
  const segments = segmentsOf(exchangeOf("/messages", { system, messages: [] }), OWNERS);
  const sections = segments.flatMap(({ owner }) => (owner.kind === "system" ? [owner.section] : []));
  expect(sections).toEqual(["opencode", "environment", "environment", "instructions"]);
  expect(segments.find(({ text }) => text.startsWith("Today"))?.owner).toMatchObject({ section: "environment" });
});

test("texts that opencode puts between are told from a person's", () => {
  const texts = [
    'Called the Read tool with the following input: {"filePath":"/a"}',
    "<path>/a</path>\n<type>file</type>",
    "Look at it.",
    "<path>/b</path> is what I mean",
    "<system-reminder>\n# Plan Mode",
    "Continue if you have next steps, or stop and ask",
    "<conversation-checkpoint>\nThe following is a summary",
  ];
  const content = texts.map((text) => ({ type: "text", text }));
  const segments = segmentsOf(exchangeOf("/messages", { messages: [{ role: "user", content }] }), OWNERS);
  const kinds = segments.map(({ owner }) => owner.kind).filter((kind) => kind !== "rest");
  expect(kinds).toEqual(["synthetic", "synthetic", "prompt", "prompt", "synthetic", "synthetic", "synthetic"]);
});

test("any request is the whole of its segments", () => {
  const text = fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "🎉", "<env>\n", "Instructions from: x\n") });
  const block = fc.oneof(
    fc.record({ type: fc.constant("text"), text }),
    fc.record({ type: fc.constant("tool_use"), id: text, name: text, input: fc.dictionary(text, text) }),
    fc.record({
      type: fc.constant("tool_result"),
      tool_use_id: text,
      content: fc.oneof(text, fc.array(fc.record({ type: fc.constant("text"), text }))),
    }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const body = fc.record(
    {
      model: text,
      system: fc.oneof(text, fc.array(fc.record({ type: fc.constant("text"), text }))),
      messages: fc.array(
        fc.record({ role: fc.constantFrom("user", "assistant", "system"), content: fc.oneof(text, fc.array(block)) }),
      ),
      tools: fc.array(fc.record({ name: text, description: text, input_schema: fc.jsonValue({ maxDepth: 1 }) })),
    },
    { requiredKeys: ["model", "messages"] },
  );
  fc.assert(
    fc.property(
      body,
      fc.constantFrom("/messages", "/chat/completions", "/responses"),
      fc.boolean(),
      (value, path, indent) => {
        const exchange = exchangeOf(path, JSON.stringify(value, null, indent ? 1 : 0));
        expectWhole(exchange.body.text, segmentsOf(exchange, OWNERS));
      },
    ),
    { seed: 16, numRuns: tries(200) },
  );
});
