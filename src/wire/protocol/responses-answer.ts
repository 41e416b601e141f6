import { z } from "zod";
import type { AnswerReader, Gathered } from "./answer-reader.js";
import { list, part, raw, text, tokens } from "./lenient.js";
import type { WireUsage } from "./parsed-answer.js";

const item = z.object({
  type: text,
  id: text,
  call_id: text,
  name: text,
  arguments: text,
  input: text,
  content: list(z.object({ text, refusal: text })),
  summary: list(z.object({ text })),
});
const answer = z.object({
  id: text,
  model: text,
  status: text,
  output: list(item),
  incomplete_details: part({ reason: text }),
  usage: raw,
  error: part({ message: text, code: text, type: text }),
});
const event = z.object({
  type: text,
  delta: text,
  item_id: text,
  output_index: z.number().nullish().catch(null),
  item: item.nullish().catch(null),
  response: answer.nullish().catch(null),
});
const usage = z.object({
  input_tokens: tokens,
  output_tokens: tokens,
  input_tokens_details: part({ cached_tokens: tokens, cache_write_tokens: tokens }),
  output_tokens_details: part({ reasoning_tokens: tokens }),
});

const CALLS = new Set(["function_call", "custom_tool_call"]);

/** OpenAI's Responses, streamed or whole. */
export function responsesAnswer(gathered: Gathered): AnswerReader {
  const wholeItem = (found: z.output<typeof item>, at: number): void => {
    if (CALLS.has(found.type ?? "")) {
      const key = found.id ?? found.call_id ?? "";
      gathered.call(key, { id: found.call_id, name: found.name });
      if (!gathered.hasArguments(key)) gathered.callArguments(key, found.arguments ?? found.input, at);
    }
  };
  const wholeAnswer = (found: z.output<typeof answer>, at: number): void => {
    gathered.responseId ??= found.id || null;
    gathered.model ??= found.model || null;
    if (found.status && found.status !== "in_progress" && found.status !== "queued") {
      gathered.finish = found.incomplete_details?.reason ?? found.status;
    }
    if (found.usage) {
      gathered.rawUsage = found.usage;
      gathered.usage = usageOf(found.usage);
    }
    if (found.error) {
      const { message, code, type } = found.error;
      gathered.error = { message: message ?? null, code: code ?? null, type: type ?? null };
    }
    for (const one of found.output) wholeItem(one, at);
  };
  return {
    read(payload, at) {
      const { data } = event.safeParse(payload);
      if (!data) return;
      switch (data.type) {
        case "response.output_text.delta":
        case "response.refusal.delta":
          gathered.text(data.delta, at);
          break;
        case "response.reasoning_summary_text.delta":
        case "response.reasoning_text.delta":
          gathered.thinking(data.delta, at);
          break;
        case "response.function_call_arguments.delta":
        case "response.custom_tool_call_input.delta":
          gathered.callArguments(data.item_id ?? "", data.delta, at);
          break;
        case "response.output_item.added":
        case "response.output_item.done":
          if (data.item) wholeItem(data.item, at);
          break;
        default:
          break;
      }
      if (data.response) wholeAnswer(data.response, at);
      // A body that is no stream is the answer itself.
      if (!data.type) {
        const { data: whole } = answer.safeParse(payload);
        if (!whole) return;
        for (const one of whole.output) {
          if (one.type === "message") for (const piece of one.content) gathered.text(piece.text ?? piece.refusal, at);
          if (one.type === "reasoning") for (const piece of one.summary) gathered.thinking(piece.text, at);
        }
        wholeAnswer(whole, at);
      }
    },
  };
}

function usageOf(given: unknown): WireUsage | null {
  const { data } = usage.safeParse(given);
  if (!data) return null;
  const cacheRead = data.input_tokens_details?.cached_tokens ?? 0;
  const cacheWrite = data.input_tokens_details?.cache_write_tokens ?? 0;
  const reasoning = data.output_tokens_details?.reasoning_tokens ?? 0;
  return {
    input: Math.max(0, data.input_tokens - cacheRead - cacheWrite),
    output: Math.max(0, data.output_tokens - reasoning),
    reasoning,
    cacheRead,
    cacheWrite,
  };
}
