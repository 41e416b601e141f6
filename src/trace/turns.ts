import { idTime } from "../opencode/ids.js";
import type {
  AssistantMessage,
  CompactionPart,
  Message,
  SessionExport,
  UserMessage,
} from "../opencode/schema/session-export.js";

/** What one run of opencode's loop was asked and did, in order. */
export interface Turn {
  /** The id of the prompt that began it, also where the prompt itself was deleted. */
  readonly id: string;
  /** When it began, ms since the epoch. */
  readonly at: number;
  /** What somebody asked: the prompt that began it, and those that came while the loop was already at work. */
  readonly prompts: readonly UserMessage[];
  /** All that followed the first prompt: answers, what opencode itself put between them, and further prompts. */
  readonly rest: readonly Message[];
}

/** Whether two moments are known to belong to different runs of opencode; ms since the epoch. */
export type AreApart = (one: number, other: number) => boolean;

/** opencode begins to answer within a second or so; a prompt that waited longer was not queued but left unanswered. */
const QUEUED_WITHIN_MS = 3_000;
/** From one step to the next a loop takes some ms; a new run of opencode takes longer than this to come so far. */
const NEXT_STEP_WITHIN_MS = 250;

/**
 * Cuts a session into turns: one for each run of opencode's loop.
 *
 * User messages that opencode itself writes start no turn: requests for a compaction, synthetic texts, and after an overflow
 * the prompt once more. Answers belong to the turn of the prompt that they name. Prompts that were queued and answered
 * together are one turn, and so is what was typed while the loop was at work: opencode answers the newest prompt with the
 * next step of the same loop. Answers to a prompt that somebody deleted are a turn without one.
 */
export function turnsOf(session: SessionExport, areApart: AreApart = () => false): readonly Turn[] {
  const drafts = mergeDrafts(draftsOf(session.messages), areApart);
  return drafts.map(({ id, at, prompts, rest }) => ({
    id,
    at,
    prompts: inOrder(prompts),
    rest: inOrder(rest),
  }));
}

interface Placed<M extends Message = Message> {
  readonly message: M;
  /** Its place in the session. */
  readonly index: number;
}

function inOrder<M extends Message>(placed: Placed<M>[]): readonly M[] {
  return placed.sort((a, b) => a.index - b.index).map(({ message }) => message);
}

interface Draft {
  readonly id: string;
  readonly at: number;
  /** The place of what it begins with. */
  readonly index: number;
  /** The prompt that it begins with; undefined where that was deleted. */
  first: Placed<UserMessage> | undefined;
  /** In no order. */
  readonly prompts: Placed<UserMessage>[];
  readonly rest: Placed[];
  lastPrompt: UserMessage | undefined;
  firstAnswer: Placed<AssistantMessage> | undefined;
  lastAnswer: Placed<AssistantMessage> | undefined;
}

/** A turn for each prompt, before those are joined that one run of the loop answered. */
function draftsOf(messages: readonly Message[]): readonly Draft[] {
  const own = opencodesOwn(messages);
  const drafts = new Map<string, Draft>();
  const begin = (id: string, { message, index }: Placed): Draft => {
    const draft: Draft = {
      id,
      at: message.info.time.created,
      index,
      prompts: [],
      rest: [],
      first: undefined,
      lastPrompt: undefined,
      firstAnswer: undefined,
      lastAnswer: undefined,
    };
    drafts.set(id, draft);
    return draft;
  };
  messages.forEach((message, index) => {
    if (!isUser(message) || own.has(message)) return;
    const draft = begin(message.info.id, { message, index });
    draft.first = { message, index };
    draft.prompts.push(draft.first);
    draft.lastPrompt = message;
  });
  const turnOfOwn = new Map<string, Draft>();
  let current: Draft | undefined;
  messages.forEach((message, index) => {
    const placed = { message, index };
    if (isUser(message)) {
      const prompted = drafts.get(message.info.id);
      if (prompted && !own.has(message)) {
        current = prompted;
        return;
      }
      current ??= begin(message.info.id, placed);
      current.rest.push(placed);
      turnOfOwn.set(message.info.id, current);
      return;
    }
    const { id, parentID } = message.info;
    // The named prompt's turn rather than the last one: a prompt can be queued while an earlier turn still answers.
    const named = parentID === undefined ? current : (turnOfOwn.get(parentID) ?? drafts.get(parentID));
    const turn = named ?? begin(parentID ?? id, placed);
    turn.rest.push(placed);
    turn.firstAnswer ??= { message, index };
    turn.lastAnswer = { message, index };
    current ??= turn;
  });
  return [...drafts.values()].sort((a, b) => a.index - b.index);
}

