import { describe, expect, test } from "vitest";
import { cacheMarks } from "../../../src/wire/segments/cache-marks.js";
import { type BreakCause, explainBreak } from "../../../src/wire/segments/explain-break.js";
import { readRequest, type SentRequest } from "../../../src/wire/segments/read-request.js";
import { exchangeOf } from "../exchanges.js";

const MARK = { cache_control: { type: "ephemeral" } };
const MINUTE = 60_000;

interface Body {
  readonly model: string;
  readonly system: string;
  readonly tools: readonly string[];
  readonly turns: readonly string[];
  readonly thinking?: { readonly type: string; readonly budget_tokens: number };
}

const system = (date: string, rules = "Use tabs.\n", skills = "") =>
  `You are OpenCode, the best.\n<env>\n  Today's date: ${date}\n</env>\nInstructions from: /w/AGENTS.md\n${rules}${skills}`;

const BASE: Body = {
  model: "claude-x",
  system: system("Sun Nov 29 2026"),
  tools: ["bash", "jira_get", "read"],
  turns: ["Fix it.", "call read", "result of it", "Done."],
};

/** A request of Anthropic's, with marks on the system prompt and on the last message as opencode sets them. */
function sent(body: Body, at = 0, marks: object = MARK): SentRequest {
  const { turns, system: text, tools, ...rest } = body;
  const messages = turns.map((content, index) => {
    const mark = index === turns.length - 1 ? marks : {};
    const block = content.startsWith("result")
      ? { type: "tool_result", tool_use_id: "c1", content }
      : content.startsWith("call")
        ? { type: "tool_use", id: "c1", name: "read", input: { filePath: content } }
        : { type: "text", text: content };
    return { role: index % 2 === 0 ? "user" : "assistant", content: [{ ...block, ...mark }] };
  });
  const exchange = exchangeOf(
    "/v1/messages",
    {
      ...rest,
      max_tokens: 32_000,
      system: [{ type: "text", text, ...marks }],
      messages,
      tools: tools.map((name) => ({ name, description: `Does ${name}`, input_schema: { type: "object" } })),
    },
    { sentAt: at },
  );
  const read = readRequest(exchange, { mcpServers: ["jira", "wiki"], agent: "build" });
  if (!read) throw new Error("a request was expected");
  return read;
}

const NEXT = { turns: [...BASE.turns, "Now more."] };
const REMINDER = "<system-reminder>\nPlan mode\n</system-reminder>";

/** What changes from one request to the next, with the cause that has to be found. */
const BREAKS: Readonly<Record<string, readonly [after: SentRequest, cause: Partial<BreakCause>]>> = {
  "a new day": [
    sent({ ...BASE, ...NEXT, system: system("Mon Nov 30 2026") }),
    {
      kind: "system-changed",
      owner: { kind: "system", section: "environment", source: null },
      cause: "the date in the system prompt changed from Sun Nov 29 2026 to Mon Nov 30 2026",
    },
  ],
  "an edited AGENTS.md": [
    sent({ ...BASE, ...NEXT, system: system("Sun Nov 29 2026", "Use blanks.\n") }),
    {
      kind: "system-changed",
      owner: { kind: "system", section: "instructions", source: "/w/AGENTS.md" },
      before: "Instructions from: /w/AGENTS.md\nUse tabs.\n",
      after: "Instructions from: /w/AGENTS.md\nUse blanks.\n",
    },
  ],
  "a list of skills that was not there": [
    sent({
      ...BASE,
      ...NEXT,
      system: system(
        "Sun Nov 29 2026",
        undefined,
        "Skills provide specialized instructions and workflows for specific tasks.\n",
      ),
    }),
    { kind: "system-changed", owner: { kind: "system", section: "skills", source: null } },
  ],
  "an MCP server that came late": [
    sent({ ...BASE, ...NEXT, tools: ["bash", "jira_get", "read", "wiki_find", "wiki_get"] }),
    {
      kind: "tools-added",
      owner: { kind: "tool-schema", tool: "wiki_find", origin: "mcp", server: "wiki" },
      cause: "2 tools (wiki_find, wiki_get) came into the request: MCP server wiki came late, or anew",
    },
  ],
  "an MCP server that went": [
    sent({ ...BASE, ...NEXT, tools: ["bash", "read"] }),
    {
      kind: "tools-removed",
      owner: { kind: "tool-schema", tool: "jira_get", origin: "mcp", server: "jira" },
      cause: "tool jira_get went from the request: MCP server jira gives them no more",
    },
  ],
  "tools in another order": [
    sent({ ...BASE, ...NEXT, tools: ["jira_get", "bash", "read"] }),
    { kind: "tools-reordered", owner: { kind: "tool-schema", tool: "jira_get", origin: "mcp", server: "jira" } },
  ],
  "an edited message": [
    sent({ ...BASE, turns: ["Fix it now.", ...NEXT.turns.slice(1)] }),
    { kind: "message-edited", owner: { kind: "prompt" }, before: "Fix it.", after: "Fix it now." },
  ],
  "a cleared result": [
    sent({
      ...BASE,
      turns: NEXT.turns.map((turn) => (turn.startsWith("result") ? "[Old tool result content cleared]" : turn)),
    }),
    { kind: "message-edited", cause: "opencode cleared the result of read call read" },
  ],
  "a reminder that was taken out": [
    sent({ ...BASE, turns: NEXT.turns.slice(1) }),
    { kind: "message-removed", owner: { kind: "prompt" }, before: "Fix it.", after: null },
  ],
  "a reminder that was put in": [
    sent({ ...BASE, turns: [REMINDER, ...NEXT.turns] }),
    { kind: "message-added", owner: { kind: "synthetic" }, before: null, after: REMINDER },
  ],
  "a compaction": [
    sent({ ...BASE, turns: ["What did we do so far?", "A lot.", "Continue if you have next steps"] }),
    { kind: "compaction", owner: { kind: "synthetic" } },
  ],
  "another variant": [
    sent({ ...BASE, ...NEXT, thinking: { type: "enabled", budget_tokens: 9_000 } }),
    { kind: "parameters", owner: { kind: "rest" }, cause: "the prompt is the same so far, but thinking changed" },
  ],
  "another model": [
    sent({ ...BASE, ...NEXT, model: "claude-y" }),
    { kind: "model", before: "claude-x", after: "claude-y" },
  ],
  "a break of seven minutes": [
    sent({ ...BASE, ...NEXT }, 7 * MINUTE),
    {
      kind: "expired",
      owner: null,
      cause: "the prompt is the same so far, but 7m00s had passed, and the provider keeps it for 5m00s",
    },
  ],
  "a loss of the provider's own": [
    sent({ ...BASE, ...NEXT }, 4_000),
    {
      kind: "lost",
      owner: null,
      cause: "the prompt is the same so far, and only 4.00s had passed: the provider lost its cache",
    },
  ],
  "marks that are gone": [sent({ ...BASE, ...NEXT }, 4_000, {}), { kind: "unmarked" }],
  "a mark that is too far": [
    sent({ ...BASE, turns: [...BASE.turns, ...Array.from({ length: 25 }, (_, index) => `Step ${index}`)] }, 4_000),
    { kind: "too-far" },
  ],
};

