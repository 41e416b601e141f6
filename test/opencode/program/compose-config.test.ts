import { expect, test } from "vitest";
import { RunRequestError } from "../../../src/errors/run-request-error.js";
import { composeConfig, configContent, promptNeedsFile } from "../../../src/opencode/program/compose-config.js";

test("nothing asked, nothing generated", () => {
  expect(composeConfig({})).toEqual({ config: null, agent: undefined });
  expect(composeConfig({ agent: "build", mcp: [] })).toEqual({ config: null, agent: "build" });
});

test("a system prompt makes an agent of its own, or overrides the named agent's", () => {
  expect(composeConfig({ systemPrompt: { text: "Be brief." } })).toEqual({
    config: { agent: { looptrace: { mode: "primary", prompt: "Be brief." } } },
    agent: "looptrace",
  });
  expect(composeConfig({ agent: "plan", systemPrompt: { file: "/tmp/prompt.txt" } })).toEqual({
    config: { agent: { plan: { prompt: "{file:/tmp/prompt.txt}" } } },
    agent: "plan",
  });
});

test("each tool server becomes a remote MCP server", () => {
  const { config } = composeConfig({
    mcp: [
      { name: "tickets", url: "http://127.0.0.1:8000/mcp" },
      {
        name: "docs",
        url: "https://example.com/mcp",
        headers: { Authorization: "Bearer {env:KEY}" },
        timeout: 9000,
      },
    ],
  });
  expect(config).toEqual({
    mcp: {
      tickets: { type: "remote", url: "http://127.0.0.1:8000/mcp", enabled: true },
      docs: {
        type: "remote",
        url: "https://example.com/mcp",
        enabled: true,
        headers: { Authorization: "Bearer {env:KEY}" },
        timeout: 9000,
      },
    },
  });
});

test.each([
  [{ name: "a b", url: "http://x/" }, "is no name"],
  [{ name: "", url: "http://x/" }, "is no name"],
  [{ name: "a", url: "ftp://x/" }, "is not an http or https URL"],
])("a tool server %j is refused", (server, problem) => {
  expect(() => composeConfig({ mcp: [server] })).toThrow(problem);
  expect(() => composeConfig({ mcp: [server] })).toThrow(RunRequestError);
});

test("two tool servers of one name are refused", () => {
  const server = { name: "a", url: "http://x/" };
  expect(() => composeConfig({ mcp: [server, server] })).toThrow("two tool servers are called a");
});

test("what opencode would substitute, or what is long, goes through a file", () => {
  expect(promptNeedsFile("Answer in { braces }.")).toBe(false);
  expect(promptNeedsFile("Read {file:notes.txt} first.")).toBe(true);
  expect(promptNeedsFile("The home is {env:HOME}.")).toBe(true);
  expect(promptNeedsFile("é".repeat(20_000))).toBe(true);
});

test("the configuration that is there already is kept, ours wins", () => {
  const existing = JSON.stringify({
    model: "a/b",
    agent: { looptrace: { mode: "all", color: "red" } },
    plugin: ["x"],
  });
  const text = configContent({ agent: { looptrace: { mode: "primary" } }, mcp: { t: { type: "remote" } } }, existing);
  expect(JSON.parse(text)).toEqual({
    model: "a/b",
    agent: { looptrace: { mode: "primary", color: "red" } },
    plugin: ["x"],
    mcp: { t: { type: "remote" } },
  });
  expect(JSON.parse(configContent({ a: 1 }, undefined))).toEqual({ a: 1 });
  expect(JSON.parse(configContent({ a: 1 }, " "))).toEqual({ a: 1 });
});

test.each([
  [{ providers: { own: {} } }, { providers: { own: {} } }],
  [{ agents: { build: { system: "Old." }, other: {} } }, { agents: { other: {} } }],
  [{ mcp: { servers: { theirs: { type: "local" } } } }, { mcp: { servers: { theirs: { type: "local" } } } }],
])("what is there in the words of opencode 2 gets ours in the same: %j", (existing, kept) => {
  const { config } = composeConfig({
    agent: "build",
    systemPrompt: { text: "Be brief." },
    mcp: [{ name: "docs", url: "http://127.0.0.1:9/mcp" }],
  });
  const merged = JSON.parse(configContent(config ?? {}, JSON.stringify(existing)));
  expect(merged).toMatchObject({
    ...kept,
    agents: { build: { system: "Be brief." } },
    mcp: { servers: { docs: { type: "remote", url: "http://127.0.0.1:9/mcp" } } },
  });
  expect(merged).not.toHaveProperty("agent");
  expect(merged.mcp).not.toHaveProperty("docs");
});

test.each(["{", "[]", "// comment\n{}"])("OPENCODE_CONFIG_CONTENT=%j is refused", (existing) => {
  expect(() => configContent({ a: 1 }, existing)).toThrow(/^OPENCODE_CONFIG_CONTENT: is set, but is not/);
});

test("more than one environment variable can hold is refused", () => {
  const existing = JSON.stringify({ instructions: ["x".repeat(131_000)] });
  expect(() => configContent({ a: 1 }, existing)).not.toThrow();
  expect(() => configContent({ a: "y".repeat(100) }, existing)).toThrow("OPENCODE_CONFIG.");
});
