import { runAt } from "../../model/runs-of-turns.js";
import type { RunEvidence } from "../../schema/run-evidence.js";
import type {
  AssistantMessageV2,
  IdleMessage,
  MessageV2,
  SessionExportV2,
  ShellMessage,
  UserMessageV2,
} from "../schema/session-export.js";

/** What one run of opencode's loop was asked and did, in order; or a command that a person ran. */
export interface RawTurn {
  /** The id of what began it. */
  readonly id: string;
  /** When it began, ms since the epoch. */
  readonly at: number;
  readonly origin: "prompt" | "command" | "opencode" | "deleted";
  /** What stood before it for the model to read, and what happened between the turn before and this one. */
  readonly context: readonly MessageV2[];
  /** The prompt that began it, and those that came while the loop was at work. */
  readonly prompts: readonly UserMessageV2[];
  /** All that followed the first prompt: answers, what opencode itself put between them, and further prompts. */
  readonly rest: readonly MessageV2[];
  /** A fork copied it from another session. */
  readonly copied: boolean;
  /** Where the session went idle with it. */
  readonly end: IdleMessage | undefined;
}

/** A prompt that is delivered while the loop is at work is so right after the step before it. */
const STEERED_WITHIN_MS = 3_000;
/** One that took longer was not what a prompt waited for. */
const LONGEST_COMPACTION_MS = 300_000;

/**
 * Cuts a session into turns: one for each run of opencode's loop, and one for each command that a person ran.
 *
 * A turn ends where the session went idle. A prompt that was delivered in between belongs to the turn that is at work,
 * and begins the next one where the loop had come to its end: that one was queued. Sessions of builds before 2.0, and
 * those that came from opencode 1, have no such marks; there the end follows from the answers alone.
 */
export function turnsOf(session: SessionExportV2, runs: readonly RunEvidence[]): readonly RawTurn[] {
  const cutter = new Cutter(session, runs);
  for (const message of session.messages) cutter.take(message);
  return cutter.finish();
}

interface Draft {
  readonly id: string;
  readonly at: number;
  readonly origin: RawTurn["origin"];
  readonly context: readonly MessageV2[];
  readonly prompts: UserMessageV2[];
  readonly rest: MessageV2[];
  readonly copied: boolean;
  end: IdleMessage | undefined;
  lastAnswer: AssistantMessageV2 | undefined;
  /** What the model is yet to be told: its loop goes on with it. */
  isTold: boolean;
}

class Cutter {
  readonly #session: SessionExportV2;
  readonly #runs: readonly RunEvidence[];
  readonly #drafts: Draft[] = [];
  /** The turn that is at work. */
  #open: Draft | undefined;
  /** What stands between two turns. */
  #between: MessageV2[] = [];
  /** Whether a fork copied the message before. */
  #wasCopied = false;

  constructor(session: SessionExportV2, runs: readonly RunEvidence[]) {
    this.#session = session;
    this.#runs = runs;
  }

