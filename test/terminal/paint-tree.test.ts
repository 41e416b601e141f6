import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { paintTree, paintView, viewOf } from "../../src/terminal/paint-tree.js";
import { columnsOf } from "../../src/text/columns.js";
import type { Loop, LoopTrace, Step } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";

const plain = pc.createColors(false);
const WIDTHS = [60, 80, 100, 120, 200];

/** Nothing of it may reach a terminal: colours, cursor, window title, C1 escapes, NUL, direction marks. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** Wide, joined, combining and invisible characters between what steers terminals. */
const NASTY =
  "\u001b[31m漢字\u001b[0m \u001b]0;title\u0007👩‍👩‍👧\r\n\u202Eevil\u202C\t\u0000e\u0301 \u009b2J🇩🇪 \ud83d \u200Fשלום ｗｉｄｅ\u2028";

function nasty(trace: LoopTrace): LoopTrace {
  const { loop, session } = trace;
  const failure = { kind: "failed", tool: NASTY, message: NASTY } as const;
  const steps = loop.steps.map(
    (step): Step => ({
      ...step,
      call: step.call && { ...step.call, output: { thinking: NASTY, text: NASTY, toolCalls: [] } },
      tools: step.tools.map((tool, index) => ({
        ...tool,
        name: NASTY,
        title: index === 1 ? null : NASTY,
        input: { [NASTY]: NASTY },
        failure: index === 2 ? { ...failure, attributes: {} } : null,
      })),
    }),
  );
  return {
    traceId: trace.traceId,
    session: { ...session, id: `${session.id}${NASTY}`, title: NASTY, opencodeVersion: NASTY },
    loop: {
      ...loop,
      agent: NASTY,
      model: { providerId: NASTY, modelId: NASTY, variant: null },
      input: [{ role: "user", content: NASTY.repeat(20) }],
      notes: [NASTY, NASTY.repeat(10)],
      steps,
    },
  };
}

describe("the tree of a recorded session", () => {
  const names = [
    "multistep",
    "subagent",
    "failing-tool",
    "rate-limited-then-ok",
    "retry-in-stream",
    "parallel-subagents",
    "doom-loop",
    "provider-401",
    "compaction",
    "killed",
    "unicode",
  ];
  const widthsOf = (name: string): readonly number[] => (name === "parallel-subagents" ? WIDTHS : [60, 80, 120, 200]);
  test.each(names.flatMap((name) => widthsOf(name).map((width) => ({ name, width }))))(
    "$name at $width columns",
    async ({ name, width }) => {
      const trace = traceOf(`${name}@1.18.33`);
      const text = `${paintTree(trace, { width, colors: plain })}\n`;
      await expect(text).toMatchFileSnapshot(`snapshots/${name}-${width}.txt`);
    },
  );

  test.each(fixtureNames)("%s: no line is wider than the terminal, nothing steers it", (name) => {
    for (const trace of tracesOf(loadFixture(name), "log")) {
      for (const width of [20, 33, ...WIDTHS]) {
        const lines = paintTree(trace, { width, colors: plain }).split("\n");
        expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
        expect(lines.filter((line) => UNSAFE.test(line))).toEqual([]);
      }
    }
  });
});

describe("what models, tools and other people's exports say", () => {
  test.each([20, 40, ...WIDTHS, 400])("stays in its columns and steers nothing at %i columns", (width) => {
    const lines = paintTree(nasty(traceOf("multistep@1.18.33")), { width, colors: plain }).split("\n");
    expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
    expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
  });

  test("the columns stand below their headings whatever is in the names", () => {
    const lines = paintTree(nasty(traceOf("multistep@1.18.33")), { width: 200, colors: plain }).split("\n");
    const headings = lines.find((line) => / time .* in /.test(line)) ?? "";
    const end = columnsOf(headings.slice(0, headings.indexOf("time"))) + "time".length;
    const rows = lines.filter((line) => /^[├└│ ]+(─ )?/.test(line) && /─ /.test(line));
    expect(rows).toHaveLength(15);
    for (const row of rows) {
      const untilTime = /^.*? ~?[\d.]+(?:ms|s)/.exec(row)?.[0] ?? "";
      expect(columnsOf(untilTime), row).toBe(end);
    }
  });

  test("a word that fits nowhere is cut, one after the other goes on in the next line", () => {
    const trace = traceOf("plain-answer@1.18.33");
    const notes = ["one two three four five six seven eight nine ten", "x".repeat(200)];
    const text = paintTree({ ...trace, loop: { ...trace.loop, notes } }, { width: 40, colors: plain });
    const lines = text.split("\n");
    const from = lines.findIndex((line) => line.startsWith("note"));
    expect(lines.filter((line, index) => index >= from && !/^~|exact moment/.test(line)).slice(0, 3)).toEqual([
      "note     one two three four five six",
      "         seven eight nine ten",
      `note     ${"x".repeat(30)}…`,
    ]);
  });
});

