import { z } from "zod";
import type { AnswerReader, Gathered } from "./answer-reader.js";
import { list, part, raw, text, tokens } from "./lenient.js";
import type { WireUsage } from "./parsed-answer.js";

const block = z.object({
  text,
  reasoningContent: part({ reasoningText: part({ text }) }),
  toolUse: part({ toolUseId: text, name: text, input: z.unknown().optional() }),
});
const answer = z.object({
  output: part({ message: part({ content: list(block) }) }),
  stopReason: text,
  usage: raw,
});
const usage = z.object({
  inputTokens: tokens,
  outputTokens: tokens,
  cacheReadInputTokens: tokens,
  cacheWriteInputTokens: tokens,
});

/** Bedrock's Converse. Its streams are binary and are not read. */
export function bedrockAnswer(gathered: Gathered): AnswerReader {
  return {
    read(payload, at) {
      const { data } = answer.safeParse(payload);
      if (!data) return;
      (data.output?.message?.content ?? []).forEach((one, key) => {
        gathered.text(one.text, at);
        gathered.thinking(one.reasoningContent?.reasoningText?.text, at);
        if (!one.toolUse) return;
        gathered.call(key, { id: one.toolUse.toolUseId, name: one.toolUse.name });
        gathered.callArguments(key, JSON.stringify(one.toolUse.input ?? {}), at);
      });
      gathered.finish = data.stopReason ?? gathered.finish;
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
  return {
    input: data.inputTokens,
    output: data.outputTokens,
    reasoning: 0,
    cacheRead: data.cacheReadInputTokens,
    cacheWrite: data.cacheWriteInputTokens,
  };
}
