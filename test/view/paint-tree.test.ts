import pc from "picocolors";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import type { LoopTrace, Step } from "../../src/trace/model.js";
import { paintTree } from "../../src/view/paint-tree.js";
import { fixtureNames, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";

const plain = pc.createColors(false);
const WIDTHS = [60, 80, 140];

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
    "compaction",
    "killed",
    "unicode",
  ];
  test.each(names.flatMap((name) => WIDTHS.map((width) => ({ name, width }))))(
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
        expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
        expect(lines.filter((line) => UNSAFE.test(line))).toEqual([]);
      }
    }
  });
});

describe("what models, tools and other people's exports say", () => {
  test.each([20, 40, ...WIDTHS, 400])("stays in its columns and steers nothing at %i columns", (width) => {
    const lines = paintTree(nasty(traceOf("multistep@1.18.33")), { width, colors: plain }).split("\n");
    expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
    expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
  });

  test("the columns stand below their headings whatever is in the names", () => {
    const lines = paintTree(nasty(traceOf("multistep@1.18.33")), { width: 200, colors: plain }).split("\n");
    const [, headings = ""] = lines;
    const end = stringWidth(headings.slice(0, headings.indexOf("time"))) + "time".length;
    const rows = lines.filter((line) => /^[├└│ ]+(─ )?/.test(line) && /─ /.test(line));
    expect(rows).toHaveLength(13);
    for (const row of rows) {
      const untilTime = /^.*? ~?[\d.]+(?:ms|s)/.exec(row)?.[0] ?? "";
      expect(stringWidth(untilTime), row).toBe(end);
    }
  });

  test("a word that fits nowhere is cut, one after the other goes on in the next line", () => {
    const trace = traceOf("plain-answer@1.18.33");
    const notes = ["one two three four five six seven eight nine ten", "x".repeat(200)];
    const text = paintTree({ ...trace, loop: { ...trace.loop, notes } }, { width: 40, colors: plain });
    expect(text.split("\n").slice(-3)).toEqual([
      "note     one two three four five six",
      "         seven eight nine ten",
      `note     ${"x".repeat(30)}…`,
    ]);
  });
});

test("colours: red what ended the turn, yellow what the session got over", () => {
  const colors = pc.createColors(true);
  const lineOf = (name: string, start: string): string =>
    paintTree(traceOf(name), { width: 100, colors })
      .split("\n")
      .find((line) => line.includes(start)) ?? "";
  expect(lineOf("provider-401@1.18.33", "opencode.loop")).toMatch(/^\u001b\[31m.*\u001b\[39m$/);
  expect(lineOf("failing-tool@1.18.33", "tool.bash")).toMatch(/^\u001b\[33m.*\u001b\[39m$/);
  expect(lineOf("rate-limited-then-ok@1.18.33", " retry ")).toMatch(/^\u001b\[33m.*\u001b\[39m$/);
  expect(lineOf("multistep@1.18.33", "tool.bash")).toMatch(/^│ {2}├─ tool\.bash/);
});

test("hundreds of dead attempts are summed up, a few are not", () => {
  const trace = traceOf("quota-exhausted@1.18.33");
  const names = (times: number): readonly string[] => {
    const steps = trace.loop.steps.map((step): Step => {
      const retries = Array.from({ length: times }, (_, index) => step.retries[index % step.retries.length]);
      return { ...step, retries: retries.filter((retry) => retry !== undefined) };
    });
    const text = paintTree({ ...trace, loop: { ...trace.loop, steps } }, { width: 120, colors: plain });
    return [...text.matchAll(/─ (\d+ retries|retry)/g)].map((match) => match[1] ?? "");
  };
  expect(names(6)).toEqual(Array(6).fill("retry"));
  expect(names(250)).toEqual(["retry", "retry", "247 retries", "retry"]);
});
