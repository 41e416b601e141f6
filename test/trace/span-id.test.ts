import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type SpanKind, spanIdOf, traceIdOf } from "../../src/trace/span-id.js";

const KINDS: readonly SpanKind[] = ["loop", "step", "call", "retry", "tool", "event"];

test("ids are what they were in every earlier version, so that nothing is sent twice under two names", () => {
  expect(traceIdOf("ses_a", "msg_b")).toBe("57d04b7341b4c5bb569a311a9d1af59f");
  expect(spanIdOf("tool", "ses_a", "prt_c")).toBe("500254a84768b642");
});

test("what one message stands for has an id each", () => {
  expect(new Set(KINDS.map((kind) => spanIdOf(kind, "ses_a", "msg_b"))).size).toBe(KINDS.length);
  expect(spanIdOf("step", "ses_a", "msg_b")).not.toBe(spanIdOf("step", "ses_b", "msg_b"));
});

test("ids of any letters and lengths are those of the whole text", () => {
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
  const sessions = ["ses_a", "ses_ä", "s".repeat(300), "ses_b", ""];
  const ids = ["msg_b", "é", "→", "x".repeat(200), "x".repeat(201), "", "msg_c", "\u{1f600}"];
  for (const session of sessions) {
    for (const id of ids) {
      for (const more of ["", "1730000000000", "ß"]) {
        expect(spanIdOf("phase", session, id, more)).toBe(digest(`looptrace/phase/${session}/${id}${more}`));
      }
    }
  }
});
