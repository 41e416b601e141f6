import type { Call, Step, StepEvent } from "./model.js";
import { spanIdOf } from "./span-id.js";
import { promptTokens, sureUsageOf } from "./usage.js";

/**
 * The steps with an event where the provider's cache broke: fewer tokens came from it than at the call before, although
 * the prompt did not get shorter. What had been cached was then paid for anew.
 */
export function withCacheBreaks(steps: readonly Step[], sessionId: string): readonly Step[] {
  let before: Call | undefined;
  return steps.map((step) => {
    const { call } = step;
    if (!call || !sureUsageOf("prompt", call)) return step;
    // A summary is asked for without the conversation's beginning; another agent's prompt has one of its own.
    const event = before?.mode === call.mode ? breakOf(before, call, step.messageId, sessionId) : undefined;
    before = call;
    return event ? { ...step, events: [...step.events, event] } : step;
  });
}

/** The event where a call's cache broke against a call before it; undefined where it did not, or that is not sure. */
export function breakOf(before: Call, call: Call, messageId: string, sessionId: string): StepEvent | undefined {
  const then = sureUsageOf("prompt", before);
  const now = sureUsageOf("prompt", call);
  if (!then || !now) return undefined;
  // Another model has a cache of its own.
  if (before.model?.modelId !== call.model?.modelId) return undefined;
  const lost = then.cacheRead - now.cacheRead;
  if (lost <= 0 || promptTokens(now) < promptTokens(then)) return undefined;
  return {
    spanId: spanIdOf("event", sessionId, `${messageId}/cache-break`),
    name: "cache-break",
    at: call.start,
    attributes: {
      cachedBefore: then.cacheRead,
      cachedNow: now.cacheRead,
      tokensReadAnew: lost,
    },
  };
}
