import type { AssistantMessage, Message, SessionExportV1, UserMessage } from "../schema/session-export.js";
import { isCopiedAnswer, isCopiedFromBefore } from "./copied-messages.js";
import { endsTheLoop, goesOn } from "./loop-end.js";
import {
  compactionPart,
  isAskedByHand,
  isAssistant,
  isCommand,
  isNotedCommand,
  isNotice,
  isUser,
  opencodesOwn,
} from "./message-kinds.js";

/** A turn as messages of the export: what one run of the loop was asked and did, in order. */
export interface RawTurn {
  /** The id of what began it, also where that itself was deleted. */
  readonly id: string;
  /** When it began, ms since the epoch. */
  readonly at: number;
  /**
   * What began it: a `prompt`; a `command` that a person ran in the session, and no model was told; a message of
   * `opencode`'s or a plugin's own, where there is no prompt that it could belong to; or a prompt that was `deleted`.
   */
  readonly origin: "prompt" | "command" | "opencode" | "deleted";
  /**
   * What stood before it for the model to read: messages that got no answer of their own, since they asked for none,
   * and commands that a person ran. The commands are turns as well.
   */
  readonly context: readonly Message[];
  /** What was asked: the prompt that began it, and those that came while the loop was already at work. */
  readonly prompts: readonly UserMessage[];
  /** All that followed the first prompt: answers, what opencode itself put between them, and further prompts. */
  readonly rest: readonly Message[];
  /** A fork copied it from another session. */
  readonly copied: boolean;
}

/** Which of the known runs of opencode was at work at a moment, ms since the epoch; undefined where none is known. */
export type RunOf = (at: number) => object | undefined;

/** opencode begins to answer within a second or so; a prompt that waited longer was not queued but left unanswered. */
const QUEUED_WITHIN_MS = 3_000;
/** From one step to the next a loop takes some ms; a new run of opencode takes longer than this to come so far. */
const NEXT_STEP_WITHIN_MS = 250;

/**
 * Cuts a session into turns: one for each run of opencode's loop, and one for each command that a person ran.
 *
 * User messages that opencode itself writes start no turn: requests for a compaction, synthetic texts, and after an
 * overflow the prompt once more. Nor does a plugin's notice, which no model is ever told. Answers belong to the turn of
 * the prompt that they name. Prompts that were queued and answered together are one turn, and so is what was typed
 * while the loop was at work: opencode answers the newest prompt with the next step of the same loop. A message that
 * has no answer while a later one has is read with that one, a person's as well as opencode's. Answers to a prompt that
 * was deleted are a turn without one.
 *
 * Of a message's id nothing is concluded but for answers: those are opencode's own, while a prompt's id may be its
 * client's.
 */
