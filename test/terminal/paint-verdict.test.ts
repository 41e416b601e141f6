import pc from "picocolors";
import { expect, test } from "vitest";
import { paintVerdict } from "../../src/terminal/paint-verdict.js";

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
