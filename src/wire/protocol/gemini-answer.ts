import { z } from "zod";
import type { AnswerReader, Gathered } from "./answer-reader.js";
import { list, part, raw, text, tokens } from "./lenient.js";
import type { WireUsage } from "./parsed-answer.js";

const piece = z.object({
  text,
  thought: z.boolean().nullish().catch(null),
  functionCall: part({ id: text, name: text, args: z.unknown().optional() }),
});
const answer = z.object({
  responseId: text,
  modelVersion: text,
  candidates: list(z.object({ content: part({ parts: list(piece) }), finishReason: text })),
  promptFeedback: part({ blockReason: text }),
  usageMetadata: raw,
});
const usage = z.object({
  promptTokenCount: tokens,
  toolUsePromptTokenCount: tokens,
  cachedContentTokenCount: tokens,
  candidatesTokenCount: tokens,
  thoughtsTokenCount: tokens,
});

/** Gemini's generateContent; a stream is whole answers with what is new, as events or as one list. */
export function geminiAnswer(gathered: Gathered): AnswerReader {
  let calls = 0;
  const one = (payload: unknown, at: number): void => {
    const { data } = answer.safeParse(unwrapped(payload));
    if (!data) return;
    gathered.responseId ??= data.responseId || null;
    gathered.model ??= data.modelVersion || null;
    for (const { content, finishReason } of data.candidates) {
      for (const { text: said, thought, functionCall } of content?.parts ?? []) {
        if (thought) gathered.thinking(said, at);
        else gathered.text(said, at);
        if (!functionCall) continue;
        gathered.call(calls, { id: functionCall.id, name: functionCall.name });
        gathered.callArguments(calls, JSON.stringify(functionCall.args ?? {}), at);
        calls += 1;
      }
      gathered.finish = finishReason ?? gathered.finish;
    }
    gathered.finish ??= data.promptFeedback?.blockReason ?? null;
    if (data.usageMetadata) {
      gathered.rawUsage = data.usageMetadata;
      gathered.usage = usageOf(data.usageMetadata);
    }
  };
  return {
    read(payload, at) {
      for (const each of Array.isArray(payload) ? payload : [payload]) one(each, at);
    },
  };
}

/** Code Assist wraps it. */
function unwrapped(payload: unknown): unknown {
  const { data } = z.object({ response: z.record(z.string(), z.unknown()) }).safeParse(payload);
  return data?.response ?? payload;
}

function usageOf(given: unknown): WireUsage | null {
  const { data } = usage.safeParse(given);
  if (!data) return null;
  const prompt = data.promptTokenCount + data.toolUsePromptTokenCount;
  return {
    input: Math.max(0, prompt - data.cachedContentTokenCount),
    output: data.candidatesTokenCount,
    reasoning: data.thoughtsTokenCount,
    cacheRead: data.cachedContentTokenCount,
    cacheWrite: 0,
  };
}
