/** What a person reads on Langfuse's pages of the recorded turns. */
import { describe, expect, test } from "vitest";
import type { Loop, LoopTrace } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, onlyOne, traceOf } from "../../support/fixtures.js";
import { drawnByLangfuse } from "../../support/langfuse-chat.js";
import type { ReceivedSpan } from "../../support/received-spans.js";
import { assistant, exportOf, stepFinish, stepStart, text, tool, treeOf, user } from "../../trace/make-session.js";
import { jsonOf, metadataOf, named, onTheWire, textOf } from "../wire.js";

const INPUT = "langfuse.observation.input";
const OUTPUT = "langfuse.observation.output";
const STATUS = "langfuse.observation.status_message";
const TAGS = "langfuse.trace.tags";
const isCall = ({ name }: ReceivedSpan): boolean => name.startsWith("llm-call-");
const isStep = ({ name }: ReceivedSpan): boolean => name.startsWith("loop.step-");

/** The turns of all recordings, once for all tests of this file. */
const turns = fixtureNames
  .filter((name) => name.endsWith("@1.18.33"))
  .flatMap((name) =>
    traceSession(loadFixture(name).tree).map((trace) => ({ name, trace, spans: onTheWire(trace).spans })),
  );

describe("on a call's page", () => {
  test("each answer that there is is drawn behind what it answers", () => {
    let drawn = 0;
    for (const { name, spans } of turns) {
      for (const call of spans.filter(isCall)) {
        const { messages, ...output } = jsonOf(call, OUTPUT) as Record<string, unknown> & { messages?: unknown };
        const isAnswer = JSON.stringify(output) !== '{"thinking":null,"text":null,"toolCalls":[]}';
        expect(messages !== undefined, `${name} ${call.name}`).toBe(isAnswer);
        if (!isAnswer || textOf(call, INPUT) === "[]") continue;
        const shown = drawnByLangfuse(textOf(call, INPUT), textOf(call, OUTPUT))?.at(-1);
        expect(shown, `${name} ${call.name}`).toMatchObject({
          role: "assistant",
          content: output.text === null || output.text === "" ? "none" : "text",
          toolCards: (output.toolCalls as { name: string }[]).map(({ name }) => ({ name })),
        });
        drawn += 1;
      }
    }
    expect(drawn).toBeGreaterThan(20);
  });

  test("what is in its header is not in its metadata", () => {
    const call = named(onTheWire(traceOf("multistep@1.18.33")).spans, "llm-call-1");
    expect(jsonOf(call, "langfuse.observation.model.parameters")).toMatchObject({
      provider: "scripted",
      agent: "build",
    });
    expect(Object.keys(metadataOf(call))).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(provider|agent|mode|variant|timeToFirstTokenMs)$/)]),
    );
  });

  test("an answer that is too long to be drawn says that it stands there once", () => {
    const parts = [stepStart(20), text(25, 60, "x".repeat(60_000)), stepFinish(70)];
    const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 90, parts)]))));
    const call = named(onTheWire(trace).spans, "llm-call-0");
    expect(jsonOf(call, OUTPUT)).not.toHaveProperty("messages");
    expect(metadataOf(call).messages).toMatch(/^left out/);
  });
});

describe("on the session's page", () => {
  test("no step repeats what its call was asked, and none is empty on its own page", () => {
    for (const { spans } of turns) {
      for (const step of spans.filter(isStep)) {
        expect(step.attributes).not.toHaveProperty([INPUT]);
        expect(textOf(step, OUTPUT).trim()).not.toBe("");
      }
    }
  });

  test("a step's text says what was said and what came of the tools; no tool call counts on it", () => {
    const { spans } = onTheWire(traceOf("failing-tool@1.18.33"));
    const step = textOf(named(spans, "loop.step-0"), OUTPUT);
    expect(step).toMatch(/^- \*\*bash\*\* `.+`: exit \d+, \d+m?s$/m);
    expect(() => JSON.parse(step)).toThrow();
    for (const span of spans.filter(isStep)) expect(textOf(span, OUTPUT)).not.toContain("toolCalls");
  });

  test("a step's text lets no tool write Markdown of its own", () => {
    const made = tool(30, 40, 50, { state: { input: { command: "echo `x`\n# y\u001b[31m" } } });
    const trace = onlyOne(
      traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 90, [stepStart(20), made, stepFinish(70)])]))),
    );
    expect(textOf(named(onTheWire(trace).spans, "loop.step-0"), OUTPUT)).toMatch(
      /^- \*\*bash\*\* `echo 'x' # y`: completed, 10ms$/,
    );
  });

  test("without content a step says which tools it called and how they ended", () => {
    const { spans } = onTheWire(traceOf("failing-tool@1.18.33"), { content: false });
    expect(textOf(named(spans, "loop.step-0"), OUTPUT)).toMatch(/^- \*\*bash\*\*: (exit \d+|\[content not sent\]), /m);
  });
});