  take(message: MessageV2): void {
    const isCopied = this.#isCopied(message);
    // A fork goes on by itself with what it copied.
    if (this.#open && this.#open.copied !== isCopied) this.#open = undefined;
    // What a compaction used was counted where the fork has it from.
    if (this.#wasCopied && !isCopied && this.#between.some(isCompaction)) this.#keepEvents();
    this.#wasCopied = isCopied;
    switch (message.type) {
      case "user":
        this.#takePrompt(message);
        break;
      case "assistant":
        this.#takeAnswer(message);
        break;
      case "shell":
        this.#takeCommand(message);
        break;
      case "idle":
        this.#takeIdle(message);
        break;
      default:
        if (!this.#open) this.#between.push(message);
        else {
          this.#open.rest.push(message);
          if (message.type === "synthetic") this.#open.isTold = true;
        }
    }
  }

  finish(): readonly RawTurn[] {
    this.#beginByItself();
    // All else belongs to the turn that is yet to begin: here it would be in one trace now, and in another later.
    this.#keepEvents(isCompaction);
    return this.#drafts;
  }

  #takePrompt(message: UserMessageV2): void {
    const open = this.#open;
    if (open && this.#isAnsweredBy(open, message)) {
      open.prompts.push(message);
      open.rest.push(message);
      open.isTold = true;
      return;
    }
    this.#begin("prompt", message).prompts.push(message);
  }

  #takeAnswer(message: AssistantMessageV2): void {
    const turn = this.#open ?? this.#beginByItself(message) ?? this.#begin("deleted", message);
    turn.rest.push(message);
    turn.lastAnswer = message;
    turn.isTold = false;
  }

  /** The model reads it with the next prompt, so that it stands there as well. */
  #takeCommand(message: ShellMessage): void {
    this.#drafts.push({
      id: message.id,
      at: message.time.created,
      origin: "command",
      context: [],
      prompts: [],
      rest: [message],
      copied: this.#isCopied(message),
      end: undefined,
      lastAnswer: undefined,
      isTold: false,
    });
    this.#between.push(message);
  }

  #takeIdle(message: IdleMessage): void {
    const turn = this.#open ?? this.#beginByItself(message);
    if (turn) turn.end = message;
    // A compaction that a person asked for makes the session busy and idle again.
    else this.#keepEvents();
    this.#open = undefined;
  }

  /** @param next what follows in it: a fork can go on from what it copied */
  #begin(origin: RawTurn["origin"], message: MessageV2, rest: readonly MessageV2[] = [], next = message): Draft {
    const inRest = new Set(rest);
    const draft: Draft = {
      id: message.id,
      at: message.time.created,
      origin,
      context: this.#between.filter((one) => !inRest.has(one)),
      prompts: [],
      rest: [...rest],
      copied: this.#isCopied(next),
      end: undefined,
      lastAnswer: undefined,
      isTold: true,
    };
    this.#drafts.push(draft);
    this.#open = draft;
    this.#between = [];
    return draft;
  }

  /** By a text of opencode's own, such as the end of a subagent that worked in the background. */
  #beginByItself(next?: MessageV2): Draft | undefined {
    return this.#beginWith("synthetic", next);
  }

  #beginWith(type: MessageV2["type"], next?: MessageV2): Draft | undefined {
    const first = this.#between.findIndex((message) => message.type === type);
    const message = this.#between[first];
    // A command is a turn of its own, which the model reads.
    return message && this.#begin("opencode", message, this.#between.slice(first).filter(isNoCommand), next);
  }

  /** What happened after a turn, and makes none of its own, stands with it; a fork's own not with what it copied. */
  #keepEvents(isKept: (message: MessageV2) => boolean = isNoCommand): void {
    const compaction = this.#between.find(isCompaction);
    const last = this.#drafts.findLast(
      ({ origin, copied }) => origin !== "command" && (!compaction || copied === this.#isCopied(compaction)),
    );
    if (!last) {
      this.#beginWith("compaction");
      return;
    }
    for (const message of this.#between) if (isKept(message)) last.rest.push(message);
    this.#between = this.#between.filter((message) => !isKept(message));
  }

  #isCopied({ time }: MessageV2): boolean {
    const { fork, time: own } = this.#session.info;
    return fork !== undefined && time.created < own.created;
  }

  /** Whether a prompt is answered by a loop that is at work, and not by one that it begins. */
  #isAnsweredBy({ at, lastAnswer, isTold, prompts, rest }: Draft, { time }: UserMessageV2): boolean {
    const [run, next] = [runAt(at, this.#runs), runAt(time.created, this.#runs)];
    if (run && next && run !== next) return false;
    const last = rest.at(-1) ?? prompts.at(-1);
    // A loop that was cut off does not go on.
    const before = last?.type === "assistant" ? last.time.completed : last?.time.created;
    if (before === undefined) return false;
    const isGoingOn = isTold || (lastAnswer !== undefined && goesOn(lastAnswer));
    // Of a compaction only the beginning is noted.
    const within = last?.type === "compaction" && last.status === "completed" ? LONGEST_COMPACTION_MS : 0;
    return isGoingOn && time.created - before <= STEERED_WITHIN_MS + within;
  }
}

function isCompaction({ type }: MessageV2): boolean {
  return type === "compaction";
}

function isNoCommand({ type }: MessageV2): boolean {
  return type !== "shell";
}

/** opencode's loop goes on after tools, and ends with everything else. */
function goesOn({ finish, error }: AssistantMessageV2): boolean {
  return finish === "tool-calls" && error === undefined;
}
