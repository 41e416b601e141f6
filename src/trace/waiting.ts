/** When tools were at work, and when they, or the subagents in them, only waited for a permission. */
import type { Interval } from "../opencode/model.js";
import { without } from "./intervals.js";
import type { Loop, Step, StepEvent } from "./model.js";
import { subagentsOfLoop } from "./totals.js";

/** A step's parts that take time. */
export type StepWork = Pick<Step, "call" | "retries" | "tools" | "loops" | "events">;

export interface ToolWork {
  /** The stretches in which tools were at work; those of one tool do not overlap. */
  readonly tools: readonly Interval[];
  /** The stretches in which a permission was waited for, whatever else was at work then. */
  readonly waiting: readonly Interval[];
}

/**
 * Of a tool's time the waiting for its permission is no work, nor is that of a subagent in which nothing else goes on.
 * A subagent is at work after its tool too, and where no tool started it.
 *
 * @param beside subagents that were started in none of the steps
 */
export function toolWork(steps: readonly StepWork[], beside: readonly Loop[] = []): ToolWork {
  const only = steps[0];
  if (only && steps.length === 1 && beside.length === 0 && hasPlainTools(only)) {
    return { tools: only.tools, waiting: NO_STRETCHES };
  }
  const work: FoundWork = { tools: [], waiting: [] };
  const { tools, waiting } = work;
  for (const step of steps) {
    const asked = waitsIn(step.events);
    for (const { wait } of asked) waiting.push(wait);
    for (const tool of step.tools) {
      // The provider ran it while the model answered: that time is the model's.
      if (tool.origin === "provider") continue;
      if (tool.loops.length === 0 && asked.length === 0) {
        tools.push(tool);
        continue;
      }
      const own = asked.flatMap(({ callId, wait }) => (callId === tool.callId ? [wait] : []));
      addSubagents(tool.loops, [tool], own, work);
    }
    for (const loop of step.loops) addSubagents([loop], [], [], work);
  }
  for (const loop of beside) addSubagents([loop], [], [], work);
  return work;
}

const NO_STRETCHES: readonly Interval[] = [];

/** Whether its tools were at work from their beginnings to their ends, and nothing else was: nearly all steps are so. */
function hasPlainTools({ events, tools, loops }: StepWork): boolean {
  if (events.length > 0 || loops.length > 0) return false;
  for (const { origin, loops: started } of tools) if (origin === "provider" || started.length > 0) return false;
  return true;
}

interface FoundWork extends ToolWork {
  readonly tools: Interval[];
  readonly waiting: Interval[];
}

function addSubagents(
  loops: readonly Loop[],
  within: readonly Interval[],
  asked: readonly Interval[],
  { tools, waiting }: FoundWork,
): void {
  const idle = idleIn(loops);
  for (const one of idle) waiting.push(one);
  for (const one of without(within, [...asked, ...idle])) tools.push(one);
  const outside = (loop: Loop, above: readonly Interval[]): void => {
    for (const one of without([loop], [...above, ...idle])) tools.push(one);
    for (const below of subagentsOfLoop(loop)) outside(below, [...above, loop]);
  };
  for (const loop of loops) outside(loop, within);
}

/** When some subagents waited for a permission and did nothing else. */
function idleIn(loops: readonly Loop[]): readonly Interval[] {
  if (!loops.some(hasWaited)) return [];
  const steps = loops.flatMap((loop) => loop.steps);
  const { tools, waiting } = toolWork(
    steps,
    loops.flatMap((loop) => loop.loops),
  );
  if (waiting.length === 0) return [];
  const busy = steps.flatMap(({ call, retries }) => [...(call ? [call] : []), ...retries]);
  return without(waiting, [...busy, ...tools]);
}

/** Whether it, or a subagent in it, asked for a permission: only what followed opencode's events tells of any. */
function hasWaited(loop: Loop): boolean {
  return (
    loop.steps.some(({ events }) => events.some(({ name }) => name === "permission")) ||
    subagentsOfLoop(loop).some(hasWaited)
  );
}

interface Wait {
  readonly callId: string | undefined;
  readonly wait: Interval;
}

function waitsIn(events: readonly StepEvent[]): readonly Wait[] {
  if (events.length === 0) return NO_WAITS;
  const waits: Wait[] = [];
  for (const { name, attributes } of events) {
    if (name !== "permission") continue;
    const { askedAt, waitedMs, callId } = attributes;
    if (typeof askedAt !== "number" || typeof waitedMs !== "number") continue;
    const wait = { start: askedAt, end: askedAt + waitedMs };
    waits.push({ callId: typeof callId === "string" ? callId : undefined, wait });
  }
  return waits;
}

const NO_WAITS: readonly Wait[] = [];
