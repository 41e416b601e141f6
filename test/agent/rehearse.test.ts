import { expect, it } from "vitest";
import { rehearse } from "../../src/agent/rehearse.js";

it("goes all the way to a trace, with what was recorded of its call", async () => {
  const [trace, ...others] = await rehearse({ environment: {} }, new AbortController().signal);
  expect(others).toEqual([]);
  const [step] = trace?.loop.steps ?? [];
  expect(step?.tools.map(({ name }) => name)).toEqual(["bash"]);
  expect(step?.call?.wire).toMatchObject({ status: 200 });
});

it("gives the caller's own function none of its texts", async () => {
  const given: string[] = [];
  const replace = (text: string): string => {
    given.push(text);
    return text;
  };
  const traces = await rehearse({ environment: {}, replace }, new AbortController().signal);
  expect([traces.length, given]).toEqual([1, []]);
});