function mergeDrafts(drafts: readonly Draft[], areApart: AreApart): readonly Draft[] {
  const merged: Draft[] = [];
  for (const draft of drafts) {
    merged.push(draft);
    for (;;) {
      const [earlier, before, last] = [merged.at(-3), merged.at(-2), merged.at(-1)];
      if (!before || !last || areApart(before.at, last.at)) break;
      if (!isQueued(before, last, earlier) && !isInTheSameLoop(before, last)) break;
      merged.splice(-2, 2, joined(before, last));
    }
  }
  return merged;
}

/** Both in one, the smaller lists into the larger: a row of prompts is joined from its end. */
function joined(before: Draft, last: Draft): Draft {
  if (last.first) last.rest.push(last.first);
  return {
    ...before,
    prompts: together(before.prompts, last.prompts),
    rest: together(before.rest, last.rest),
    lastPrompt: last.lastPrompt ?? before.lastPrompt,
    firstAnswer: before.firstAnswer ?? last.firstAnswer,
    lastAnswer: last.lastAnswer ?? before.lastAnswer,
  };
}

function together<T>(one: T[], other: T[]): T[] {
  const [small, large] = one.length < other.length ? [one, other] : [other, one];
  for (const item of small) large.push(item);
  return large;
}

/** Whether a prompt that has no answer of its own is answered together with the one after it. */
function isQueued(before: Draft, last: Draft, earlier: Draft | undefined): boolean {
  const answer = last.firstAnswer?.message;
  const prompt = before.lastPrompt;
  if (before.firstAnswer || !prompt || !answer || isCopied(prompt)) return false;
  const { model } = prompt.info;
  const sameModel =
    model === undefined ||
    answer.info.modelID === undefined ||
    (model.modelID === answer.info.modelID && model.providerID === answer.info.providerID);
  // While an earlier turn was at work, it waited for that.
  const free = Math.max(before.at, endOf(earlier?.lastAnswer?.message) ?? before.at);
  const waited = answer.info.time.created - free;
  return sameModel && waited >= 0 && waited <= QUEUED_WITHIN_MS;
}

/** Whether a prompt came while the loop of the one before was at work, and that loop went on with it. */
function isInTheSameLoop(before: Draft, last: Draft): boolean {
  const ended = before.lastAnswer;
  const next = last.firstAnswer;
  if (!ended || !next || next.index < ended.index || endsTheLoop(ended.message)) return false;
  const at = endOf(ended.message);
  if (at === undefined || isCopiedPrompt(last) !== isCopiedPrompt(before)) return false;
  const gap = next.message.info.time.created - at;
  return last.at <= at ? gap <= QUEUED_WITHIN_MS : gap <= NEXT_STEP_WITHIN_MS;
}

function isCopiedPrompt({ lastPrompt }: Draft): boolean {
  return lastPrompt !== undefined && isCopied(lastPrompt);
}

/** opencode's loop goes on after tools and after a summary, and ends with everything else. */
function endsTheLoop({ info }: AssistantMessage): boolean {
  if (info.error) return true;
  return info.summary !== true && info.finish !== "tool-calls";
}

function endOf(message: AssistantMessage | undefined): number | undefined {
  return message?.info.time.completed;
}

/** The user messages that opencode wrote, no person. */
function opencodesOwn(messages: readonly Message[]): ReadonlySet<Message> {
  const own = new Set<Message>();
  let prompt: UserMessage | undefined;
  messages.forEach((message, index) => {
    if (!isUser(message)) return;
    if (isOpenCodesOwn(message) || isReplay(message, prompt, messages, index)) own.add(message);
    else prompt = message;
  });
  return own;
}

/**
 * After an overflow opencode sums up the conversation and puts the prompt that had been too much once more: a message like
 * any other, right after the summary. Files in it have become texts.
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

function textsIn({ parts }: UserMessage): readonly string[] {
  return parts.flatMap((part) => (part.type === "text" && !part.synthetic ? [part.text] : []));
}

/**
 * Whether a fork copied this turn: its messages have new ids and their old times.
 */
export function isCopiedTurn({ prompts, rest }: Turn): boolean {
  return prompts.some(isCopied) || rest.some((message) => isAssistant(message) && isCopiedAnswer(message));
}

/** All ids of an answer that is opencode's first are minted before it is complete. */
function isCopiedAnswer({ info, parts }: AssistantMessage): boolean {
  const { created, completed } = info.time;
  if (completed === undefined || parts.length === 0) return false;
  return [info, ...parts].every(({ id }) => (idTime(id, created) ?? Number.NEGATIVE_INFINITY) > completed);
}

/** Whether a fork copied this message: it has a new id and its old time. */
function isCopied({ info }: Message): boolean {
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
