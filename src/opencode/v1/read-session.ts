import type { Evidence } from "../model/evidence.js";
import { withOtherRequests } from "../model/other-requests.js";
import { NO_OWN_WORK } from "../model/own-work.js";
import { type RunOfTurn, runAt, runsOfTurns } from "../model/runs-of-turns.js";
import type { Entry, Session, SessionReader, Turn } from "../model/session.js";
import type { SessionWire } from "../model/session-wire.js";
import type { ModelFacts } from "../model/values.js";
import type { RunEvidence } from "../schema/run-evidence.js";
import type { AssistantMessage, Message, SessionExportV1, UserMessage } from "../schema/session-export.js";
import { messageClock, toolStartIsExact } from "./message-clock.js";
import { compactionPart, finishOf, isAskedByHand, isAssistant, isUser } from "./message-kinds.js";
import { withoutOwnAbort, withoutOwnAbortErrors } from "./own-abort.js";
import { ownWorkOf, type ReadMessage } from "./own-work.js";
import { readAnswer } from "./read-answer.js";
import { readUserMessage } from "./read-user-message.js";
import { logBySession, type SessionLog } from "./session-log.js";
import { marksBySession, type SessionMarks } from "./session-marks.js";
import { type RawTurn, turnsOf } from "./turns.js";

/**
 * Reads sessions as opencode 1.15 to 1.18 exports them. What these do not say is concluded from ids, parts, opencode's
 * log and its events.
 *
 * @param evidence of all of them
 * @param wires what was recorded of their requests, by session
 * @returns a function that reads one session; of the runs only those are its own that it is given
 */
export function readerV1(
  { log, runs = [], mcpServers = [] }: Evidence,
  wires: ReadonlyMap<string, SessionWire>,
): SessionReader<SessionExportV1> {
  const logs = logBySession(log, runs);
  const marksOf = marksBySession(log?.marks ?? []);
  const hasServers = mcpServers.length > 0;
  return (session, own, children) => {
    const { id } = session.info;
    const marks = marksOf(session.info);
    return readSession(session, { log: logs.get(id), wire: wires.get(id), marks, hasServers }, own, children);
  };
}

function readSession(
  session: SessionExportV1,
  { log, wire, marks, hasServers }: Omit<SessionContext, "version" | "answers" | "places" | "notedAt">,
  runs: readonly RunEvidence[],
  children: readonly Session[],
): Session {
  const { info } = session;
  const raw = turnsOf(session, (at) => runAt(at, runs));
  const runOf = runsOfTurns(
    raw.map(({ at, rest }) => ({ at, answered: rest.some(isAssistant) })),
    runs,
  );
  const context: SessionContext = {
    version: info.version,
    ...placesOf(session),
    notedAt: notedIn(session),
    log,
    wire,
    marks,
    hasServers,
  };
  const turns = raw.map((turn, index) => readTurn(turn, runOf[index] ?? null, context));
  return {
    id: info.id,
    title: info.title,
    directory: info.directory,
    opencodeVersion: info.version,
    projectId: info.projectID ?? null,
    parentId: info.parentID ?? null,
    createdAt: info.time.created,
    turns: wire ? withOtherRequests(turns, wire) : turns,
    children,
    // What 1.x counts holds what a fork copied.
    counted: null,
    unread: unreadOf(session),
  };
}

/** What all turns of a session share. */
interface SessionContext {
  /** Of the opencode that made the session. */
  readonly version: string;
  readonly answers: readonly AssistantMessage[];
  /** Where each stands among them, by its id. */
  readonly places: ReadonlyMap<string, number>;
  /** When each user message was noted that is no automatic compaction's; by its id. */
  readonly notedAt: ReadonlyMap<string, number>;
  readonly log: SessionLog | undefined;
  readonly wire: SessionWire | undefined;
  readonly marks: SessionMarks;
  /** Whether opencode had MCP servers. */
  readonly hasServers: boolean;
}