test.each(fixtureNames)("what is kept of %s as JSON is painted as the trace", (name) => {
  for (const trace of tracesOf(loadFixture(name), "log")) {
    const kept = JSON.parse(JSON.stringify(viewOf(trace)));
    for (const width of [60, 200])
      expect(paintView(kept, { width, colors: plain })).toBe(paintTree(trace, { width, colors: plain }));
  }
});

test("colours: a row's kind has one, red what ended the turn, yellow what the session got over, bold where it went in circles", () => {
  const colors = pc.createColors(true);
  const lineOf = (name: string, start: string): string =>
    paintTree(traceOf(name), { width: 100, colors })
      .split("\n")
      .find((line) => line.includes(start)) ?? "";
  expect(lineOf("provider-401@1.18.33", "opencode.loop")).toMatch(/^\u001b\[31m.*\u001b\[39m$/);
  expect(lineOf("failing-tool@1.18.33", "tool.bash")).toMatch(/^\u001b\[33m.*\u001b\[39m$/);
  expect(lineOf("rate-limited-then-ok@1.18.33", " retry ")).toMatch(/^\u001b\[33m.*\u001b\[39m$/);
  expect(lineOf("doom-loop@1.18.33", "─ doom-loop")).toMatch(/^\u001b\[1m\u001b\[33m.*\u001b\[39m\u001b\[22m$/);
  expect(lineOf("doom-loop@1.18.33", "warning ")).toMatch(/^\u001b\[1m\u001b\[33mwarning {2}doom loop in step 2: /);
  expect(lineOf("multistep@1.18.33", "tool.bash")).toMatch(
    /^│ {2}├─ \u001b\[35mtool\.bash\u001b\[39m .*\u001b\[35m▓+\u001b\[39m/,
  );
});

test("without the subagent's session the tree says that it is missing, at every width", async () => {
  const trace = onlyOne(traceSession({ session: loadFixture("subagent@1.18.33").session, children: [] }));
  for (const width of [60, 80, 120]) {
    const text = `${paintTree(trace, { width, colors: plain })}\n`;
    await expect(text).toMatchFileSnapshot(`snapshots/subagent-missing-${width}.txt`);
  }
  const yellow = paintTree(trace, { width: 80, colors: pc.createColors(true) });
  expect(yellow).toMatch(/^\u001b\[33m.*tool\.task.*Not in .*\u001b\[39m$/m);
  expect(yellow).toMatch(/^\u001b\[33mnote {5}totals without 1 subagent session/m);
});

test("where there is no room for a word on it, a sign tells what went wrong", () => {
  const names = (width: number): readonly string[] => {
    const text = paintTree(traceOf("failing-tool@1.18.33"), { width, colors: plain });
    return [...text.matchAll(/─ (\S+(?: !)?)/g)].map((match) => match[1] ?? "");
  };
  expect(names(120).filter((name) => name.endsWith("!"))).toEqual([]);
  expect(names(44).filter((name) => name.endsWith("!"))).toEqual([
    "tool.read !",
    "tool.bash !",
    "tool.read !",
    "tool.frobnicate !",
    "tool.bash !",
  ]);
});

test("a long title has a line of its own, so that the model stays in sight", () => {
  const trace = traceOf("plain-answer@1.18.33");
  const session = { ...trace.session, title: "Which port does the server listen on" };
  const [title, facts] = paintTree({ ...trace, session }, { width: 80, colors: plain }).split("\n");
  expect([title, facts]).toEqual([
    "Which port does the server listen on · completed",
    "scripted/m1 · agent build · opencode 1.18.33",
  ]);
});

test("of rows too deep for their column the name is left, not the branches", () => {
  const { loop, ...trace } = traceOf("subagent@1.18.33");
  const deeper = (inner: Loop, levels: number): Loop =>
    levels === 0
      ? inner
      : {
          ...loop,
          steps: loop.steps.map((step) => ({
            ...step,
            tools: step.tools.map((tool) => ({ ...tool, loops: [deeper(inner, levels - 1)] })),
          })),
        };
  const lines = paintTree({ ...trace, loop: deeper(loop, 6) }, { width: 60, colors: plain }).split("\n");
  const row = lines.find((line) => line.includes("tool.bash")) ?? "";
  expect(row).toMatch(/^….*└─ tool\.bash +282ms/);
});

test("hundreds of dead attempts are summed up, a few are not", () => {
  const trace = traceOf("quota-exhausted@1.18.33");
  const text = (times: number): string => {
    const steps = trace.loop.steps.map((step): Step => {
      const retries = Array.from({ length: times }, (_, index) => step.retries[index % step.retries.length]);
      return { ...step, retries: retries.filter((retry) => retry !== undefined) };
    });
    return paintTree({ ...trace, loop: { ...trace.loop, steps } }, { width: 120, colors: plain });
  };
  const names = (times: number): readonly string[] =>
    [...text(times).matchAll(/─ (\d+ retries|retry)/g)].map((match) => match[1] ?? "");
  expect(names(6)).toEqual(Array(6).fill("retry"));
  expect(names(250)).toEqual(["retry", "retry", "247 retries", "retry"]);
  expect(text(250)).toMatch(/─ 247 retries .* billing_error 247 times$/m);
});
