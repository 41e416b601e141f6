import pc from "picocolors";
import { expect, test } from "vitest";
import { paintVerdict } from "../../src/terminal/paint-verdict.js";

test("a trace that is not there takes no line for each span, and is told how to be sent", () => {
  const findings = ["a", "b"].map((spanId) => ({ kind: "missing", spanId, name: "llm-call-0" }) as const);
  const about = { traceId: "ab".repeat(16), sessionId: "ses_e03b66d38ffe7m0arJ0ehJm9sO", turn: 0, spans: 2 };
  const paint = { width: 90, colors: pc.createColors(false) };
  expect(paintVerdict({ ...about, findings }, paint).split("\n")).toEqual([
    `${about.traceId}  ${about.sessionId} turn 1`,
    "  2 spans: 2 missing",
    "  Nothing of it is in Langfuse.",
    `  \`looptrace trace --force ${about.sessionId}\` sends the session again.`,
  ]);
  const half = paintVerdict({ ...about, findings: findings.slice(1) }, { ...paint, width: 120 });
  expect(half).toContain("turn 1  2 spans: 1 missing\n  llm-call-0 [b] is missing\n  `looptrace trace --force");
});

test("nothing that Langfuse has steers the terminal or bends a line", () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\nx";
  const span = { name: evil, spanId: evil };
  const text = paintVerdict(
    {
      traceId: evil,
      sessionId: evil,
      turn: 0,
      spans: 3,
      findings: [
        { kind: "unexpected", ...span },
        { kind: "different", ...span, fields: [{ field: evil, local: evil, remote: { [evil]: evil } }] },
      ],
    },
    { width: 200, colors: pc.createColors(false) },
  );
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(text.split("\n")).toHaveLength(4);
  expect(text).toContain("is not in the session");
});
