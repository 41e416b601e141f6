import type {
  AssistantMessage,
  Message,
  SessionExportV1 as SessionExport,
  SessionTreeV1 as SessionTree,
  UserMessage,
} from "../opencode/session.js";
import { buildStep } from "./build-step.js";
import type { Subagent } from "./build-tool.js";
import { withCacheBreaks } from "./cache-breaks.js";
import { toolResult, userInput } from "./chat-input.js";
import { type Told, uncounted } from "./context-growth.js";
import { withDoomLoops } from "./doom-loop-events.js";
import type { RunEvidence } from "./evidence.js";
import { messageClock } from "./message-clock.js";
import { compactionPart, isAssistant, isUser } from "./message-kinds.js";
import type { Call, ChatMessage, Cumulative, Loop, ModelFacts, Step, StepEvent, Usage } from "./model.js";
import type { AskedPermission } from "./permissions.js";
import { withPlans } from "./plan-events.js";
import type { SessionLog } from "./session-log.js";
import { spanIdOf } from "./span-id.js";
import { lastMomentOf } from "./timing.js";
import type { Turn } from "./turns.js";
import { sureUsageOf } from "./usage.js";

/** What is known of a turn beside its messages. */
export interface TurnContext {
  readonly servers: readonly string[];
  readonly log: SessionLog | undefined;
  /** By message. */
  readonly permissions: ReadonlyMap<string, readonly AskedPermission[]>;
  readonly run: RunEvidence | undefined;
  readonly neighbours: ReadonlyMap<string, Neighbours>;
  readonly subagentOf: (partId: string) => Subagent;
  /** Subagents that were started in a step, but not by a tool. */
  readonly startedIn: (messageId: string) => readonly Loop[];
  /** Subagents that were started in a turn, but not in a step. */
  readonly startedBeside: (turnId: string) => readonly Loop[];
}

/** What is next to an answer in its session, whatever turn that belongs to; ms since the epoch. */
export interface Neighbours {
  /** When the answer before it ended; undefined where there is none, or it was cut off. */
  readonly before: number | undefined;
  /** When the next one began. */
  readonly after: number | undefined;
}

export function neighboursOf({ messages }: SessionExport): ReadonlyMap<string, Neighbours> {
  const answers = messages.filter(isAssistant);
  return new Map(
    answers.map(({ info }, index) => [
      info.id,
      {
        before: answers[index - 1]?.info.time.completed,
        after: answers[index + 1]?.info.time.created,
      },
    ]),
  );
}

/** Walks the turn's messages; what arrives between two calls is the later one's input. */
export function stepsOfTurn(
  turn: Turn,
  tree: SessionTree,
  context: TurnContext,
): { readonly steps: readonly Step[]; readonly notes: readonly string[] } {
  const steps: Step[] = [];
  const sessionId = tree.session.info.id;
  // A prompt that came while the loop was at work is input of the step after it.
  const first = turn.prompts.filter(({ info }) => info.id === turn.id);
  let input: ChatMessage[] = [...turn.context, ...first].flatMap(toldBy);
  let events: StepEvent[] = turn.context.filter(isUser).flatMap((message) => compactionEvents(message, sessionId));
  let calls = 0;
  let before: Cumulative | null = null;
  let lastUsage: Usage | null = null;
  let added: Told[] = [...input];
  let compacted = false;
  turn.rest.forEach((message, position) => {
    if (isUser(message)) {
      input.push(userInput(message));
      added.push(userInput(message));
      events.push(...compactionEvents(message, sessionId));
      return;
    }
    const later = turn.rest[position + 1];
    const { created, completed } = message.info.time;
    const near = context.neighbours.get(message.info.id);
    const clock = messageClock(message.info, context.run?.opencode ?? tree.session.info.version);
    const permissions = context.permissions.get(message.info.id) ?? [];
    // A session that waits for a permission is alive.
    const lastMoment = permissions.reduce((latest, { end }) => Math.max(latest, end), lastMomentOf(message, clock));
    const step = buildStep(message, {
      sessionId,
      index: steps.length,
      callIndex: calls,
      input,
      before,
      lastUsage,
      added,
      compacted: compacted || message.info.summary === true,
      events,
      permissions,
      asked: modelAsked(turn),
      clock,
      servers: context.servers,
      log: context.log,
      // Nothing went on after the process had ended; within a turn the next message tells nothing about this one's end.
      closedAt: later ? lastMoment : Math.max(lastMoment, context.run?.endedAt ?? lastMoment),
      requestsWithin: {
        start: Math.min(created, near?.before ?? turn.at),
        end: completed ?? near?.after ?? Number.POSITIVE_INFINITY,
      },
      overflowed: overflowed(message, later),
      subagentOf: turn.copied ? copiedSubagent(context.subagentOf) : context.subagentOf,
      byPerson: turn.origin === "command",
      loops: context.startedIn(message.info.id),
    });
    steps.push(step);
    events = [];
    if (step.call) {
      calls += 1;
      before = step.call.cumulative;
      input = [];
      const read = sureUsageOf("prompt", step.call);
      const written = sureUsageOf("output", step.call);
      if (read) {
        lastUsage = written;
        added = [];
      }
      if (isCounted(step.call)) {
        compacted = step.kind === "compaction" || (compacted && !read);
        if (!read || !written) added.push(uncounted(step.call));
      }
    }
    for (const result of toldBy(message)) {
      input.push(result);
      added.push(result);
    }
  });
  const notes = events.map(
    ({ at }) => `opencode asked for a compaction at ${new Date(at).toISOString()}, and nothing came of it.`,
  );
  const marked = withCacheBreaks(withPlans(withDoomLoops(steps, sessionId), sessionId), sessionId);
  return { steps: marked, notes };
}

/** What the next call is told by a message: all of a user's, of an answer the results of its tools. */
function toldBy(message: Message): readonly ChatMessage[] {
  if (isUser(message)) return [userInput(message)];
  return message.parts.flatMap((part) => (part.type === "tool" ? toolResult(part) : []));
}

/** A fork copies no subagents: those of a copied turn stand with the session that it was copied from. */
function copiedSubagent(subagentOf: TurnContext["subagentOf"]): TurnContext["subagentOf"] {
  return (partId) => ({ ...subagentOf(partId), missing: false });
}

/**
 * A request that the provider refused as too large leaves an assistant message that is completed, without parts and
 * without an error; opencode then writes a compaction request that says so.
 */
function overflowed(message: AssistantMessage, later: Message | undefined): boolean {
  if (message.info.error || message.info.finish !== undefined || message.parts.length > 0) return false;
  if (message.info.time.completed === undefined || !later || !isUser(later)) return false;
  return compactionPart(later)?.overflow === true;
}

function compactionEvents(message: UserMessage, sessionId: string): StepEvent[] {
  const part = compactionPart(message);
  if (!part) return [];
  const attributes = { auto: part.auto ?? false, overflow: part.overflow ?? false };
  const { id, time } = message.info;
  return [{ spanId: spanIdOf("event", sessionId, id), name: "compaction", at: time.created, attributes }];
}

/** The model that a turn's prompt was meant for; null where it does not say. */
export function modelAsked(turn: Turn): ModelFacts | null {
  const model = turn.prompts[0]?.info.model;
  return model ? { providerId: model.providerID, modelId: model.modelID, variant: model.variant ?? null } : null;
}

/**
 * Whether a call came to its end, so that what it wrote is in the next one's prompt: its tokens were counted, however
 * badly.
 */
export function isCounted(call: Call | null): boolean {
  return call === null || call.usage !== null || call.usageDoubt !== null;
}
