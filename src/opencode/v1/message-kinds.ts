import type { AssistantMessage, CompactionPart, Message, Part, UserMessage } from "../schema/session-export.js";
import { isProviderExecuted } from "./provider-tools.js";

export function isUser(message: Message): message is UserMessage {
  return message.info.role === "user";
}

export function isAssistant(message: Message): message is AssistantMessage {
  return message.info.role === "assistant";
}

/** The user messages that opencode wrote, no person. */
export function opencodesOwn(messages: readonly Message[]): ReadonlySet<Message> {
  const own = new Set<Message>();
  let prompt: UserMessage | undefined;
  const told = messages.filter((message) => !isUser(message) || !isNotice(message));
  told.forEach((message, index) => {
    if (!isUser(message)) return;
    if (isOpenCodesOwn(message) || isReplay(message, prompt, told, index)) own.add(message);
    else prompt = message;
  });
  return own;
}

/**
 * After an overflow opencode sums up the conversation and puts the prompt that had been too much once more: a message
 * like any other, right after the summary. Files in it have become texts.
 */
function isReplay(
  message: UserMessage,
  prompt: UserMessage | undefined,
  messages: readonly Message[],
  index: number,
): boolean {
  const [request, summary] = [messages[index - 2], messages[index - 1]];
  if (!prompt || !request || !summary || !isUser(request) || !isAssistant(summary)) return false;
  if (summary.info.summary !== true || compactionPart(request)?.overflow !== true) return false;
  const said = new Set(textsIn(message));
  return textsIn(prompt).every((text) => said.has(text));
}

function textsIn(message: UserMessage): readonly string[] {
  return toldParts(message).flatMap((part) => (part.type === "text" && !part.synthetic ? [part.text] : []));
}

/** Whether opencode wrote this user message, not a person: compaction requests and what follows them. */
function isOpenCodesOwn(message: UserMessage): boolean {
  const parts = toldParts(message);
  return parts.length > 0 && parts.every((part) => part.type === "compaction" || isSynthetic(part));
}

/** The parts that a model is told. */
function toldParts({ parts }: UserMessage): readonly Part[] {
  return parts.filter((part) => part.type !== "text" || part.ignored !== true);
}

function isSynthetic(part: Part): boolean {
  return part.type === "text" && part.synthetic === true;
}

/** Whether it only tells the person something: plugins show their news so, and opencode sends no model any of it. */
export function isNotice(message: UserMessage): boolean {
  return message.parts.length > 0 && message.unknownParts.length === 0 && toldParts(message).length === 0;
}

/** What opencode notes down, as a message of the user's, before it runs a person's command. */
const COMMAND_TEXT = "The following tool was executed by the user";

/**
 * Whether a person ran a command in the session, as by `!ls`: opencode notes a synthetic message, and an answer that is
 * one tool and no model's. In a sanitised export the text is not there.
 */
export function isCommand(message: UserMessage, answers: readonly AssistantMessage[]): boolean {
  const parts = toldParts(message);
  if (parts.length === 0 || !parts.every(isSynthetic) || answers.length === 0) return false;
  const isNoted = isNotedCommand(message);
  return answers.every((answer) => {
    const { info, parts: done } = answer;
    if (finishOf(answer) !== null || info.error || info.summary === true) return false;
    // For a moment, or for ever if opencode was ended in it, the tool is not there yet.
    return done.length === 0
      ? isNoted && info.time.completed === undefined
      : done.every((part) => part.type === "tool" && part.tool !== "task");
  });
}

/** Whether it is what opencode notes down of a person's command, before it runs that. */
export function isNotedCommand(message: UserMessage): boolean {
  return toldParts(message).some(
    (part) => part.type === "text" && part.synthetic === true && part.text === COMMAND_TEXT,
  );
}

/**
 * How an answer's last call ended. Older rows lack that on the message, and some on the step-finish too: a message that
 * was completed with a step-finish went on with tools, or was an answer.
 *
 * @returns opencode's word for it; null where the message failed, is not complete, or has no step-finish that tells
 */
export function finishOf({ info, parts }: AssistantMessage): string | null {
  if (info.finish !== undefined || info.error || info.time.completed === undefined) return info.finish ?? null;
  const last = parts.findLast((part) => part.type === "step-finish");
  if (!last) return null;
  const hasTools = parts.some((part) => part.type === "tool" && !isProviderExecuted(part));
  return last.reason ?? (hasTools ? "tool-calls" : "stop");
}

/** Whether a person asked for a compaction, as by `/compact`. */
export function isAskedByHand(message: UserMessage): boolean {
  const part = compactionPart(message);
  return part !== undefined && part.auto !== true;
}

export function compactionPart(message: UserMessage): CompactionPart | undefined {
  return message.parts.find((part): part is CompactionPart => part.type === "compaction");
}
