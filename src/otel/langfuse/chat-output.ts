/**
 * A call's answer as Langfuse's pages draw it: thinking folded, text as Markdown, a card for each tool call.
 *
 * Langfuse draws only what its schema of a chat takes, and only behind an input that is one too; it reads `messages`
 * where an output has them. So the fields of the trace's contract stand as they are, and the same answer beside them.
 */
import { isFields } from "../../text/json-fields.js";
import type { CallOutput, ToolCall } from "../../trace/model.js";
import { cleanValue } from "../clean-value.js";
import { JsonText } from "../json-text.js";

/** The answer as one message of a chat, in the only shape that Langfuse draws whole. */
interface AssistantMessage {
  readonly role: "assistant";
  readonly content: string | null;
  readonly thinking?: readonly { readonly type: "thinking"; readonly content: string }[];
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: "function";
    readonly function: { readonly name: string; readonly arguments: string | JsonText };
  }[];
}

/** What the output of a call says. */
export interface ChatOutput extends CallOutput {
  /** The same again, for the page; absent where there is nothing to draw, or the page would not draw it. */
  readonly messages?: readonly [AssistantMessage];
}

/** From so many characters on Langfuse's pages draw no Markdown: input, output and the messages made of both. */
const MOST_DRAWN = 150_000;

/** So long the JSON of what is drawn can become: of one character six, as of a control character. */
const LONGEST_JSON = MOST_DRAWN * 6;

/**
 * @param input the call's
 * @param textLimit the longest text that is sent whole, in UTF-16 code units
 * @returns the output with the message to draw, unless nothing would be drawn or the page would be too large for it;
 *   `left` says that it is the size
 */
export function chatOutput(
  output: CallOutput,
  input: unknown,
  textLimit: number,
): { readonly output: ChatOutput; readonly left: boolean } {
  // Sizes first: what is too large need not be written once more. The page counts the input twice, and the answer
  // three times: as it was sent, and as the messages that it makes of it.
  const room = (MOST_DRAWN - 2 * sizeUpTo(MOST_DRAWN, input)) / 3;
  if (sizeUpTo(room, output) > room) return { output, left: true };
  const message = assistantMessage(output, textLimit);
  if (!message) return { output, left: false };
  // Field by field, which is the quickest to make and to read.
  const { thinking, text, toolCalls } = output;
  return { output: { thinking, text, toolCalls, messages: [message] }, left: false };
}

function assistantMessage({ thinking, text, toolCalls }: CallOutput, textLimit: number): AssistantMessage | null {
  const hasThought = thinking !== null && thinking !== "";
  if (!hasThought && !text && toolCalls.length === 0) return null;
  const message: { -readonly [Field in keyof AssistantMessage]: AssistantMessage[Field] } = {
    role: "assistant",
    content: text ? drawnText(text) : null,
  };
  if (hasThought) message.thinking = [{ type: "thinking", content: drawnThinking(thinking) }];
  if (toolCalls.length > 0) message.tool_calls = toolCalls.map((call) => asFunction(call, textLimit));
  return message;
}

function asFunction(
  { id, name, arguments: given }: ToolCall,
  textLimit: number,
): NonNullable<AssistantMessage["tool_calls"]>[number] {
  // Cleaned before it becomes JSON: half a character would be spelt out in it, where nothing finds it any more.
  const cleaned = typeof given === "string" ? given : cleanValue(given ?? {}, textLimit);
  return { id, type: "function", function: { name, arguments: argumentsText(cleaned, textLimit) } };
}

/** As JSON; it becomes a string before it is written only where it may have to be shortened. */
function argumentsText(cleaned: unknown, textLimit: number): string | JsonText {
  if (typeof cleaned === "string") return cleaned;
  if (textLimit >= LONGEST_JSON && (isFields(cleaned) || Array.isArray(cleaned))) return new JsonText(cleaned);
  return JSON.stringify(cleaned);
}

/** Langfuse reads JSON in any text, and a message whose text is `true` is then none. */
function drawnText(text: string): string {
  return /^\s*(?:true|false|null)\s*$/.test(text) ? `\`${text.trim()}\`` : text;
}

/** What it reads as JSON, or as a value of Python's, is no thinking any more: that has to be a text. */
export function drawnThinking(text: string): string {
  return /^\s*(?:[[{]|(?:true|false|null)\s*$)/.test(text) ? `\`\`\`\n${text}\n\`\`\`` : text;
}

/** About how many characters a value is as JSON; no more than a little over `most` is counted. */
function sizeUpTo(most: number, value: unknown): number {
  let size = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && size <= most) {
    const next = waiting.pop();
    if (typeof next === "string") size += next.length + 3;
    else if (typeof next !== "object" || next === null) size += 6;
    else if (Array.isArray(next)) {
      size += 2;
      next.forEach((inner: unknown, index) => {
        size += String(index).length + 3;
        waiting.push(inner);
      });
    } else if (isFields(next)) {
      size += 2;
      for (const key in next) {
        size += key.length + 3;
        waiting.push(next[key]);
      }
    }
  }
  return size;
}
