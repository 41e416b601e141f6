import { expect, it } from "vitest";
import { rehearse } from "../../src/agent/rehearse.js";

it.each([
  [1, "bash"],
  [2, "shell"],
] as const)(
  "goes all the way to a trace, with what was recorded of its call: opencode %d",
  async (generation, tool) => {
    const [trace, ...others] = await rehearse({ environment: {} }, new AbortController().signal, generation);
    expect(others).toEqual([]);
    const [step] = trace?.loop.steps ?? [];
    expect(step?.tools.map(({ name }) => name)).toEqual([tool]);
    expect(step?.call?.wire).toMatchObject({ status: 200 });
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
