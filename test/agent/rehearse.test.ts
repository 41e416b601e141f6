import { expect, it } from "vitest";
import { PRACTICE } from "../../src/agent/practice-session.js";
import { rehearse } from "../../src/agent/rehearse.js";
import { maskFor } from "../../src/masking/mask.js";
import { readRecording } from "../../src/wire/recording/read-recording.js";

it.each([
  [1, "bash"],
  [2, "shell"],
] as const)(
  "goes all the way to a trace, with what was recorded of its calls: opencode %d",
  async (generation, tool) => {
    const [trace, ...others] = await rehearse({ environment: {} }, new AbortController().signal, generation);
    expect(others).toEqual([]);
    const { steps = [], otherCalls } = trace?.loop ?? {};
    expect(steps.map(({ tools }) => tools.map(({ name }) => name))).toEqual([[tool], []]);
    // Without their bodies, what cuts and reads these would run for the first time when it counts.
    expect(steps.map(({ call }) => call?.wire)).toMatchObject([
      { status: 200, request: { toolsHash: expect.any(String) } },
      { status: 200, request: { toolsHash: expect.any(String) } },
    ]);
    expect(otherCalls).toMatchObject([{ kind: "title" }]);
  },
);

it("gives the caller's own function none of its texts", async () => {
  const given: string[] = [];
  const replace = (text: string): string => {
    given.push(text);
    return text;
  };
  const traces = await rehearse({ environment: {}, replace }, new AbortController().signal, 1);
  expect([traces.length, given]).toEqual([1, []]);
});

it("is recorded whole, and has no secret: most sessions have none, and what masks is much to load", async () => {
  const { exchanges, notes } = readRecording(PRACTICE.wire, "practice");
  expect(notes).toEqual([]);
  expect(exchanges.map(({ body }) => body.text === null)).toEqual([false, false, false]);
  const bodies = exchanges.map(({ body }): unknown => JSON.parse(body.text ?? ""));
  const mask = await maskFor([PRACTICE.exported, bodies], { environment: {} });
  expect(mask.hasFound).toBe(false);
});
