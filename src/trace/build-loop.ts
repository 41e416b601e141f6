import type { AssistantMessage, Message, SessionTree } from "../opencode/schema/session-export.js";
import { buildStep } from "./build-step.js";
import type { Subagent } from "./build-tool.js";
import { withCacheBreaks } from "./cache-breaks.js";
import { toolResult, userInput } from "./chat-input.js";
import { withDoomLoops } from "./doom-loop-events.js";
import type { RunEvidence } from "./evidence.js";
import type { Interval } from "./intervals.js";
import { messageClock } from "./message-clock.js";
import type {
  ChatMessage,
  Cumulative,
  Loop,
  ModelFacts,
  Outcome,
  Step,
  StepEvent,
  TimeAccount,
} from "./model.js";
import { withPlans } from "./plan-events.js";
import type { SessionLog } from "./session-log.js";
import { spanIdOf } from "./span-id.js";
import { subagentTurns } from "./subagents.js";
import { timeAccount } from "./time-account.js";
import { lastMomentOf } from "./timing.js";
import { addTotals, subagentLoops, totalsOf } from "./totals.js";
import { answerText, turnError, type Verdict } from "./turn-error.js";
import {
  compactionPart,
  isAssistant,
  isCopied,
  isOpenCodesOwn,
  isUser,
  type Turn,
  turnsOf,
} from "./turns.js";

export interface LoopContext {
  readonly logs: ReadonlyMap<string, SessionLog>;
  /** How the processes ended that ran the session's turns, where that is known. */
  readonly runs: readonly RunEvidence[];
}

/** A session's loops, one a turn, with the loops of its subagents inside the tools that started them. */
export function loopsOf(
  tree: SessionTree,
  context: LoopContext,
): { readonly loops: readonly Loop[]; readonly unclaimed: readonly SessionTree[] } {
  const { turns, stray } = turnsOf(tree.session);
  const subagents = subagentTurns(tree, turns);
  const children = new Map(
    [...new Set([...subagents.byPart.values()].flat().map(({ tree: child }) => child))].map((child) => [
      child,
      loopsOf(child, { ...context, runs: [] }),
    ]),
  );
  const subagentOf = (partId: string): Subagent => ({
    loops: (subagents.byPart.get(partId) ?? []).flatMap(
      ({ tree: child, turn }) => children.get(child)?.loops[turn] ?? [],
    ),
    missing: subagents.missing.has(partId),
  });
  const loops = turns.map((turn, index) => {
    return buildLoop(turn, tree, {
      log: context.logs.get(tree.session.info.id),
      run: runOf(turn, context.runs),
      nextTurnAt: turns[index + 1]?.user.info.time.created,
      subagentOf,
      notes: index === 0 && stray.length > 0 ? [strayNote(stray)] : [],
    });
  });
  const unclaimedBelow = [...children.values()].flatMap(({ unclaimed }) => unclaimed);
  return { loops, unclaimed: [...subagents.unclaimed, ...unclaimedBelow] };
}

interface TurnContext {
  readonly log: SessionLog | undefined;
  readonly run: RunEvidence | undefined;
  readonly nextTurnAt: number | undefined;
  readonly subagentOf: (partId: string) => Subagent;
  readonly notes: readonly string[];
}

function buildLoop(turn: Turn, tree: SessionTree, context: TurnContext): Loop {
  const { info } = turn.user;
  const copied = isCopied(turn.user);
  const queued = turn.rest.filter((message) => isUser(message) && !isOpenCodesOwn(message)).length;
  const { steps: built, notes } = buildSteps(turn, tree, context);
  const assistants = turn.rest.filter(isAssistant);
  const asked = modelAsked(turn);
  const verdict = turnError({
    sessionId: info.sessionID,
    assistants,
    steps: built,
    run: context.run,
    model: asked ? `${asked.providerId}/${asked.modelId}` : undefined,
  });
  const { error, failedStep } = verdict;
  const steps = built.map((step) => judged(step, verdict));
  const start = steps.reduce((first, step) => Math.min(first, step.start), info.time.created);
  const end = steps.reduce(
    (last, step) => Math.max(last, step.end),
    steps.length === 0 ? Math.max(start, context.run?.endedAt ?? start) : start,
  );
  const lastCall = steps.findLast((step) => step.call)?.call;
  const totals = totalsOf(steps);
  const unfinished = steps.length === 0 ? context.run === undefined : steps.at(-1)?.outcome === "unfinished";
  const outcome: Outcome = unfinished ? "unfinished" : error ? "failed" : "completed";
  return {
    spanId: spanIdOf("loop", info.sessionID, info.id),
    start,
    end,
    timing: unfinished ? "bounded" : "exact",
    sessionId: info.sessionID,
    userMessageId: info.id,
    agent: info.agent ?? steps[0]?.agent ?? null,
    model: lastCall?.model ?? asked,
    input: [turn.user, ...turn.rest.filter(isUser).filter((message) => !isOpenCodesOwn(message))].map(
      userInput,
    ),
    output: finalOutput(assistants, steps),
    outcome,
    error,
    failedStep,
    steps,
    totals,
    totalsWithSubagents: subagentLoops(steps).reduce(
      (sum, loop) => addTotals(sum, loop.totalsWithSubagents),
      totals,
    ),
    account: loopAccount({ start, end }, steps),
    run: context.run?.id === undefined ? null : { id: context.run.id, attempt: context.run.attempt ?? 0 },
    copied,
    notes: [
      ...(copied ? [COPIED] : []),
      ...(queued > 0 ? [`${queued + 1} prompts were queued and answered together.`] : []),
      ...context.notes,
      ...notes,
    ],
  };
}

