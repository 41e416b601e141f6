import { idTime } from "../opencode/ids.js";
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
  /** Assistant messages, the user messages that opencode itself put between them, and prompts that were queued. */
  readonly rest: readonly Message[];
}

/** opencode begins to answer within a second or so; a prompt that waited longer was not queued but left unanswered. */
const QUEUED_WITHIN_MS = 3_000;

/**
 * Cuts a session into turns.
 *
 * User messages made only of `compaction` or `synthetic` parts start no turn: opencode writes them itself when it
 * compacts the context, and the assistants that answer them belong to the turn that is running. Prompts that were
 * queued and answered together are one turn, that of the first: opencode answers them with one run of its loop.
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
    if (!turn) {
      stray.push(message);
      continue;
    }
    turn.rest.push(message);
    let last = turn;
    for (;;) {
      const before = turns.at(-2);
      if (last !== turns.at(-1) || !before || !isAssistant(message) || !isQueued(before, message)) break;
      before.rest.push(last.user, ...last.rest);
      for (const [id, owner] of turnOfUser) if (owner === last) turnOfUser.set(id, before);
      turns.pop();
      last = before;
    }
  }
  return { turns, stray };
}

/** Whether a turn that has no answer of its own is answered by this message, which names a later prompt. */
function isQueued({ user, rest }: Turn, answer: AssistantMessage): boolean {
  if (rest.some(isAssistant) || isCopied(user)) return false;
  const { model, time } = user.info;
  const sameModel =
    model === undefined ||
    (model.modelID === answer.info.modelID && model.providerID === answer.info.providerID);
  const waited = answer.info.time.created - time.created;
  return sameModel && waited >= 0 && waited <= QUEUED_WITHIN_MS;
}

/** Whether a fork copied this message: it has a new id and its old time. */
export function isCopied({ info }: Message): boolean {
  const minted = idTime(info.id, info.time.created);
  return minted !== undefined && minted - info.time.created > COPIED_AFTER_MS;
}

/** Under load opencode was seen to mint an id 0.1 s apart from the message's time. */
const COPIED_AFTER_MS = 2_000;

export function isUser(message: Message): message is UserMessage {
  return message.info.role === "user";
}

export function isAssistant(message: Message): message is AssistantMessage {
  return message.info.role === "assistant";
}

/** Whether opencode wrote this user message, not a person: compaction requests and what follows them. */
export function isOpenCodesOwn(message: UserMessage): boolean {
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