function readTurn(raw: RawTurn, of: RunOfTurn | null, session: SessionContext): Turn {
  const run = of?.run ?? null;
  const turn = withoutOwnAbort(raw, run);
  const { id, at, origin, copied } = turn;
  const asked = modelAsked(turn);
  const byHand = new Set<string>();
  for (const messages of [turn.context, turn.rest]) {
    for (const message of messages) if (isUser(message) && isAskedByHand(message)) byHand.add(message.info.id);
  }
  // One object a message: a prompt stands among the prompts and where it came in.
  const entries = new Map<UserMessage, readonly Entry[]>();
  const entriesOf = (message: UserMessage): readonly Entry[] => {
    const known = entries.get(message) ?? readUserMessage(message);
    entries.set(message, known);
    return known;
  };
  const startIsExact = toolStartIsExact(run?.opencode ?? session.version);
  const read: ReadMessage[] = [];
  const entriesIn = (messages: readonly Message[], byPerson: boolean): readonly Entry[] => {
    const found: Entry[] = [];
    messages.forEach((message, position) => {
      if (isUser(message)) {
        found.push(...entriesOf(message));
        return;
      }
      const index = session.places.get(message.info.id) ?? 0;
      // When the answer before it ended and the next one began, whatever turn those belong to.
      const before = session.answers[index - 1]?.info.time.completed;
      const after = session.answers[index + 1]?.info.time.created;
      const { created, completed } = message.info.time;
      const clock = messageClock(message.info, startIsExact);
      const answer = readAnswer(message, {
        index,
        clock,
        asked,
        log: session.log,
        wire: session.wire,
        requestsWithin: {
          start: Math.min(created, before ?? at),
          end: completed ?? after ?? Number.POSITIVE_INFINITY,
        },
        overflowed: overflowed(message, messages[position + 1]),
        byPerson,
        summaryByHand: byHand.has(message.info.parentID ?? ""),
      });
      if (!byPerson) read.push({ message, answer, clock });
      found.push(answer);
    });
    return found;
  };
  const rest = entriesIn(turn.rest, origin === "command");
  const { marks, version, hasServers, notedAt } = session;
  return {
    id,
    at,
    origin,
    agent: turn.prompts[0]?.info.agent ?? null,
    model: asked,
    // The answers in it are those of commands.
    context: entriesIn(turn.context, true),
    prompts: turn.prompts.flatMap(entriesOf).filter((entry) => entry.kind === "told"),
    rest,
    copied,
    end: null,
    run: run && withoutOwnAbortErrors(run),
    otherCalls: [],
    // Of a fork's the times are those of the session that it was copied from.
    ownWork: copied ? NO_OWN_WORK : ownWorkOf(read, { at, of, marks, version, hasServers, notedAt }),
  };
}

/** The model that a turn's prompt was meant for; null where it does not say. */
function modelAsked({ prompts }: RawTurn): ModelFacts | null {
  const model = prompts[0]?.info.model;
  return model ? { providerId: model.providerID, modelId: model.modelID, variant: model.variant ?? null } : null;
}

/**
 * A request that the provider refused as too large leaves an assistant message that is completed, without parts and
 * without an error; opencode then writes a compaction request that says so.
 */
function overflowed(message: AssistantMessage, later: Message | undefined): boolean {
  if (message.info.error || finishOf(message) !== null || message.parts.length > 0) return false;
  if (message.info.time.completed === undefined || !later || !isUser(later)) return false;
  return compactionPart(later)?.overflow === true;
}

function placesOf({ messages }: SessionExportV1): Pick<SessionContext, "answers" | "places"> {
  const answers = messages.filter(isAssistant);
  const places = new Map<string, number>();
  answers.forEach(({ info }, index) => {
    places.set(info.id, index);
  });
  return { answers, places };
}

/** opencode asks for an automatic compaction while its loop is at work, also right after the last answer of that. */
function notedIn({ messages }: SessionExportV1): ReadonlyMap<string, number> {
  const asked = messages.filter(isUser).filter((message) => !compactionPart(message) || isAskedByHand(message));
  return new Map(asked.map(({ info }) => [info.id, info.time.created]));
}

function unreadOf({ unread }: SessionExportV1): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [type, count] of Object.entries(unread.partTypes)) counts[`part ${type}`] = count;
  for (const [role, count] of Object.entries(unread.roles)) counts[`role ${role}`] = count;
  return counts;
}
