import { z } from "zod";
import { fieldsOf } from "../../text/json-fields.js";
import type { AnswerReader, Gathered } from "./answer-reader.js";
import { list, part, raw, text, tokens } from "./lenient.js";
import type { WireUsage } from "./parsed-answer.js";

const block = z.object({ type: text, id: text, name: text, text, thinking: text, input: z.unknown().optional() });
const message = z.object({ id: text, model: text, stop_reason: text, usage: raw, content: list(block) });
const event = z.object({
  type: text,
  index: z.number().nullish().catch(null),
  message: message.nullish().catch(null),
  content_block: block.nullish().catch(null),
  delta: part({ type: text, text, thinking: text, partial_json: text, stop_reason: text }),
  usage: raw,
});
const usage = z.object({
  input_tokens: tokens,
  output_tokens: tokens,
  cache_read_input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  output_tokens_details: part({ thinking_tokens: tokens }),
});

/** Anthropic's messages, streamed or whole. */
export function anthropicAnswer(gathered: Gathered): AnswerReader {
  /** A stream tells of the prompt at its begin and of the output at its end; what stands in both is the later's. */
  const addUsage = (given: Readonly<Record<string, unknown>> | null | undefined): void => {
    if (!given) return;
    const told = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    gathered.rawUsage = { ...gathered.rawUsage, ...told };
    gathered.usage = usageOf(gathered.rawUsage);
  };
  const begin = (key: number, found: z.output<typeof block>, at: number): void => {
    if (found.type?.endsWith("tool_use")) {
      gathered.call(key, { id: found.id, name: found.name });
      // A stream begins with an empty object, and its pieces follow.
      if (Object.keys(fieldsOf(found.input)).length > 0) {
        gathered.callArguments(key, JSON.stringify(found.input), at);
      }
    }
    gathered.text(found.type === "text" ? found.text : null, at);
    gathered.thinking(found.thinking, at);
  };
  const whole = (found: z.output<typeof message>, at: number): void => {
    gathered.responseId ??= found.id || null;
    gathered.model ??= found.model || null;
    gathered.finish = found.stop_reason ?? gathered.finish;
    addUsage(found.usage);
    found.content.forEach((one, key) => {
      begin(key, one, at);
    });
  };
  return {
    read(payload, at) {
      const { data } = event.safeParse(payload);
      if (!data) return;
      if (data.type === "message") {
        const { data: found } = message.safeParse(payload);
        if (found) whole(found, at);
        return;
      }
      if (data.message) whole(data.message, at);
      if (data.content_block) begin(data.index ?? 0, data.content_block, at);
      gathered.text(data.delta?.text, at);
      gathered.thinking(data.delta?.thinking, at);
      gathered.callArguments(data.index ?? 0, data.delta?.partial_json, at);
      gathered.finish = data.delta?.stop_reason ?? gathered.finish;
      addUsage(data.usage);
    },
  };
}

function usageOf(given: unknown): WireUsage | null {
  const { data } = usage.safeParse(given);
  if (!data) return null;
  const reasoning = data.output_tokens_details?.thinking_tokens ?? 0;
  return {
    input: data.input_tokens,
    output: Math.max(0, data.output_tokens - reasoning),
    reasoning,
    cacheRead: data.cache_read_input_tokens,
    cacheWrite: data.cache_creation_input_tokens,
  };
}