describe("in the list and the tree", () => {
  test("a trace is called by its title, which its metadata then leave out", () => {
    const trace = traceOf("multistep@1.18.33");
    const root = named(onTheWire(trace).spans, "opencode.loop");
    expect(root.attributes["langfuse.trace.name"]).toBe("A scripted session");
    expect(metadataOf(root)).not.toHaveProperty("title");
    const other = named(onTheWire(trace, { traceName: "nightly" }).spans, "opencode.loop");
    expect(other.attributes["langfuse.trace.name"]).toBe("nightly");
    expect(metadataOf(other).title).toBe("A scripted session");
  });

  test("without content neither title nor prompt is told", () => {
    const { spans } = onTheWire(traceOf("multistep@1.18.33"), { content: false });
    for (const span of spans) expect(span.attributes["langfuse.trace.name"]).toBe("opencode.loop");
  });

  test("a subagent's loop has its agent's name, its spans have tags of their own, and all else has its names", () => {
    const { spans } = onTheWire(traceOf("subagent@1.18.33"));
    const loops = spans.filter(({ attributes }) => attributes["langfuse.observation.type"] === "agent");
    expect(loops.map(({ name }) => name).sort()).toEqual(["opencode.loop", "opencode.loop worker"]);
    const trace = traceOf("subagent@1.18.33");
    const below = new Set(subagentSpans(trace));
    expect(below.size).toBeGreaterThan(2);
    for (const span of spans) {
      const own = below.has(span.spanId) ? ["subagent", "subagent:worker"] : [];
      expect(span.attributes[TAGS], span.name).toEqual(["build", "scripted/m1", ...own]);
    }
  });

  test("a tool that failed says what failed, then how", () => {
    const { spans } = onTheWire(traceOf("failing-tool@1.18.33"));
    const said = spans.filter(({ name }) => name.startsWith("tool.")).map((span) => textOf(span, STATUS));
    expect(said).toEqual(expect.arrayContaining([expect.stringMatching(/^\S.*: exit \d+$/)]));
    expect(textOf(named(spans, "loop.step-0"), STATUS)).toMatch(/tool\.bash: \S.*: exit \d+/);
  });
});

test("metadata are sent in reverse, since Langfuse shows what came last first", () => {
  const { spans } = onTheWire(traceOf("failing-tool@1.18.33"), { metadata: { ticket: 7 } });
  const shown = (span: ReceivedSpan): readonly string[] => Object.keys(metadataOf(span)).reverse();
  expect(shown(named(spans, "tool.bash")).slice(0, 2)).toEqual(["error", "outcome"]);
  expect(shown(named(spans, "tool.bash")).at(-1)).toBe("timing");
  expect(shown(named(spans, "llm-call-1")).slice(0, 3)).toEqual(["outcome", "finish", "contextTokens"]);
  const root = shown(named(spans, "opencode.loop"));
  expect(root.slice(0, 2)).toEqual(["outcome", "totals"]);
  expect(root.indexOf("ticket")).toBeLessThan(root.indexOf("directory"));
});

/** The ids of all spans of subagents. */
function subagentSpans({ loop }: LoopTrace): readonly string[] {
  const inLoop = (one: Loop): readonly string[] => [one.spanId, ...stepsOf(one, true)];
  const stepsOf = ({ steps }: Loop, isBelow: boolean): readonly string[] =>
    steps.flatMap((step) => [
      ...(isBelow
        ? [step.spanId, ...(step.call ? [step.call.spanId] : []), ...step.events.map(({ spanId }) => spanId)]
        : []),
      ...step.tools.flatMap((tool) => [...(isBelow ? [tool.spanId] : []), ...tool.loops.flatMap(inLoop)]),
    ]);
  return stepsOf(loop, false);
}
