import fc from "fast-check";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { placedSteps } from "../../src/analysis/step-path.js";
import { paintStep } from "../../src/terminal/paint-step.js";
import { paintTree } from "../../src/terminal/paint-tree.js";
import { traceLine } from "../../src/terminal/trace-line.js";
import { columnsOf } from "../../src/text/columns.js";
import { terminalJson } from "../../src/text/terminal-json.js";
import { anyCharacter } from "../support/any-character.js";
import { attackedTraces } from "../support/attacked-trace.js";
import { tries } from "../support/tries.js";

/** Steers a terminal, hides text or turns its order round; the line feed between lines is not in it. */
const UNSAFE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

const ATTACKS: Readonly<Record<string, string>> = {
  "an escape sequence": "\u001b[2J\u001b[31mred",
  "an escape of one byte": "\u009b2Jgone\u009d0;title\u009c",
  "a link": "\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u0007",
  "a link that never ends": "\u001b]8;;https://evil.example",
  "a window title": "\u001b]0;owned\u0007",
  "escapes inside of escapes": "\u001b\u001b[31m[2J\u001b[\u001b[0m2J",
  "an override of the direction": "safe\u202Etxt.exe\u202C",
  "isolates of the direction": "\u2066a\u2067b\u2068c\u2069\u061C\u200E\u200F",
  "a byte order mark": "\uFEFFtext\uFEFF",
  NUL: "a\u0000b",
  "lines and tabs": "one\ntwo\r\nthree\tfour\rfive\u2028six\u2029seven\u0085eight\u000b\u000c",
  "invisible text": "a\u200B\u2060\u{E0041}\u{E0042}\u180E\uFFF9b",
  "half a character": "a\ud83db\udc00",
  "a bell and a backspace": "a\u0007b\u0008\u0008c\u007f",
};

const FIXTURES = ["subagent", "failing-tool", "compaction", "provider-401", "doom-loop", "killed"];
const plain = pc.createColors(false);

describe.each(Object.entries(ATTACKS))("%s in every text of an export", (_, attack) => {
  test.each(FIXTURES)("%s: reaches no terminal and bends no line", (name) => {
    const traces = attackedTraces(`${name}@1.18.33`, attack, { keep: 3, keys: false });
    expect(JSON.stringify(traces)).toContain(JSON.stringify(attack).slice(1, -1));
    for (const trace of traces) {
      for (const width of [20, 40, 80, 200]) {
        const lines = paintTree(trace, { width, colors: plain }).split("\n");
        expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
        expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
      }
      for (const placed of placedSteps(trace.loop)) {
        const lines = paintStep(trace, placed, { width: 40, colors: plain }).split("\n");
        expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
        expect(lines.filter((line) => columnsOf(line) > 40)).toEqual([]);
      }
      const steps = paintTree(trace, { width: 200, colors: plain }).match(/loop\.step-\d+/g);
      expect(steps?.length).toBe(trace.loop.totalsWithSubagents.steps);
      for (const text of [traceLine(trace), terminalJson(trace).replaceAll("\n", "")]) {
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/);
        expect(text.isWellFormed()).toBe(true);
      }
      expect(JSON.parse(terminalJson(trace))).toEqual(trace);
    }
  });
});

describe("any text whatever", () => {
  /** What is wide, joined, combined, invisible or steers, and pieces of it. */
  const piece = fc.oneof(
    fc.constantFrom(
      ...["漢字", "ｗｉｄｅ", "👩‍👩‍👧‍👦", "👍🏽", "🏽", "🇩🇪", "🇩", "☎️", "☎", "\ufe0f", "\u200d", "e\u0301", "\u0301"],
      ...["\u0301".repeat(400), "क्षि", "한글", "\u1112\u1161\u11ab", "\u115f", "ﾊﾞ", "שלום", "عربي", "\u0600漢"],
      ...["\u00ad", "\u3164", " ", "…", "· ", "─", "“", " !", "\ud83d", "\udc00"],
      ...Object.values(ATTACKS),
    ),
    fc.string({ unit: "grapheme", maxLength: 4 }),
    fc.string({ unit: anyCharacter, maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  const widths = {
    narrow: fc.oneof(fc.constantFrom(20, 60, 80), fc.integer({ min: 20, max: 80 })),
    usual: fc.oneof(fc.constantFrom(100, 120), fc.integer({ min: 81, max: 160 })),
    wide: fc.oneof(fc.constant(200), fc.integer({ min: 161, max: 240 })),
  };
  const cases = ["subagent", "failing-tool"].flatMap((name) =>
    Object.entries(widths).map(([kind, width]) => ({ name, kind, width })),
  );

  test.each(cases)("$name: no line is wider than a $kind terminal", ({ name, width }) => {
    fc.assert(
      fc.property(text, width, (attack, columns) => {
        for (const trace of attackedTraces(`${name}@1.18.33`, attack, { keep: 3, keys: false })) {
          const options = { width: columns, colors: plain };
          const steps = placedSteps(trace.loop).map((placed) => paintStep(trace, placed, options));
          const lines = [paintTree(trace, options), ...steps].join("\n").split("\n");
          expect(lines.filter((line) => columnsOf(line) > columns)).toEqual([]);
          expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
        }
      }),
      { numRuns: tries(8) },
    );
  });
});