const COPIED = "A fork copied this turn from another session: its tokens and cost are counted there.";

/** A step with what only the turn's end tells: whether it was got over, and whether the turn failed on it. */
function judged(step: Step, { error, failedStep, lastAnswered }: Verdict): Step {
  const call = step.call;
  const gotOver = call?.error ? step.index < lastAnswered : step.retries.length > 0 && call?.usage !== null;
  if (!error || step.index !== failedStep) return gotOver ? { ...step, recovered: true } : step;
  const outcome = step.outcome === "completed" ? "failed" : step.outcome;
  // A refused permission is the tool's failure; the call that asked for it went well.
  const isCalls = error.evidence === "finish" && error.code !== "permission_rejected";
  if (!call || call.error || !isCalls) return { ...step, outcome };
  return { ...step, outcome, call: { ...call, outcome: "failed", error } };
}

/** The run in which a turn began; both times are of the machine that ran it. */
function runOf(turn: Turn, runs: readonly RunEvidence[]): RunEvidence | undefined {
  const at = turn.user.info.time.created;
  return runs.findLast(({ startedAt, endedAt }) => startedAt <= at && at <= endedAt);
}

/** Walks the turn's messages; what arrives between two calls is the later one's input. */
function buildSteps(
  turn: Turn,
  tree: SessionTree,
  context: TurnContext,
): { readonly steps: readonly Step[]; readonly notes: readonly string[] } {
  const steps: Step[] = [];
  let input: ChatMessage[] = [userInput(turn.user)];
  let events: StepEvent[] = [];
  let calls = 0;
  let before: Cumulative | null = null;
  let added: ChatMessage[] = [...input];
  let compacted = false;
  turn.rest.forEach((message, position) => {
    if (isUser(message)) {
      input.push(userInput(message));
      added.push(userInput(message));
      events.push(...compactionEvents(message));
      return;
    }
    const later = turn.rest[position + 1];
    const { created, completed } = message.info.time;
    const nextAt = later?.info.time.created ?? context.nextTurnAt;
    const clock = messageClock(message.info, tree.session.info.version);
    const lastMoment = lastMomentOf(message, clock);
    const step = buildStep(message, {
      index: steps.length,
      callIndex: calls,
      input,
      before,
      added,
      compacted: compacted || message.info.summary === true,
      events,
      clock,
      log: context.log,
      // Nothing went on after the process had ended; within a turn the next message tells nothing about this one's end.
      closedAt: later ? lastMoment : Math.max(lastMoment, context.run?.endedAt ?? lastMoment),
      requestsWithin: {
        start: Math.min(created, endOf(turn.rest[position - 1] ?? turn.user) ?? created),
        end: Math.min(nextAt ?? Number.POSITIVE_INFINITY, completed ?? Number.POSITIVE_INFINITY),
      },
      overflowed: overflowed(message, later),
      subagentOf: context.subagentOf,
    });
    steps.push(step);
    events = [];
    if (step.call) {
      calls += 1;
      before = step.call.cumulative;
      input = [];
      if (step.call.usage) {
        added = [];
        compacted = step.kind === "compaction";
      }
    }
    const results = message.parts.flatMap((part) => (part.type === "tool" ? toolResult(part) : []));
    input.push(...results);
    added.push(...results);
  });
  const notes = events.map(
    ({ at }) => `opencode asked for a compaction at ${new Date(at).toISOString()}, and nothing came of it.`,
  );
  const sessionId = turn.user.info.sessionID;
  const marked = withCacheBreaks(withPlans(withDoomLoops(steps, sessionId), sessionId), sessionId);
  return { steps: marked, notes };
}

/** When a message was whole; undefined for one that was cut off. */
function endOf({ info }: Message): number | undefined {
  return info.role === "user" ? info.time.created : info.time.completed;
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

function compactionEvents(message: Message): StepEvent[] {
  const part = isUser(message) ? compactionPart(message) : undefined;
  if (!part) return [];
  const attributes = { auto: part.auto ?? false, overflow: part.overflow ?? false };
  const { sessionID, id, time } = message.info;
  return [{ spanId: spanIdOf("event", sessionID, id), name: "compaction", at: time.created, attributes }];
}

function modelAsked(turn: Turn): ModelFacts | null {
  const { model } = turn.user.info;
  return model
    ? { providerId: model.providerID, modelId: model.modelID, variant: model.variant ?? null }
    : null;
}

function finalOutput(assistants: readonly AssistantMessage[], steps: readonly Step[]): unknown {
  const structured = assistants.findLast(
    ({ info }) => info.structured !== undefined && info.structured !== null,
  );
  if (structured) return structured.info.structured;
  return answerText(steps);
}

/** Over the whole loop: what lies between the steps is opencode's own time. */
function loopAccount(bounds: Interval, steps: readonly Step[]): TimeAccount {
  return timeAccount(bounds, {
    model: steps.flatMap(({ call }) => call ?? []),
    tools: steps.flatMap(({ tools }) => tools),
    retries: steps.flatMap(({ retries }) => retries),
  });
}

function strayNote(stray: readonly Message[]): string {
  return `${stray.length} assistant message(s) stand before the first user message and belong to no turn: ${stray
    .map(({ info }) => info.id)
    .join(", ")}`;
}
