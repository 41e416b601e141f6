import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { type DiffInput, diffSessions } from "../../src/analysis/session-diff.js";
import { timeParts } from "../../src/analysis/time-parts.js";
import { paintDiff } from "../../src/terminal/paint-diff.js";
import { columnsOf } from "../../src/text/columns.js";
import type { LoopTrace, Step } from "../../src/trace/model.js";
import { fixtureNames, loadFixture, tracesOf } from "../support/fixtures.js";

const colors = pc.createColors(false);

/** Nothing of it may reach a terminal. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const NASTY = "\u001b[31m漢字\u001b]0;title\u0007👩‍👩‍👧\r\n\u202Eevil\t\u0000e\u0301\u009b2J🇩🇪 \ud83d שלום ｗｉｄｅ";

function side(name: string): DiffInput {
  const fixture = loadFixture(name);
  const { id, title, version } = fixture.tree.session.info;
  return { session: { id, title, opencodeVersion: version }, traces: tracesOf(fixture, "log") };
}

function paint(a: DiffInput, b: DiffInput, width: number): string {
  return paintDiff(diffSessions(a, b), { width, colors });
}

/** The same session, with what people, models and tools wrote in another way. */
function nasty({ session, traces }: DiffInput, salt: string): DiffInput {
  const text = `${salt}${NASTY}`;
  const retold = (trace: LoopTrace): LoopTrace => ({
    ...trace,
    loop: {
      ...trace.loop,
      agent: text,
      model: { providerId: text, modelId: text, variant: text },
      steps: trace.loop.steps.map(
        (step): Step => ({
          ...step,
          call: step.call && {
            ...step.call,
            output: {
              thinking: text,
              text,
              toolCalls: [{ id: text, name: text, arguments: { [text]: text } }],
            },
          },
          tools: step.tools.map((tool, index) => ({ ...tool, name: index === 0 ? text : text.repeat(9) })),
        }),
      ),
    },
  });
  return {
    session: { ...session, title: text.repeat(3), opencodeVersion: text },
    traces: traces.map(retold),
  };
}

describe("two recorded sessions", () => {
  const pairs = [
    ["multistep@1.15.13", "multistep@1.18.33"],
    ["two-turns@1.18.33", "unicode@1.18.33"],
    ["failing-tool@1.18.33", "provider-401@1.18.33"],
  ] as const;
  test.each(pairs.flatMap(([a, b]) => [60, 80, 120].map((width) => ({ a, b, width }))))(
    "$a and $b at $width columns",
    async ({ a, b, width }) => {
      const name = `${a.split("@")[0]}-${b.split("@")[0]}-${width}`;
      await expect(`${paint(side(a), side(b), width)}\n`).toMatchFileSnapshot(`snapshots/diff-${name}.txt`);
    },
  );

  test.each(fixtureNames)("%s against others: no line is wider than the terminal", (name) => {
    for (const other of ["multistep@1.18.33", "two-turns@1.18.33", "killed@1.15.13"]) {
      for (const width of [20, 44, 80, 200]) {
        const lines = paint(side(name), side(other), width).split("\n");
        expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
      }
    }
  });
});

test.each([20, 44, 60, 80, 120, 200])("hostile and wide text stays in its columns at %i columns", (width) => {
  const [a, b] = [nasty(side("multistep@1.18.33"), "a"), nasty(side("subagent@1.18.33"), "漢")];
  const lines = paint(a, b, width).split("\n");
  expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
  expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
  // The numbers stand below their headings whatever is in the names.
  if (width < 60) return;
  const heading = lines.find((line) => /^ +A +B +B - A$/.test(line)) ?? "";
  const end = heading.indexOf("A") + 1;
  for (const line of lines.slice(lines.indexOf(heading) + 1)) {
    expect(columnsOf(/^.*?(?:–|[\d.,]+\S*)(?= {2,}\S| *$)/.exec(line)?.[0] ?? ""), line).toBe(end);
  }
});

test("a session against itself has no difference", () => {
  const same = side("multistep@1.18.33");
  const text = paint(same, same, 100);
  expect(text).toContain("parting  none: every step writes the same and calls the same tools");
  expect(text).not.toMatch(/[+-]\d/);
});

test("the parts of a time read as in show", () => {
  const texts = fixtureNames.flatMap((name) => {
    const one = side(name);
    const [trace] = one.traces;
    if (trace === undefined || one.traces.length > 1) return [];
    const [whole = "", ...parts] = timeParts(trace.loop.account, "tools");
    const shown = new Map([["time", whole]]);
    for (const part of parts) {
      const [, label = "", time = ""] = /^[=+] (.+) (\S+) \(/.exec(part) ?? [];
      shown.set(label, time);
    }
    const lines = paint(one, one, 120).split("\n");
    return ["time", "model", "tools", "opencode"].flatMap((label) => {
      const row = lines.find((line) => new RegExp(`^ *${label} +[\\d.]+[a-z]`).test(line)) ?? "";
      const [, told = ""] = /^ *\w+ +(\S+)/.exec(row) ?? [];
      return told !== "" ? [[name, label, told, shown.get(label)]] : [];
    });
  });
  expect(texts.length).toBeGreaterThan(30);
  expect(texts.filter(([, , told, shown]) => told !== shown)).toEqual([]);
});

test("colours: red how a side failed, yellow where they part", () => {
  const difference = diffSessions(side("multistep@1.18.33"), side("provider-401@1.18.33"));
  const lines = paintDiff(difference, { width: 100, colors: pc.createColors(true) }).split("\n");
  const plain = (color: string): readonly string[] =>
    lines.filter((line) => line.startsWith(color)).map((line) => line.replace(/\u001b\[\d+m/g, ""));
  expect(plain("\u001b[31m")).toEqual(["         B authentication_failed: Incorrect API key provided: scripted."]);
  expect(plain("\u001b[33m")).toEqual(["parting  step 0: they call other tools, or with other arguments"]);
});