export function turnsOf(session: SessionExportV1, runOf: RunOf = () => undefined): readonly RawTurn[] {
  const drafts = withContext(mergeDrafts(draftsOf(session), session.info.version, runOf), runOf);
  return drafts.map((draft) => ({
    id: draft.id,
    at: draft.at,
    origin: draft.origin,
    context: inOrder(draft.context),
    prompts: inOrder(draft.prompts),
    rest: inOrder(draft.rest),
    copied: isCopied(draft),
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
  readonly origin: RawTurn["origin"];
  /** The place of what it begins with. */
  readonly index: number;
  /** The prompt that it begins with; undefined where that was deleted. */
  first: Placed<UserMessage> | undefined;
  /** In no order. */
  readonly context: Placed[];
  readonly prompts: Placed<UserMessage>[];
  readonly rest: Placed[];
  lastPrompt: UserMessage | undefined;
  firstAnswer: Placed<AssistantMessage> | undefined;
  lastAnswer: Placed<AssistantMessage> | undefined;
  /** Whether a fork copied the prompt that it begins with. */
  readonly isCopiedPrompt: boolean;
  /** Whether it has an answer that no fork copied. */
  hasOwnAnswer: boolean;
}

/** A turn for each prompt, before those are joined that one run of the loop answered. */
function draftsOf({ info: { time, version }, messages }: SessionExportV1): readonly Draft[] {
  const own = opencodesOwn(messages);
  const answers = answersByPrompt(messages);
  const drafts = new Map<string, Draft>();
  const begin = (id: string, origin: RawTurn["origin"], { message, index }: Placed): Draft => {
    const draft: Draft = {
      id,
      at: message.info.time.created,
      origin,
      index,
      context: [],
      prompts: [],
      rest: [],
      first: undefined,
      lastPrompt: undefined,
      firstAnswer: undefined,
      lastAnswer: undefined,
      isCopiedPrompt: isUser(message) && isCopiedFromBefore(message, time.created),
      hasOwnAnswer: false,
    };
    drafts.set(id, draft);
    return draft;
  };
  messages.forEach((message, index) => {
    if (!isUser(message)) return;
    const placed = { message, index };
    if (isCommand(message, answers.get(message.info.id) ?? [])) {
      begin(message.info.id, "command", placed).rest.push(placed);
    } else if (!own.has(message) && !isNotice(message)) {
      const draft = begin(message.info.id, "prompt", placed);
      draft.first = placed;
      draft.prompts.push(placed);
      draft.lastPrompt = message;
    }
  });
  /** The turns that answers to messages without a turn of their own belong to. */
  const turnOfOwn = new Map<string, Draft>();
  let current: Draft | undefined;
  /** The last turn whose loop has come to an answer: what a person asks for by hand belongs to that. */
  let answered: Draft | undefined;

  const placeUser = (message: UserMessage, index: number): void => {
    const { id } = message.info;
    const drafted = drafts.get(id);
    if (drafted?.origin === "command") return;
    if (drafted) {
      // An answer that names it stands before it, and no prompt has begun the turn.
      if (drafted.origin === "deleted") drafted.rest.push({ message, index });
      current = drafted;
      return;
    }
    if (isNotice(message)) return;
    const placed = { message, index };
    // What is asked for by hand comes when no loop is at work: it is not for a message that has no answer.
    const turn = isAskedByHand(message) && current?.firstAnswer === undefined ? (answered ?? current) : current;
    // A fork's own message is not what was copied.
    const isApart = turn && isCopied(turn) && !isCopiedFromBefore(message, time.created);
    current = !turn || isApart ? begin(id, "opencode", placed) : turn;
    current.rest.push(placed);
    turnOfOwn.set(id, current);
  };
  const placeAnswer = (message: AssistantMessage, index: number): void => {
    const { id } = message.info;
    const parentID = parentOf(message, messages, index);
    const placed = { message, index };
    // The named prompt's turn rather than the last one: a prompt can be queued while an earlier turn still answers.
    const named = parentID === undefined ? current : (turnOfOwn.get(parentID) ?? drafts.get(parentID));
    const turn = named ?? answering(parentID, placed) ?? begin(parentID ?? id, "deleted", placed);
    if (parentID !== undefined && !drafts.has(parentID)) turnOfOwn.set(parentID, turn);
    turn.rest.push(placed);
    turn.firstAnswer ??= placed;
    turn.lastAnswer = placed;
    turn.hasOwnAnswer ||= !isCopiedAnswer(message, time.created);
    if (turn.origin === "command") return;
    current ??= turn;
    answered = turn;
  };
  const notices = new Map(
    messages.flatMap((message, index) =>
      isUser(message) && isNotice(message) ? [[message.info.id, { message, index }]] : [],
    ),
  );
  /** A loop that goes on after a notice answers the notice by name, since that is the newest message. */
  const answering = (parentID: string | undefined, { message }: Placed<AssistantMessage>): Draft | undefined => {
    const notice = parentID === undefined ? undefined : notices.get(parentID);
    if (!notice) return undefined;
    const last = current?.lastAnswer?.message;
    const isAtWork = current && (!last || goesOn(last, message, version));
    const isApart = current && isCopied(current) && !isCopiedAnswer(message, time.created);
    if (current && isAtWork && !isApart) return current;
    current = begin(notice.message.info.id, "opencode", notice);
    return current;
  };

  messages.forEach((message, index) => {
    if (isUser(message)) placeUser(message, index);
    else placeAnswer(message, index);
  });
  return [...drafts.values()].sort((a, b) => a.index - b.index);
}

function answersByPrompt(messages: readonly Message[]): ReadonlyMap<string, readonly AssistantMessage[]> {
  const answers = new Map<string, AssistantMessage[]>();
  messages.forEach((message, index) => {
    const parentID = isAssistant(message) ? parentOf(message, messages, index) : undefined;
    if (!isAssistant(message) || parentID === undefined) return;
    const known = answers.get(parentID);
    if (known) known.push(message);
    else answers.set(parentID, [message]);
  });
  return answers;
}

/**
 * What it answers: of an older opencode's that names nothing, a person's command right before it, but for a plugin's
 * notices.
 */
function parentOf({ info }: AssistantMessage, messages: readonly Message[], index: number): string | undefined {
  if (info.parentID !== undefined) return info.parentID;
  let place = index - 1;
  let before = messages[place];
  while (before && isUser(before) && isNotice(before)) {
    place -= 1;
    before = messages[place];
  }
  return before && isUser(before) && isNotedCommand(before) ? before.info.id : undefined;
}

/** Whether all that is known of it was copied by a fork: all its answers, or without any the prompt. */
function isCopied({ firstAnswer, hasOwnAnswer, isCopiedPrompt }: Draft): boolean {
  return firstAnswer ? !hasOwnAnswer : isCopiedPrompt;
}

function mergeDrafts(drafts: readonly Draft[], version: string, runOf: RunOf): readonly Draft[] {
  const merged: Draft[] = [];
  for (const draft of drafts) {
    merged.push(draft);
    for (;;) {
      const [earlier, before, last] = [merged.at(-3), merged.at(-2), merged.at(-1)];
      if (!before || !last || before.origin === "command" || last.origin === "command") break;
      const [run, next] = [runOf(before.at), runOf(last.at)];
      if (run !== undefined && next !== undefined && run !== next) break;
      if (!isQueued(before, last, earlier) && !isInTheSameLoop(before, last, version)) break;
      merged.splice(-2, 2, joined(before, last));
    }
  }
  return merged;
}

/**
 * Gives what has no answer to the next turn that has one: the model reads it there. Of a prompt that began a known run
 * of opencode it is known that it was to be answered. Without a later turn it may yet be, so it stays.
 */
function withContext(drafts: readonly Draft[], runOf: RunOf): readonly Draft[] {
  const turns: Draft[] = [];
  let waiting: Draft[] = [];
  let last: Draft | undefined;
  /** A run has one prompt: what comes after its answer came from a plugin, say. */
  const answered = new Set<object | undefined>();
  for (const draft of drafts) {
    if (draft.origin === "command" || draft.firstAnswer === undefined) {
      waiting.push(draft);
      continue;
    }
    const run = runOf(draft.at);
    for (const before of waiting) {
      const runOfBefore = runOf(before.at);
      const isPrompt = runOfBefore !== undefined && runOfBefore !== run && !answered.has(runOfBefore);
      const isAlone = before.origin === "command" || isPrompt;
      if (isAlone) turns.push(before);
      if (!isAlone || before.origin === "command")
        draft.context.push(...before.context, ...before.prompts, ...before.rest);
    }
    if (last) moveUnread(last, draft);
    last = draft;
    waiting = [];
    answered.add(run);
    turns.push(draft);
  }
  return [...turns, ...waiting];
}

/**
 * Gives what was put behind the answer that ended a turn, and was not answered in it, to the next one: a plugin's
 * context, say, that is marked as no person's. Behind an answer that does not end the loop it shows that the loop was
 * broken off.
 */
function moveUnread(before: Draft, next: Draft): void {
  const { lastAnswer, rest, prompts } = before;
  const firstAnswer = next.firstAnswer;
  if (!lastAnswer || !firstAnswer || !endsTheLoop(lastAnswer.message)) return;
  const asked = new Set<Message>(prompts.map(({ message }) => message));
  const isUnread = ({ message, index }: Placed): boolean =>
    index > lastAnswer.index &&
    index < firstAnswer.index &&
    isUser(message) &&
    !asked.has(message) &&
    compactionPart(message) === undefined;
  // They are the last, but what is joined is in no order.
  if (!rest.some(isUnread)) return;
  const read = rest.filter((placed) => !isUnread(placed));
  next.context.push(...rest.filter(isUnread));
  rest.splice(0, rest.length, ...read);
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
    hasOwnAnswer: before.hasOwnAnswer || last.hasOwnAnswer,
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
  if (before.firstAnswer || !prompt || !answer || isCopied(before) !== isCopied(last)) return false;
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
function isInTheSameLoop(before: Draft, last: Draft, version: string): boolean {
  const ended = before.lastAnswer;
  const next = last.firstAnswer;
  if (!ended || !next || next.index < ended.index || !goesOn(ended.message, next.message, version)) return false;
  if (next.message.info.time.created < ended.message.info.time.created) return false;
  const at = endOf(ended.message);
  if (at === undefined || isCopied(last) !== isCopied(before)) return false;
  const gap = next.message.info.time.created - at;
  return last.at <= at ? gap <= QUEUED_WITHIN_MS : gap <= NEXT_STEP_WITHIN_MS;
}

function endOf(message: AssistantMessage | undefined): number | undefined {
  return message?.info.time.completed;
}
