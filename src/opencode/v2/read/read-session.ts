import type { Evidence } from "../../model/evidence.js";
import { withOtherRequests } from "../../model/other-requests.js";
import { NO_OWN_WORK } from "../../model/own-work.js";
import { type RunOfTurn, runsOfTurns } from "../../model/runs-of-turns.js";
import type { Entry, Session, SessionReader, Spent, Told, Turn, TurnEnd } from "../../model/session.js";
import { NO_WIRE, type SessionWire, sentWithin, type WireRequest } from "../../model/session-wire.js";
import type { ModelFacts } from "../../model/values.js";
import { isWantedEnd } from "../../schema/run-end.js";
import type { RunEvidence } from "../../schema/run-evidence.js";
import type { AssistantMessageV2, IdleMessage, MessageV2, SessionExportV2 } from "../schema/session-export.js";
import { compactionRequestsIn, withCompactions } from "./compaction-requests.js";
import { ownWorkOf } from "./own-work.js";
import { modelFacts, readAnswer, readShell, usageOf } from "./read-answer.js";
import { readMessage } from "./read-message.js";
import { type KnownRetry, retriesBySession, retriesWithin } from "./retries.js";
import { type RawTurn, turnsOf } from "./turns.js";

/**
 * Reads the export of a session of opencode 2. Nearly all that a trace needs it states itself; only builds before 2.0
 * and sessions that came from opencode 1 leave something to be concluded.
 *
 * @param evidence of a session and of those of its subagents, whose retries stand there as well
 * @param wires what was recorded of their requests, by session
 * @returns a function that reads one of them, with the runs that are its own and the sessions below it
 */
export function readerV2(
  { runs = [] }: Evidence,
  wires: ReadonlyMap<string, SessionWire>,
): SessionReader<SessionExportV2> {
  const retries = retriesBySession(runs);
  return (session, own, children) => {
    const { id } = session.info;
    return readSession(session, own, children, { retries: retries.get(id) ?? [], wire: wires.get(id) ?? NO_WIRE });
  };
}

function readSession(
  session: SessionExportV2,
  runs: readonly RunEvidence[],
  children: readonly Session[],
  { retries, wire: recorded }: { readonly retries: readonly KnownRetry[]; readonly wire: SessionWire },
): Session {
  const { info } = session;
  const wire = withCompactions(recorded, session);
  const raw = turnsOf(session, runs);
  const runOf = runsOfTurns(
    raw.map(({ at, rest }) => ({ at, answered: rest.some(({ type }) => type === "assistant") })),
    runs,
  );
  const context: SessionContext = {
    notesRequests: notesRequests(session),
    places: placesOf(session),
    retries,
    answerRequests: wire.requests.filter(({ kind }) => kind === "answer"),
    compactionRequests: compactionRequestsIn(session, wire),
    modelAt: modelsOf(session),
  };
  const turns = raw.map((turn, index) => readTurn(turn, runOf[index] ?? null, context));
  return {
    id: info.id,
    title: info.title,
    directory: info.directory,
    opencodeVersion: runs.findLast(({ opencode }) => opencode !== undefined)?.opencode ?? info.version,
    projectId: info.projectID ?? null,
    parentId: info.parentID ?? null,
    createdAt: info.time.created,
    turns: withOtherRequests(turns, wire),
    children,
    counted: countedIn(session),
    unread: unreadOf(session),
  };
}

/** What all turns of a session share. */
interface SessionContext {
  readonly notesRequests: boolean;
  /** Of each answer, by its id. */
  readonly places: ReadonlyMap<string, Place>;
  /** Ascending in time. */
  readonly retries: readonly KnownRetry[];
  /** The recorded requests for answers, ascending in time. */
  readonly answerRequests: readonly WireRequest[];
  /** Those for one compaction, by its message's id. */
  readonly compactionRequests: (messageId: string) => readonly WireRequest[];
  /** The model that the session was set to at a moment, ms since the epoch. */
  readonly modelAt: (at: number) => ModelFacts | null;
}

