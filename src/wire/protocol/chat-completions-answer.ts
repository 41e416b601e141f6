import { type Fields, fieldsOf, isFields } from "../../text/json-fields.js";
import type { AnswerReader, Gathered } from "./answer-reader.js";
import { listIn, textIn, tokensIn } from "./lenient-by-hand.js";
import type { WireUsage } from "./parsed-answer.js";

/** OpenAI's chat completions, streamed or whole. */
export function chatCompletionsAnswer(gathered: Gathered): AnswerReader {
  return {
    read(payload, at) {
      if (!isFields(payload)) return;
      gathered.responseId ??= textIn(payload.id) || null;
      gathered.model ??= textIn(payload.model) || null;
      for (const choice of listIn(payload.choices)) {
        const delta = fieldsOf(isFields(choice.delta) ? choice.delta : choice.message);
        const { reasoning_content: content, reasoning, reasoning_text: text } = delta;
        gathered.thinking(textIn(content) ?? textIn(reasoning) ?? textIn(text), at);
        gathered.text(textIn(delta.content) ?? textIn(delta.refusal), at);
        for (const [position, call] of listIn(delta.tool_calls).entries()) {
          const key = Number.isFinite(call.index) ? Number(call.index) : position;
          const [called, custom] = [fieldsOf(call.function), fieldsOf(call.custom)];
          gathered.call(key, { id: textIn(call.id), name: textIn(called.name) ?? textIn(custom.name) });
          gathered.callArguments(key, textIn(called.arguments) ?? textIn(custom.input), at);
        }
        gathered.finish = textIn(choice.finish_reason) ?? gathered.finish;
      }
      if (isFields(payload.usage)) {
        gathered.rawUsage = Object.fromEntries(Object.entries(payload.usage).filter(([name]) => name !== "__proto__"));
        gathered.usage = usageOf(payload.usage);
      }
    },
  };
}

function usageOf(given: Fields): WireUsage {
  const ofPrompt = fieldsOf(given.prompt_tokens_details);
  const ofAnswer = fieldsOf(given.completion_tokens_details);
  const cacheRead =
    tokensIn(ofPrompt.cached_tokens) || tokensIn(given.prompt_cache_hit_tokens) || tokensIn(given.cached_tokens);
  const cacheWrite = tokensIn(ofPrompt.cache_write_tokens);
  const reasoning = tokensIn(ofAnswer.reasoning_tokens);
  return {
    input: Math.max(0, tokensIn(given.prompt_tokens) - cacheRead - cacheWrite),
    output: Math.max(0, tokensIn(given.completion_tokens) - reasoning),
    reasoning,
    cacheRead,
    cacheWrite,
  };
}
