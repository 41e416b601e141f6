/** What opencode 2 does by itself in a turn, as far as its messages tell it; its log tells nothing of it. */
import { aroundTurn } from "../../model/around-turn.js";
import { type OwnWork, ownWork, type TurnsOwnWork } from "../../model/own-work.js";
import type { RunOfTurn } from "../../model/runs-of-turns.js";
import type { Answer, Entry } from "../../model/session.js";
import type { AssistantMessageV2 } from "../schema/session-export.js";

export interface OwnWorkContext {
  /** When the turn began. */
  readonly at: number;
  /** When the session went idle with it; undefined where that is not told. */
  readonly idleAt: number | undefined;
  /** The run that it was in; null where none is known. */
  readonly of: RunOfTurn | null;
  /** The message that an answer was read from; undefined for a command. */
  readonly messageOf: (answerId: string) => AssistantMessageV2 | undefined;
}

/** @param rest all that followed the first prompt, in order */
export function ownWorkOf(rest: readonly Entry[], { at, idleAt, of, messageOf }: OwnWorkContext): TurnsOwnWork {
  const within: OwnWork[] = [];
  let before = at;
  // A server's events tell of each request that failed.
  const isFollowed = of?.run.exit.kind === "served";
  for (const entry of rest) {
    if (entry.kind === "event" && entry.name === "compaction") {
      const end = entry.summary?.end ?? undefined;
      within.push(...ownWork("compaction", { start: Math.min(before, entry.at), end }, "export"));
      before = Math.max(before, end ?? entry.at);
    }
    if (entry.kind !== "answer") continue;
    within.push(...beforeRequest(entry, { start: before, isFollowed }), ...afterOutput(entry, messageOf(entry.id)));
    before = Math.max(before, entry.completed ?? entry.lastMoment);
  }
  within.push(...ownWork("ending", { start: before, end: idleAt }, "export"));
  return { within, around: aroundTurn({ at, end: Math.max(before, idleAt ?? before), of }) };
}

/**
 * A message begins with its last request: without the events or a recording, earlier ones that failed, and the waits
 * after them, would count as opencode's own work. And builds before 2.0 do not say when a request went out.
 */
function beforeRequest(
  { call, dead, tools, created }: Answer,
  { start, isFollowed }: { readonly start: number; readonly isFollowed: boolean },
): readonly OwnWork[] {
  if (!call) return ownWork("prompt", { start, end: tools[0]?.start ?? created }, "export");
  const [first] = dead;
  const { at, timing } = first ? { at: first.start, timing: first.timing } : call.request;
  if ((first ?? call).exchange) return ownWork("prompt", { start, end: at }, "wire");
  return isFollowed && timing === "exact" ? ownWork("prompt", { start, end: at }, "export") : [];
}

/** From the end of the model's output until the message was whole; the files are kept behind the last tool. */
function afterOutput(answer: Answer, message: AssistantMessageV2 | undefined): readonly OwnWork[] {
  const { call, tools, completed, lastMoment, created } = answer;
  const start = call?.outputEnd?.at ?? call?.request.at ?? tools[0]?.start ?? created;
  const end = completed ?? lastMoment;
  const worked = tools.reduce((last, tool) => Math.max(last, tool.end ?? last), start);
  return [
    ...ownWork("saving", { start, end }, "export"),
    ...(message?.snapshot?.end === undefined ? [] : ownWork("snapshot", { start: worked, end }, "export")),
  ];
}