describe("the cause of a break of the cache", () => {
  test.each(Object.entries(BREAKS))("%s", (_, [after, cause]) => {
    expect(explainBreak(sent(BASE), after)).toMatchObject(cause);
  });

  test("has the place in the later body", () => {
    const [edited] = BREAKS["an edited AGENTS.md"] ?? [];
    const { at } = edited ? explainBreak(sent(BASE), edited) : { at: null };
    expect(edited?.request.body.slice(at ?? 0)).toMatch(/^blanks/);
    const [late] = BREAKS["an MCP server that came late"] ?? [];
    const place = late ? explainBreak(sent(BASE), late).at : null;
    expect(late?.request.body.slice(place ?? 0)).toMatch(/^\{"name":"wiki_find"/);
  });

  test("is the earliest difference in the order in which a model reads", () => {
    const all = sent({ ...BASE, tools: ["bash"], system: system("Mon Nov 30 2026"), turns: ["Other."] });
    expect(explainBreak(sent(BASE), all).kind).toBe("tools-removed");
  });

  test("quotes no more than a few words", () => {
    const long = sent({ ...BASE, turns: [`${"🎉".repeat(500)}!${"x".repeat(9_000)}`, "b"] });
    const other = sent({ ...BASE, turns: [`${"🎉".repeat(500)}?${"x".repeat(9_000)}`, "b"] });
    const { before, after } = explainBreak(long, other);
    for (const quoted of [before, after]) {
      expect(quoted?.length).toBeLessThan(170);
      expect(quoted).toMatch(/^…🎉/u);
    }
  });

  test("a cache that was asked for longer does not expire so soon", () => {
    const hour = { cache_control: { type: "ephemeral", ttl: "1h" } };
    expect(explainBreak(sent(BASE, 0, hour), sent({ ...BASE, ...NEXT }, 7 * MINUTE, hour)).kind).toBe("lost");
    expect(explainBreak(sent(BASE, 0, hour), sent({ ...BASE, ...NEXT }, 61 * MINUTE, hour)).kind).toBe("expired");
  });

  test("of a provider that caches by itself, a pause may have two causes", () => {
    const paused = (minutes: number, retention?: string): BreakCause => {
      const asked = retention === undefined ? {} : { prompt_cache_retention: retention };
      const [before, now] = [["Fix it."], ["Fix it.", "And that."]].map((turns, index) =>
        readRequest(
          exchangeOf(
            "/v1/chat/completions",
            { model: "gpt-x", ...asked, messages: turns.map((content) => ({ role: "user", content })) },
            { sentAt: index * minutes * MINUTE },
          ),
          { mcpServers: null, agent: "build" },
        ),
      );
      if (!before || !now) throw new Error("requests were expected");
      return explainBreak(before, now);
    };
    expect([4, 20, 61].map((minutes) => paused(minutes).kind)).toEqual(["lost", "expired-or-lost", "expired"]);
    expect(paused(20).cause).toBe(
      "the prompt is the same so far, but 20m00s had passed, and the provider keeps it for 5m00s to 1h00m: it expired, or the provider lost its cache",
    );
    expect([61, 1_500].map((minutes) => paused(minutes, "24h").kind)).toEqual(["expired-or-lost", "expired"]);
  });
});

test("tells where a provider was asked to cache, and what is left out", () => {
  const both = cacheMarks(sent(BASE));
  expect(both?.marks.map(({ owner, ttlMs }) => [owner.kind, ttlMs])).toEqual([
    ["system", 300_000],
    ["answer", 300_000],
  ]);
  expect(both?.unmarked).toEqual([]);
  expect(cacheMarks(sent(BASE, 0, {}))).toEqual({ marks: [], unmarked: ["tools and system prompt", "conversation"] });
  const chat = exchangeOf("/v1/chat/completions", { model: "m", messages: [] });
  const read = readRequest(chat, { mcpServers: null, agent: null });
  expect(read && cacheMarks(read)).toBeNull();
});
