import { z } from "zod";
import type { AnswerReader, Gathered } from "../../../src/wire/protocol/answer-reader.js";
import { list, part, raw, text, tokens } from "../../../src/wire/protocol/lenient.js";
import type { WireUsage } from "../../../src/wire/protocol/parsed-answer.js";

const calls = list(
  z.object({
    index: z.number().nullish().catch(null),
    id: text,
    function: part({ name: text, arguments: text }),
    custom: part({ name: text, input: text }),
  }),
);
const said = part({
  content: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  reasoning_text: text,
  tool_calls: calls,
});
const chunk = z.object({
  id: text,
  model: text,
  choices: list(z.object({ delta: said, message: said, finish_reason: text })),
  usage: raw,
});
const usage = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  prompt_cache_hit_tokens: tokens,
  cached_tokens: tokens,
  prompt_tokens_details: part({ cached_tokens: tokens, cache_write_tokens: tokens }),
  completion_tokens_details: part({ reasoning_tokens: tokens }),
});

/** OpenAI's chat completions as the lenient schemas read them, to hold what is told by hand against. */
export function chatCompletionsBySchema(gathered: Gathered): AnswerReader {
  return {
    read(payload, at) {
      const { data } = chunk.safeParse(payload);
      if (!data) return;
      gathered.responseId ??= data.id || null;
      gathered.model ??= data.model || null;
      for (const choice of data.choices) {
        const delta = choice.delta ?? choice.message;
        gathered.thinking(delta?.reasoning_content ?? delta?.reasoning ?? delta?.reasoning_text, at);
        gathered.text(delta?.content ?? delta?.refusal, at);
        delta?.tool_calls.forEach((call, position) => {
          const key = call.index ?? position;
          const { function: called, custom } = call;
          gathered.call(key, { id: call.id, name: called?.name ?? custom?.name });
          gathered.callArguments(key, called?.arguments ?? custom?.input, at);
        });
        gathered.finish = choice.finish_reason ?? gathered.finish;
      }
      if (data.usage) {
        gathered.rawUsage = data.usage;
        gathered.usage = usageOf(data.usage);
      }
    },
  };
}

function usageOf(given: unknown): WireUsage | null {
  const { data } = usage.safeParse(given);
  if (!data) return null;
  const cacheRead = data.prompt_tokens_details?.cached_tokens || data.prompt_cache_hit_tokens || data.cached_tokens;
  const cacheWrite = data.prompt_tokens_details?.cache_write_tokens ?? 0;
  const reasoning = data.completion_tokens_details?.reasoning_tokens ?? 0;
  return {
    input: Math.max(0, data.prompt_tokens - cacheRead - cacheWrite),
    output: Math.max(0, data.completion_tokens - reasoning),
    reasoning,
    cacheRead,
    cacheWrite,
  };
}
