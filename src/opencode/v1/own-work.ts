/**
 * What opencode 1 does by itself in a turn. What lies between which of its moments follows from its own spans, which
 * 1.18 sends where `OTEL_EXPORTER_OTLP_ENDPOINT` is set; docs/opencode-time.md has the measurements.
 */
import { aroundTurn } from "../model/around-turn.js";
import { type OwnWork, ownWork, type TurnsOwnWork } from "../model/own-work.js";
import type { RunOfTurn } from "../model/runs-of-turns.js";
import type { Answer } from "../model/session.js";
import type { LoggedMark } from "../read/log-marks.js";
import type { AssistantMessage, Part } from "../schema/session-export.js";
import { goesOn } from "./loop-end.js";
import type { MessageClock } from "./message-clock.js";
import { within } from "./session-log.js";
import type { SessionMarks } from "./session-marks.js";

/** An assistant message, and what was read from it. */
export interface ReadMessage {
  readonly message: AssistantMessage;
  readonly answer: Answer;
  readonly clock: MessageClock;
}

export interface OwnWorkContext {
  /** When the turn began. */
  readonly at: number;
  /** The run that it was in; null where none is known. */
  readonly of: RunOfTurn | null;
  readonly marks: SessionMarks;
  /** Of the opencode that made the session. */
  readonly version: string;
  /** Whether opencode had MCP servers. */
  readonly hasServers: boolean;
  /** When what a loop began with was noted, by its id: prompts, and what opencode itself wrote. */
  readonly notedAt: ReadonlyMap<string, number>;
}

export function ownWorkOf(messages: readonly ReadMessage[], context: OwnWorkContext): TurnsOwnWork {
  const { at, of, marks, version } = context;
  const within: OwnWork[] = [];
  let before = at;
  messages.forEach((one, index) => {
    const last = messages[index - 1]?.message;
    // Once a loop has ended opencode is at no work until something is asked again: by a person, or by a subagent's end.
    const noted =
      last && !goesOn(last, one.message, version) ? context.notedAt.get(one.message.info.parentID ?? "") : undefined;
    const from = Math.max(before, Math.min(noted ?? before, one.answer.created));
    for (const work of beforeRequest(one, { before: from, isFirst: index === 0 }, context)) within.push(work);
    for (const work of afterOutput(one, marks)) within.push(work);
    before = Math.max(before, one.answer.completed ?? one.answer.lastMoment);
  });
  const isBefore = (mark: LoggedMark): boolean => of !== null && mark.at >= of.run.startedAt && mark.at <= at;
  const firstLineAt = marks.of("begun").findLast(isBefore)?.at;
  const loadingAt = marks.of("instance").findLast(isBefore)?.at;
  return { within, around: aroundTurn({ at, end: before, of, firstLineAt, loadingAt }) };
}

/** From the end of the message before, or from the prompt on, until its first request was sent. */
function beforeRequest(
  { message, answer }: ReadMessage,
  { before, isFirst }: { readonly before: number; readonly isFirst: boolean },
  { at, marks, hasServers }: OwnWorkContext,
): readonly OwnWork[] {
  const { created, call, dead, tools } = answer;
  const request = dead[0]?.start ?? call?.request.at ?? tools[0]?.start ?? created;
  // Where the message's own beginning is all that is known of its request, opencode's work is in the call.
  const end = Math.max(created, request);
  const window = { start: before, end };
  const loop = within(marks.of("loop"), window).at(-1);
  // Whether opencode had to load what the first prompt needs is told by nothing but its log.
  if (isFirst && !loop) return [];
  const kind = answer.step === "compaction" ? "compaction" : "prompt";
  const evidence = loop ? "log" : call?.exchange ? "wire" : "export";
  const all = ownWork(kind, window, evidence);
  if (!loop) return all;
  const located = within(marks.of("located"), window).at(-1);
  const skills = within(marks.of("skills"), window).at(-1);
  const known = within(marks.of("tools"), window).at(-1);
  // 1.15 does not say when it has loaded a project, only that it begins to.
  const isFirstOfAll =
    !hasAny(marks, "located") && marks.isFirstLoop(loop.at) && marks.of("instance").some((mark) => mark.at <= at);
  const isLoading = isFirst && (located !== undefined || isFirstOfAll);
  return [
    ...all,
    ...(isLoading ? ownWork("loading", { start: at, end: loop.at }, "log") : []),
    ...(located ? ownWork("loading", { start: skills?.at ?? known?.at ?? located.at, end: located.at }, "log") : []),
    ...(hasServers ? ownWork("mcp", { start: known?.at, end: skills?.at }, "log") : []),
    ...ownWork("snapshot", { start: created, end: snapshotIn(message, "step-start", marks, window)?.at }, "log"),
  ];
}

/** From the end of the model's output until the message was whole. */
function afterOutput({ message, answer, clock }: ReadMessage, marks: SessionMarks): readonly OwnWork[] {
  const { call, tools, completed, lastMoment, step } = answer;
  const start = call?.outputEnd?.at ?? call?.request.at ?? tools[0]?.start ?? answer.created;
  const end = completed ?? lastMoment;
  const all = ownWork(step === "compaction" ? "compaction" : "saving", { start, end }, "export");
  const finish = partOf(message, "step-finish");
  const finished = finish && clock.mintedAt(finish.id);
  if (finish?.snapshot === undefined || finished === undefined) return all;
  const worked = tools.reduce((last, tool) => Math.max(last, tool.end ?? last), start);
  const kept = snapshotIn(message, "step-finish", marks, { start: worked, end: finished });
  const first = ownWork("snapshot", { start: worked, end: kept?.at ?? finished }, kept ? "log" : "export");
  // The files are then compared with how they were before the step.
  const isCompared = partOf(message, "step-start")?.snapshot !== undefined;
  return [...all, ...first, ...(isCompared ? ownWork("snapshot", { start: finished, end }, "export") : [])];
}

function snapshotIn(
  message: AssistantMessage,
  type: "step-start" | "step-finish",
  marks: SessionMarks,
  window: { readonly start: number; readonly end: number },
): LoggedMark | undefined {
  const snapshot = partOf(message, type)?.snapshot;
  if (snapshot === undefined) return undefined;
  return within(marks.of("snapshot"), window).find(({ hash }) => hash === snapshot);
}

function partOf<Type extends "step-start" | "step-finish">(
  { parts }: AssistantMessage,
  type: Type,
): Extract<Part, { readonly type: Type }> | undefined {
  return parts.find((part): part is Extract<Part, { readonly type: Type }> => part.type === type);
}

function hasAny(marks: SessionMarks, kind: LoggedMark["kind"]): boolean {
  return marks.of(kind).length > 0;
}
