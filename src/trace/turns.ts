import type {
  AssistantMessage,
  CompactionPart,
  Message,
  SessionExport,
  UserMessage,
} from "../opencode/schema/session-export.js";

/** One real user message and all that opencode did for it, in order. */
export interface Turn {
  readonly user: UserMessage;
  /** Assistant messages, and the user messages that opencode itself put between them. */
  readonly rest: readonly Message[];
}

/**
 * Cuts a session into turns.
 *
 * User messages made only of `compaction` or `synthetic` parts start no turn: opencode writes them itself when it
 * compacts the context, and the assistants that answer them belong to the turn that is running.
 *
 * @returns the turns in order, and what stands before the first user message (of which somebody deleted one)
 */
export function turnsOf(session: SessionExport): {
  readonly turns: readonly Turn[];
  readonly stray: readonly Message[];
} {
  const turns: { user: UserMessage; rest: Message[] }[] = [];
  const turnOfUser = new Map<string, { user: UserMessage; rest: Message[] }>();
  const stray: Message[] = [];
  for (const message of session.messages) {
    const current = turns.at(-1);
    if (isUser(message)) {
      if (current && isOpenCodesOwn(message)) {
        current.rest.push(message);
        turnOfUser.set(message.info.id, current);
      } else {
        const turn = { user: message, rest: [] };
        turns.push(turn);
        turnOfUser.set(message.info.id, turn);
      }
      continue;
    }
    // The parent's turn rather than the last one: a prompt can be queued while an earlier turn still answers.
    const parent = message.info.parentID === undefined ? undefined : turnOfUser.get(message.info.parentID);
    const turn = parent ?? current;
    if (turn) turn.rest.push(message);
    else stray.push(message);
  }
  return { turns, stray };
}

export function isUser(message: Message): message is UserMessage {
  return message.info.role === "user";
}

export function isAssistant(message: Message): message is AssistantMessage {
  return message.info.role === "assistant";
}

/** Whether opencode wrote this user message, not a person: compaction requests and what follows them. */
function isOpenCodesOwn(message: UserMessage): boolean {
  return (
    message.parts.length > 0 &&
    message.parts.every(
      (part) => part.type === "compaction" || (part.type === "text" && part.synthetic === true),
    )
  );
}

export function compactionPart(message: UserMessage): CompactionPart | undefined {
  return message.parts.find((part): part is CompactionPart => part.type === "compaction");
}
