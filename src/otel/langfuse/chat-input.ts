/**
 * A call's input as Langfuse's pages draw it. They draw its messages as they are, but for a few of which one alone
 * makes them show the whole call, its answer too, as a table of raw values.
 */
import { isFields } from "../../text/json-fields.js";
import type { ChatMessage, SentMessage } from "../../trace/model.js";
import { drawnThinking } from "./chat-output.js";

/** The same messages, as far as nothing in them keeps the page from being drawn. */
export function chatInput(messages: readonly (ChatMessage | SentMessage)[]): readonly unknown[] {
  return messages.map((message) => {
    const { role, content } = message;
    const isApart = typeof content === "string" && isTakenApart(content, role === "tool");
    // As the one part of a list it is left alone.
    const told = isApart ? { ...message, content: [{ type: "text", text: content }] } : message;
    return role === "assistant" ? { ...told, ...saidBefore(message) } : told;
  });
}

/** Of an earlier answer in the whole input: an id has to be a text, and so has thinking. */
function saidBefore({ thinking, tool_calls }: Partial<SentMessage>): Partial<SentMessage> {
  return {
    ...(thinking ? { thinking: thinking.map((one) => ({ ...one, content: drawnThinking(one.content) })) } : {}),
    ...(tool_calls ? { tool_calls: tool_calls.map((call) => ({ ...call, id: call.id ?? "" })) } : {}),
  };
}

const isText = (value: unknown): boolean => typeof value === "string";
const never = (): boolean => false;

/** Fields of a message in Langfuse's schema, and which values another program's field of that name may have. */
const FIELDS: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["role", isText],
  ["name", isText],
  ["tool_call_id", isText],
  ["content", (value: unknown) => isText(value) || (typeof value === "object" && value !== null)],
  ...["audio", "additional_kwargs", "tools", "tool_calls", "thinking", "redacted_thinking"].map(
    (field) => [field, never] as const,
  ),
]);

/**
 * Langfuse reads JSON in any text. `true` is then no text; and the fields of a tool's result that is an object come to
 * stand among those of its message, where a `name` that is a number makes it none.
 */
function isTakenApart(text: string, isResult: boolean): boolean {
  if (!/^\s*(?:\{|(?:true|false)\s*$)/.test(text)) return false;
  const value = readJson(text);
  if (typeof value === "boolean") return true;
  // It reads Python's dictionaries too, or tries to.
  if (!isFields(value)) return isResult && text.includes("'");
  return isResult && Object.entries(value).some(([key, inner]) => FIELDS.get(key)?.(inner) === false);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