function readTurn(turn: RawTurn, of: RunOfTurn | null, session: SessionContext): Turn {
  const run = of?.run ?? null;
  const { id, at, origin, copied } = turn;
  const asked = session.modelAt(at);
  const isAborted = isWantedEnd(run);
  // One object a message: a prompt stands among the prompts and where it came in.
  const entries = new Map<MessageV2, readonly Entry[]>();
  const entriesOf = (message: MessageV2): readonly Entry[] => {
    const known = entries.get(message) ?? readEntries(message);
    entries.set(message, known);
    return known;
  };
  const readEntries = (message: MessageV2): readonly Entry[] => {
    const place = session.places.get(message.id);
    if (message.type === "shell") return [readShell(message, place?.index ?? 0)];
    if (message.type === "compaction") return readMessage(message, session.compactionRequests(message.id));
    if (message.type !== "assistant") return readMessage(message);
    const notBefore = Math.max(place?.before ?? at, at);
    const until = message.time.completed ?? place?.after ?? Number.POSITIVE_INFINITY;
    return [
      readAnswer(message, {
        index: place?.index ?? 0,
        notesRequests: session.notesRequests,
        asked,
        retries: retriesWithin(session.retries, notBefore, until),
        requests: sentWithin(session.answerRequests, { start: notBefore, end: until }),
        notBefore,
        isWantedEnd: isAborted,
      }),
    ];
  };
  const rest = turn.rest.flatMap(entriesOf);
  const messages = new Map(turn.rest.map((message) => [message.id, message]));
  const messageOf = (id: string): AssistantMessageV2 | undefined => {
    const message = messages.get(id);
    return message?.type === "assistant" ? message : undefined;
  };
  return {
    id,
    at,
    origin,
    agent: null,
    model: asked,
    context: turn.context.flatMap(entriesOf),
    prompts: turn.prompts.flatMap(entriesOf).filter((entry): entry is Told => entry.kind === "told"),
    rest,
    copied,
    end: turn.end && !isAborted ? readEnd(turn.end) : null,
    run: run && withoutOwnAbortErrors(run),
    otherCalls: [],
    // Of a command nothing was asked; a fork's times are those of the session that it was copied from.
    ownWork:
      copied || origin === "command"
        ? NO_OWN_WORK
        : ownWorkOf(rest, { at, idleAt: isAborted ? undefined : turn.end?.time.created, of, messageOf }),
  };
}

/** Where it does not say how it ended, that is to be concluded. */
function readEnd({ time, outcome, error }: IdleMessage): TurnEnd | null {
  const known = outcome ?? (error ? "failed" : undefined);
  return known
    ? { at: time.created, outcome: known, error: error ? { name: error.name, data: error.data } : null }
    : null;
}

/** That looptrace had the turn aborted is known better than the events tell it. */
function withoutOwnAbortErrors(run: RunEvidence): RunEvidence {
  if (!isWantedEnd(run)) return run;
  return { ...run, streamErrors: run.streamErrors.filter(({ error }) => error.name !== "aborted") };
}

/** Whether an opencode made it that notes when requests went out and answers ended: 2.0 and later. */
function notesRequests({ info, messages }: SessionExportV2): boolean {
  if (info.outcome !== undefined || info.time.idle !== undefined) return true;
  return messages.some(({ type, time }) => type === "idle" || (type === "assistant" && time.streamed !== undefined));
}

/** Where an answer stands in its session, and what is next to it, whatever turn that belongs to; ms since the epoch. */
interface Place {
  readonly index: number;
  /** When the answer before it ended; undefined where there is none, or it was cut off. */
  readonly before: number | undefined;
  /** When the next one began. */
  readonly after: number | undefined;
}

function placesOf({ messages }: SessionExportV2): ReadonlyMap<string, Place> {
  const answers = messages.flatMap((message) =>
    message.type === "assistant" || message.type === "shell" ? [message] : [],
  );
  return new Map(
    answers.map(({ id }, index) => [
      id,
      { index, before: answers[index - 1]?.time.completed, after: answers[index + 1]?.time.created },
    ]),
  );
}

/** opencode notes where the session is set to another model; that of its end stands in its information. */
function modelsOf({ info, messages }: SessionExportV2): SessionContext["modelAt"] {
  const switches = messages.flatMap((message) => (message.type === "model-switched" ? [message] : []));
  return (at) => {
    const last = switches.findLast(({ time }) => time.created <= at);
    const [first] = switches;
    return modelFacts(last ? last.model : first ? first.previous : info.model);
  };
}

function countedIn({ info }: SessionExportV2): Spent | null {
  return info.tokens ? { usage: usageOf(info.tokens), cost: info.cost > 0 ? info.cost : null } : null;
}

function unreadOf({ unread }: SessionExportV2): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [type, count] of Object.entries(unread.messageTypes)) counts[`message ${type}`] = count;
  for (const [type, count] of Object.entries(unread.contentTypes)) counts[`content ${type}`] = count;
  return counts;
}
