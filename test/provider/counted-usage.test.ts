import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { expect, test } from "vitest";
import { usageCounter } from "./counted-usage.js";
import type { Reply } from "./scenario.js";

const REPLY: Reply = {
  ...{ delayMs: 0, firstChunkMs: 0, chunkMs: 0, chunks: 1, reasoning: "I list the files.", text: "Now the files." },
  toolCalls: [{ name: "bash", arguments: { command: "ls" }, chunks: 1 }],
};

test("a prompt has the tokens of its texts, and what an earlier one began with comes from the cache in whole blocks", async () => {
  const count = await usageCounter();
  const system = { role: "system", content: "You are an agent that mends tests. ".repeat(200) };
  const tools = [{ type: "function", function: { name: "bash", description: "Runs a command." } }];
  const body = { model: "m1", tools, messages: [system, { role: "user", content: "Mend it." }] };
  const [first, second] = [count(body, REPLY), count({ ...body, messages: [...body.messages, system] }, REPLY)];
  const begins = countTokens(JSON.stringify(tools[0])) + countTokens(system.content) + countTokens("Mend it.") + 12;
  expect(first.input).toBe(begins);
  expect([first.cached, first.cacheWrite]).toEqual([0, 0]);
  expect(second.input).toBe(first.input + countTokens(system.content) + 4);
  expect(second.cached).toBe(first.input - (first.input % 128));
  expect(first.reasoning).toBe(countTokens("I list the files."));
  expect(first.output).toBe(
    first.reasoning + countTokens("Now the files.") + countTokens("bash") + countTokens('{"command":"ls"}') + 4,
  );
  // Another model has a cache of its own.
  expect(count({ ...body, model: "m2" }, REPLY).cached).toBe(0);
});
