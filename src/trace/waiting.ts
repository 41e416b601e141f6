/** When tools were at work, and when they, or the subagents in them, only waited for somebody's permission. */
import { type Interval, without } from "./intervals.js";
import type { Step, StepEvent, Tool } from "./model.js";

/** A step's parts that take time. */
export type StepWork = Pick<Step, "call" | "retries" | "tools" | "events">;

export interface ToolWork {
  /** The stretches in which tools were at work; those of one tool do not overlap. */
  readonly tools: readonly Interval[];
  /** The stretches in which a permission was waited for, whatever else was at work then. */
  readonly waiting: readonly Interval[];
}

/** Of a tool's time the waiting for its permission is no work, nor is that of a subagent in which nothing else goes on. */
export function toolWork(steps: readonly StepWork[]): ToolWork {
  const tools: Interval[] = [];
  const waiting: Interval[] = [];
  for (const step of steps) {
    const asked = step.events.flatMap(waitOf);
    for (const { wait } of asked) waiting.push(wait);
    for (const tool of step.tools) {
      // The provider ran it while the model answered: that time is the model's.
      if (tool.origin === "provider") continue;
      const own = asked.flatMap(({ callId, wait }) => (callId === tool.callId ? [wait] : []));
      const below = idleIn(tool);
      for (const one of below) waiting.push(one);
      tools.push(...without([tool], [...own, ...below]));
    }
  }
  return { tools, waiting };
}

/** When the subagents of a tool waited for a permission and did nothing else. */
function idleIn({ loops }: Tool): readonly Interval[] {
  const steps = loops.flatMap((loop) => loop.steps);
  if (steps.length === 0) return [];
  const { tools, waiting } = toolWork(steps);
  if (waiting.length === 0) return [];
  const busy = steps.flatMap(({ call, retries }) => [...(call ? [call] : []), ...retries]);
  return without(waiting, [...busy, ...tools]);
}

function waitOf({
  name,
  attributes,
}: StepEvent): { readonly callId: string | undefined; readonly wait: Interval }[] {
  const { askedAt, waitedMs, callId } = attributes;
  if (name !== "permission" || typeof askedAt !== "number" || typeof waitedMs !== "number") return [];
  const wait = { start: askedAt, end: askedAt + waitedMs };
  return [{ callId: typeof callId === "string" ? callId : undefined, wait }];
}
