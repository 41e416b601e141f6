/** What happened between answers, as events of the step that came next. */
import type { ModelFacts, SessionEvent } from "../opencode/model.js";
import { oneLine } from "../text/bounded-text.js";
import { fieldsOf } from "../text/json-fields.js";
import type { StepEvent } from "./model.js";
import { spanIdOf } from "./span-id.js";
import { totalTokens } from "./usage.js";

type Attributes = StepEvent["attributes"];

export function stepEvent(event: SessionEvent, sessionId: string): StepEvent {
  const { id, name, at } = event;
  return { spanId: spanIdOf("event", sessionId, id), name, at, attributes: attributesOf(event) };
}

function attributesOf(event: SessionEvent): Attributes {
  switch (event.name) {
    case "compaction": {
      const { auto, overflow, summary, at } = event;
      if (!summary) return { auto, overflow };
      const { outcome, end, model, spent, error } = summary;
      return {
        auto,
        overflow,
        outcome,
        ...(end === null ? {} : { durationMs: end - at }),
        ...(model ? { model: modelText(model) } : {}),
        ...(spent ? { tokens: totalTokens(spent.usage) } : {}),
        ...(spent?.cost ? { cost: spent.cost } : {}),
        ...(error ? { error: oneLine(messageOf(error.data) ?? error.name) } : {}),
      };
    }
    case "skill":
      return { skill: event.skill };
    case "agent-switched":
      return { agent: event.agent, ...(event.previous === null ? {} : { previous: event.previous }) };
    case "model-switched":
      return {
        model: modelText(event.model),
        ...(event.previous === null ? {} : { previous: modelText(event.previous) }),
      };
    case "location-switched":
      return { directory: event.directory, ...(event.previous === null ? {} : { previous: event.previous }) };
    case "system":
      return event.description === null ? {} : { description: event.description };
    default:
      return event satisfies never;
  }
}

/** `provider/model`, with `#` before a variant, as opencode 2 writes it. */
function modelText({ providerId, modelId, variant }: ModelFacts): string {
  return `${providerId}/${modelId}${variant === null ? "" : `#${variant}`}`;
}

function messageOf(data: unknown): string | undefined {
  const message = fieldsOf(data).message;
  return typeof message === "string" ? message : undefined;
}

/** What came of events behind which no step began; ms since the epoch. */
export function leftEventNote(event: SessionEvent): string {
  const when = new Date(event.at).toISOString();
  if (event.name !== "compaction") return `${event.name} at ${when}.`;
  if (!event.summary) return `opencode asked for a compaction at ${when}, and nothing came of it.`;
  return event.summary.outcome === "completed"
    ? `opencode summed up the conversation at ${when}${event.auto ? "" : ", on request"}.`
    : `opencode began to sum up the conversation at ${when}, and nothing came of it.`;
}
