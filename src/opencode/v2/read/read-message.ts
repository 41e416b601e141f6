import { answerOf } from "../../../wire/answer-of.js";
import { promptText } from "../../model/prompt-text.js";
import type { CompactionEvent, Entry, Told } from "../../model/session.js";
import { recordedEnd, requestsOfAnswer, type WireRequest, wireError } from "../../model/session-wire.js";
import type { ContentPart, Outcome } from "../../model/values.js";
import type {
  AssistantMessageV2,
  CompactionMessage,
  MessageV2,
  ShellMessage,
  UserMessageV2,
} from "../schema/session-export.js";
import { modelFacts, usageOf } from "./read-answer.js";

/**
 * What a message that is no answer tells the model, and tells of the session.
 * @param requests what was recorded of a compaction's requests, ascending in time
 */
export function readMessage(
  message: Exclude<MessageV2, AssistantMessageV2 | ShellMessage>,
  requests: readonly WireRequest[] = [],
): readonly Entry[] {
  const { id } = message;
  const at = message.time.created;
  const event = { kind: "event", id, at } as const;
  switch (message.type) {
    case "user":
      return [{ kind: "told", id, at, content: promptContent(message) }];
    case "synthetic":
      return [told(message)];
    case "system":
      return [{ ...event, name: "system", description: message.description ?? null }, told(message)];
    case "skill":
      return [{ ...event, name: "skill", skill: message.name ?? message.skill ?? "" }, told(message)];
    case "compaction":
      return [readCompaction(message, requests)];
    case "agent-switched":
      return [{ ...event, name: "agent-switched", agent: message.agent ?? "", previous: message.previous ?? null }];
    case "model-switched": {
      const model = modelFacts(message.model);
      return model ? [{ ...event, name: "model-switched", model, previous: modelFacts(message.previous) }] : [];
    }
    case "location-switched": {
      const { location, previous } = message;
      const directory = location?.directory ?? "";
      return [{ ...event, name: "location-switched", directory, previous: previous?.location?.directory ?? null }];
    }
    case "idle":
      return [];
    default:
      return message satisfies never;
  }
}

/** A text of opencode's own. */
function told({ id, time, text }: Pick<UserMessageV2, "id" | "time" | "text">): Told {
  return { kind: "told", id, at: time.created, content: [{ type: "text", text, synthetic: true }] };
}

function promptContent({ text, files }: UserMessageV2): readonly ContentPart[] {
  return [
    ...(text === "" ? [] : [{ type: "text", text: promptText(text) } as const]),
    ...files.map(
      ({ mime, name, data, uri }): ContentPart => ({
        type: "file",
        mime,
        filename: name ?? null,
        url: uri ?? (data === undefined ? "" : `data:${mime};base64,${data}`),
      }),
    ),
  ];
}

function readCompaction(message: CompactionMessage, requests: readonly WireRequest[]): CompactionEvent {
  const { id, time, reason, model, tokens, cost, error } = message;
  const isGood = ({ exchange }: WireRequest): boolean => wireError(exchange) === null;
  const exchange = (requestsOfAnswer(requests, isGood).at(-1) ?? requests.at(-1))?.exchange;
  const answered = exchange && answerOf(exchange)?.usage;
  return {
    kind: "event",
    name: "compaction",
    id,
    at: time.created,
    auto: reason !== "manual",
    overflow: false,
    summary: {
      outcome: outcomeOf(message),
      end: (exchange && recordedEnd(exchange)?.at) ?? null,
      model: modelFacts(model),
      spent: tokens
        ? { usage: usageOf(tokens), cost: cost > 0 ? cost : null }
        : answered
          ? { usage: answered, cost: null }
          : null,
      error: error ? { name: error.name, data: error.data } : null,
      ...(exchange ? { exchange } : {}),
    },
  };
}

function outcomeOf({ status, summary, error }: CompactionMessage): Outcome {
  if (status === "failed" || error) return "failed";
  if (status === "completed") return "completed";
  return status === undefined && summary !== "" ? "completed" : "unfinished";
}
