import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { contributors, tokenRows } from "../../src/analysis/token-rows.js";
import { paintTokens } from "../../src/terminal/paint-tokens.js";
import { columnsOf } from "../../src/text/columns.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { assistant, exportOf, stepFinish, text, treeOf, user } from "../trace/make-session.js";

const colors = pc.createColors(false);

describe("the table of tokens", () => {
  test.each([
    ["multistep@1.18.33", 120],
    ["subagent@1.18.33", 100],
    ["compaction@1.18.33", 140],
  ])("%s at %i columns", async (name, width) => {
    const painted = paintTokens(traceOf(name), { width, colors, top: false });
    await expect(painted).toMatchFileSnapshot(`snapshots/tokens-${name.split("@")[0]}-${width}.txt`);
  });

  test("the biggest contributors first", async () => {
    const painted = paintTokens(traceOf("multistep@1.18.33"), { width: 100, colors, top: true });
    await expect(painted).toMatchFileSnapshot("snapshots/tokens-top-100.txt");
  });

  test("where a cache broke stands below, with why", () => {
    const trace = traceOf("multistep@1.18.33");
    const steps = trace.loop.steps.map((step) => {
      const attributes = { cause: "tools changed: server `jira` came late\u001b[2J", tokensReadAnew: 9800 };
      const broken = { spanId: "00", name: "cache-break", at: 0, attributes } as const;
      return step.index === 2 ? { ...step, events: [broken] } : step;
    });
    const painted = paintTokens({ ...trace, loop: { ...trace.loop, steps } }, { width: 120, colors, top: false });
    expect(painted.split("\n").at(-1)).toBe(
      "cache    broke at llm-call-2: 9,800 tokens read anew: tools changed: server `jira` came late",
    );
  });

  test("tokens in doubt have no bar, and a bar is as wide as its column", () => {
    const tokens = (total: number, input: number, output: number, reasoning: number) => ({
      tokens: { total, input, output, reasoning, cache: { read: 0, write: 0 } },
    });
    const painted = (...one: Parameters<typeof tokens>) => {
      const answer = assistant(10, 400, [text(20, 300, "Done."), stepFinish(390, tokens(...one))], { finish: "stop" });
      const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), answer]))));
      return paintTokens(trace, { width: 130, colors, top: false });
    };
    const doubted = painted(5_000, 1_000, 50, 0);
    expect(doubted).toContain("opencode's own total says 5,000");
    expect(doubted).toMatch(/llm-call-0 +– +1,000 +50$/m);
    expect(doubted).not.toContain("narrow");
    const outside = painted(1_060, 1_000, 0, 640);
    const heading = outside.split("\n")[1] ?? "";
    const row = outside.split("\n")[2] ?? "";
    expect(row.indexOf("+")).toBe(heading.indexOf("caused by"));
    expect(row).toMatch(/ ▓{8,30} {2}\+/);
  });

  test.each(fixtureNames)("%s: no line is wider than the terminal", (name) => {
    for (const trace of tracesOf(loadFixture(name), "log")) {
      for (const width of [20, 40, 80, 200]) {
        for (const top of [true, false]) {
          const lines = paintTokens(trace, { width, colors, top }).split("\n");
          expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
        }
      }
    }
  });
});

test.each(fixtureNames)("%s: the causes of all calls add up to the context of each", (name) => {
  for (const trace of tracesOf(loadFixture(name), "log")) {
    const held = new Map<string, number>();
    for (const { sessionId, context, growth, causes, prompt } of tokenRows(trace)) {
      if (!prompt) continue;
      const sum = causes.reduce((total, { tokens }) => total + tokens, 0);
      const before = growth === null ? 0 : (held.get(sessionId) ?? 0);
      expect(before + sum).toBe(context);
      held.set(sessionId, context ?? 0);
    }
  }
});

test("contributors are ordered by what they brought, and what went away is none", () => {
  const all = contributors(tokenRows(traceOf("compaction@1.18.33"))).map(({ cause }) => cause);
  expect(all.map(({ tokens }) => tokens)).toEqual(all.map(({ tokens }) => tokens).toSorted((a, b) => b - a));
  expect(all.some(({ kind }) => kind === "compacted" || kind === "dropped")).toBe(false);
});
