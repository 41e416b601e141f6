import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AnswerReader, Gathered } from "../../../src/wire/protocol/answer-reader.js";
import { chatCompletionsAnswer } from "../../../src/wire/protocol/chat-completions-answer.js";
import { chatCompletionsBySchema } from "./chat-completions-by-schema.js";

/** What stands in a field: what belongs there most of the time, and anything else. */
const odd = fc.constantFrom<unknown>(null, undefined, "", 0, -1, 1.5, Number.POSITIVE_INFINITY, true, [], {}, [1], "x");
const orOdd = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 5, arbitrary: value as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd });
const text = orOdd(fc.constantFrom("a", "grüße", "stop", ""));
const count = orOdd(fc.nat(5_000));
const object = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  orOdd(fc.record<Record<string, unknown>>(fields, { requiredKeys: [] }));
const list = (item: fc.Arbitrary<unknown>) => orOdd(fc.array(orOdd(item), { maxLength: 3 }));

const call = object({
  ...{ index: count, id: text },
  ...{ function: object({ name: text, arguments: text }), custom: object({ name: text, input: text }) },
});
const said = object({
  ...{ content: text, refusal: text, reasoning_content: text, reasoning: text, reasoning_text: text },
  tool_calls: list(call),
});
const ofPrompt = object({ cached_tokens: count, cache_write_tokens: count });
const ofAnswer = object({ reasoning_tokens: count });
const usage = object({
  ...{ prompt_tokens: count, completion_tokens: count, prompt_cache_hit_tokens: count, cached_tokens: count },
  ...{ prompt_tokens_details: ofPrompt, completion_tokens_details: ofAnswer },
});
const chunk = object({
  ...{ id: text, model: text, usage },
  choices: list(object({ delta: said, message: said, finish_reason: text })),
});

test("an answer is what the lenient schemas make of it, whatever stands in it", () => {
  const read = (payloads: readonly unknown[], reader: (gathered: Gathered) => AnswerReader) => {
    const gathered = new Gathered();
    const one = reader(gathered);
    for (const [at, payload] of payloads.entries()) one.read(payload, at);
    return { ...gathered, ...gathered.result() };
  };
  fc.assert(
    fc.property(fc.array(chunk, { minLength: 1, maxLength: 4 }), (payloads) => {
      const own = read(payloads, chatCompletionsAnswer);
      const bySchema = read(payloads, chatCompletionsBySchema);
      if (!isDeepStrictEqual(own, bySchema)) expect(own).toEqual(bySchema);
    }),
    { numRuns: 500 },
  );
});

test("what JSON calls `__proto__` is no figure of tokens", () => {
  const gathered = new Gathered();
  chatCompletionsAnswer(gathered).read(JSON.parse('{"usage":{"__proto__":{"a":1},"prompt_tokens":3}}'), 0);
  expect(Object.keys(gathered.rawUsage ?? {})).toEqual(["prompt_tokens"]);
});
