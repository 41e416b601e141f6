import { describe, expect, test } from "vitest";
import { traceName } from "../../../src/otel/langfuse/trace-name.js";
import type { ChatMessage, LoopTrace } from "../../../src/trace/model.js";
import { traceOf } from "../../support/fixtures.js";

const plain = traceOf("plain-answer@1.18.33");
const made = (title: string, input: readonly ChatMessage[]): LoopTrace => ({
  ...plain,
  session: { ...plain.session, title },
  loop: { ...plain.loop, input },
});
const said = (content: Extract<ChatMessage, { role: "user" }>["content"]): readonly ChatMessage[] => [
  { role: "user", content },
];

describe("what a trace is called", () => {
  test("by its session's title, on one line, without what a terminal would obey", () => {
    expect(traceName(made("Mend \u001b[31mthe\u001b[0m\n tests\u202e", said("x")), "title")).toBe("Mend the tests");
  });

  test("by its prompt's first line where there is no title yet, or it may still come", () => {
    const input = said("\n  Fix the test.\nIt fails.");
    expect(traceName(made("", input), "title")).toBe("Fix the test.");
    expect(traceName(made("New session - 2026-11-29T06:00:00.000Z", input), "title")).toBe("Fix the test.");
    expect(traceName(made("Mend it", input), "prompt")).toBe("Fix the test.");
  });

  test("by what the person wrote, not by what opencode put beside it", () => {
    const file = { type: "file", mime: "text/plain", filename: "a.txt", url: "file:///repo/a.txt" } as const;
    const synthetic = { type: "text", text: "Called the Read tool", synthetic: true } as const;
    expect(traceName(made("", said([synthetic, file, { type: "text", text: "Sum it up." }])), "title")).toBe(
      "Sum it up.",
    );
  });

  test("cut where a list would cut it, and never in a character", () => {
    const name = traceName(made("", said("🎉".repeat(400))), "title");
    expect(name).toMatch(/^(🎉){40,50}…$/u);
    expect(name.isWellFormed()).toBe(true);
  });

  test("by the loop's own name where nothing is said", () => {
    expect(traceName(made("", []), "title")).toBe("opencode.loop");
  });
});
