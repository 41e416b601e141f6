import fc from "fast-check";
import pc from "picocolors";
import { expect, test } from "vitest";
import type { Finding } from "../../src/doctor/finding.js";
import { findingsVerdict, paintFindings } from "../../src/terminal/paint-findings.js";
import { columnsOf } from "../../src/text/columns.js";
import { anyCharacter } from "../support/any-character.js";

const colors = pc.createColors(false);

const FINDINGS: readonly Finding[] = [
  { check: "node", status: "ok", found: "Node.js 20", advice: null },
  { check: "opencode", status: "failed", found: "not found", advice: "Install it with npm." },
  { check: "disk", status: "warning", found: "little space is left on the disk", advice: "Make room." },
];

test("a line each, below it what to do", () => {
  expect(paintFindings(FINDINGS, { width: 60, colors })).toBe(
    [
      "ok       node      Node.js 20",
      "FAILED   opencode  not found",
      "                   → Install it with npm.",
      "warning  disk      little space is left on the disk",
      "                   → Make room.",
    ].join("\n"),
  );
});

test("where there is little room, the texts stand below", () => {
  expect(paintFindings(FINDINGS.slice(1), { width: 24, colors })).toBe(
    [
      "FAILED   opencode",
      "  not found",
      "  → Install it with npm.",
      "warning  disk",
      "  little space is left",
      "  on the disk",
      "  → Make room.",
    ].join("\n"),
  );
});

test("red what failed, yellow what is a warning, green the word ok", () => {
  const painted = paintFindings(FINDINGS, { width: 60, colors: pc.createColors(true) });
  expect(painted).toContain("\u001b[32mok\u001b[39m       node");
  expect(painted).toContain("\u001b[31mFAILED   opencode");
  expect(painted).toContain("\u001b[33m                   → Make room.\u001b[39m");
});

test("whatever was found, nothing steers the terminal and no line is too long", () => {
  const text = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 200 }),
    fc.constantFrom("\u001b[31mred\u001b]0;title\u0007", "漢字".repeat(40), "a\r\nb\u202Ec\u0000 \ud83d"),
  );
  const finding = fc.record({
    check: text,
    status: fc.constantFrom("ok", "warning", "failed"),
    found: text,
    advice: fc.option(text),
  });
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 4 }), fc.integer({ min: 20, max: 200 }), (findings, width) => {
      const painted = paintFindings(findings, { width, colors });
      expect(painted).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      expect(painted.isWellFormed()).toBe(true);
      for (const line of painted.split("\n")) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }),
  );
});

test.each([
  [FINDINGS, "1 check failed, 1 warning."],
  [FINDINGS.slice(0, 1), "All is in order."],
  [FINDINGS.slice(2), "Nothing failed, 1 warning."],
  [[...FINDINGS.slice(1, 2), ...FINDINGS.slice(1, 2)], "2 checks failed."],
])("the verdict: %#", (findings, verdict) => {
  expect(findingsVerdict(findings)).toBe(verdict);
});
