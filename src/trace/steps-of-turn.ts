import type { Entry, SessionEvent, ToolRun, Turn } from "../opencode/model.js";
import { buildStep } from "./build-step.js";
import type { Subagent } from "./build-tool.js";
import { withCacheBreaks } from "./cache-breaks.js";
import { toolResult, userInput } from "./chat-input.js";
import type { Told } from "./context-growth.js";
import { withDoomLoops } from "./doom-loop-events.js";
import type { Call, ChatMessage, Cumulative, Loop, OtherCall, Step, StepEvent, Usage } from "./model.js";
import type { AskedPermission } from "./permissions.js";
import { withPlans } from "./plan-events.js";
import { leftEventNote, stepEvent } from "./session-events.js";
import { sureUsageOf } from "./usage.js";

/** What is known of a turn beside what stands in it. */
export interface TurnContext {
  readonly sessionId: string;
  readonly servers: readonly string[];
  /** By answer. */
  readonly permissions: ReadonlyMap<string, readonly AskedPermission[]>;
  readonly subagentOf: (toolId: string) => Subagent;
  /** Subagents that were started in a step, but not by a tool. */
  readonly startedIn: (answerId: string) => readonly Loop[];
  /** Subagents that were started in a turn, but not in a step. */
  readonly startedBeside: (turnId: string) => readonly Loop[];
  readonly otherCalls: readonly OtherCall[];
}

/** Walks what stands in the turn; what arrives between two calls is the later one's input. */
export function stepsOfTurn(
  turn: Turn,
  context: TurnContext,
): { readonly steps: readonly Step[]; readonly notes: readonly string[] } {
  const steps: Step[] = [];
  const { sessionId } = context;
  // A prompt that came while the loop was at work is input of the step after it.
  const first = turn.prompts.filter(({ id }) => id === turn.id);
  let input: ChatMessage[] = [...turn.context, ...first].flatMap(toldBy);
  let events: SessionEvent[] = turn.context.filter((entry) => entry.kind === "event");
  let calls = 0;
  let before: Cumulative | null = null;
  let lastUsage: Usage | null = null;
  /** What was told since the last call with a known prompt, and is no input of the next one. */
  let earlier: Told[] = [];
  let compacted = false;
  turn.rest.forEach((entry, position) => {
    if (entry.kind === "told") {
      input.push(userInput(entry));
      return;
    }
    if (entry.kind === "event") {
      events.push(entry);
      // What an answer of its own sums up is summed up with that.
      compacted ||= entry.name === "compaction" && entry.summary?.outcome === "completed";
      return;
    }
    const isLast = position === turn.rest.length - 1;
    const permissions = context.permissions.get(entry.id) ?? NO_PERMISSIONS;
    // A session that waits for a permission is alive.
    let { lastMoment } = entry;
    for (const { end } of permissions) lastMoment = Math.max(lastMoment, end);
    const step = buildStep(entry, {
      sessionId,
      index: steps.length,
      callIndex: calls,
      // Without the room that a list has which grew: the trace keeps it.
      input: input.slice(),
      before,
      lastUsage,
      earlier,
      compacted: compacted || entry.summary !== null,
      events: events.length === 0 ? NO_EVENTS : events.map((event) => stepEvent(event, sessionId)),
      permissions,
      servers: context.servers,
      // Nothing went on after the process had ended; within a turn the next message tells nothing about this one's end.
      closedAt: isLast ? Math.max(lastMoment, turn.run?.endedAt ?? lastMoment) : lastMoment,
      subagentOf: turn.copied ? copiedSubagent(context.subagentOf) : context.subagentOf,
      loops: context.startedIn(entry.id),
    });
    steps.push(step);
    if (events.length > 0) events = [];
    if (step.call) {
      calls += 1;
      before = step.call.cumulative;
      const read = sureUsageOf("prompt", step.call);
      const written = sureUsageOf("output", step.call);
      if (read) {
        lastUsage = written;
        if (earlier.length > 0) earlier = [];
      } else {
        for (const told of input) earlier.push(told);
      }
      input = [];
      if (isCounted(step.call)) {
        compacted = step.kind === "compaction" || (compacted && !read);
        if (!read || !written) earlier.push({ role: "assistant", call: step.call });
      }
    }
    const results = resultsOf(entry.tools);
    if (input.length === 0) input = results;
    else for (const result of results) input.push(result);
  });
  const { last, notes } = withLeftEvents(steps.pop(), events, sessionId);
  if (last) steps.push(last);
  const marked = withCacheBreaks(withPlans(withDoomLoops(steps, sessionId), sessionId), sessionId);
  return { steps: marked, notes };
}

const NO_EVENTS: readonly StepEvent[] = [];
const NO_PERMISSIONS: readonly AskedPermission[] = [];

/** What happened behind the last step stands at its end; a compaction that was asked for in vain is only noted. */
function withLeftEvents(
  last: Step | undefined,
  events: readonly SessionEvent[],
  sessionId: string,
): { readonly last: Step | undefined; readonly notes: readonly string[] } {
  const isShown = (event: SessionEvent): boolean => event.name !== "compaction" || event.summary !== null;
  const shown = events.filter(isShown);
  if (!last || shown.length === 0) return { last, notes: events.map(leftEventNote) };
  const own = shown.map((event) => stepEvent(event, sessionId));
  return {
    last: {
      ...last,
      events: [
        ...last.events,
        ...own.map((event) => ({ ...event, at: Math.min(Math.max(event.at, last.start), last.end) })),
      ],
    },
    notes: events.filter((event) => !isShown(event)).map(leftEventNote),
  };
}

/** What the next call is told: all of a message, of an answer the results of its tools. */
function toldBy(entry: Entry): readonly ChatMessage[] {
  if (entry.kind === "told") return [userInput(entry)];
  return entry.kind === "answer" ? resultsOf(entry.tools) : [];
}

/** In a list of its length, as nearly all tools have a result: one that grows has room for 17. */
function resultsOf(tools: readonly ToolRun[]): ChatMessage[] {
  const results = tools.map(toolResult);
  return results.every(isTold) ? results : results.filter(isTold);
}

function isTold(result: ChatMessage | null): result is ChatMessage {
  return result !== null;
}

/** A fork copies no subagents: those of a copied turn stand with the session that it was copied from. */
function copiedSubagent(subagentOf: TurnContext["subagentOf"]): TurnContext["subagentOf"] {
  return (toolId) => ({ ...subagentOf(toolId), missing: false });
}

/**
 * Whether a call came to its end, so that what it wrote is in the next one's prompt: its tokens were counted, however
 * badly.
 */
export function isCounted(call: Call | null): boolean {
  return call === null || call.usage !== null || call.usageDoubt !== null;
}
