import type { Reply, Usage } from "./scenario.js";
import { argumentsText } from "./wire-protocol.js";

/** What a provider counts of a message or a tool beside its text. */
const FRAME = 4;
/** A cache holds the beginning of a prompt in blocks; what is shorter is not kept. */
const CACHE = { block: 128, least: 1024 };

/** What an answer has used, by a real tokenizer. */
export type UsageCounter = (body: unknown, reply: Reply) => Usage;

/**
 * Makes the counter of one run, as OpenAI's models count: the tools, then the messages; what a prompt begins with like an
 * earlier one of the same model comes from the cache.
 */
export async function usageCounter(): Promise<UsageCounter> {
  // Its tables take a third of a second to load.
  const { countTokens } = await import("gpt-tokenizer/encoding/o200k_base");
  const known = new Map<string, number>();
  const tokensOf = (text: string): number => {
    const tokens = known.get(text) ?? countTokens(text);
    known.set(text, tokens);
    return tokens;
  };
  const earlier = new Map<string, (readonly string[])[]>();
  return (body, reply) => {
    const { model, tools, messages } = fields(body);
    const prompt = [...list(tools).map((tool) => JSON.stringify(tool)), ...list(messages).map(textOfMessage)];
    const counts = prompt.map((text) => tokensOf(text) + FRAME);
    const before = earlier.get(String(model)) ?? [];
    earlier.set(String(model), [...before, prompt]);
    const same = Math.max(0, ...before.map((other) => alike(other, prompt)));
    const begins = sum(counts.slice(0, same));
    const cached = begins < CACHE.least ? 0 : begins - (begins % CACHE.block);
    const reasoning = tokensOf(reply.reasoning ?? "");
    const calls = reply.toolCalls.map((call) => FRAME + tokensOf(call.name) + tokensOf(argumentsText(call)));
    const output = reasoning + tokensOf(reply.text ?? "") + sum(calls);
    return { input: sum(counts), cached, cacheWrite: 0, output, reasoning };
  };
}

/** What a model reads of a message of chat completions. */
function textOfMessage(message: unknown): string {
  const { content, reasoning_content: thinking, tool_calls: calls } = fields(message);
  const texts = typeof content === "string" ? [content] : list(content).map((part) => String(fields(part).text ?? ""));
  const called = list(calls).map((call) => {
    const { name, arguments: given } = fields(fields(call).function);
    return `${String(name)} ${String(given)}`;
  });
  return [...(typeof thinking === "string" ? [thinking] : []), ...texts, ...called].join("\n");
}

/** How many items both lists begin with. */
function alike(a: readonly string[], b: readonly string[]): number {
  const differs = b.findIndex((text, index) => text !== a[index]);
  return differs < 0 ? b.length : differs;
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
