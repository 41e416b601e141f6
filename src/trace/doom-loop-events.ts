import { oneLine } from "../errors/bounded-text.js";
import { DOOM_LOOP_THRESHOLD, type Repetition, repetitionWatch } from "./doom-loop.js";
import type { Step, StepEvent, Tool } from "./model.js";
import { spanIdOf } from "./span-id.js";

interface Found {
  readonly step: Step;
  /** The call with which the repetition became a doom loop. */
  readonly tool: Tool;
  repetition: Repetition;
}

/**
 * The steps with an event where the model began to turn in circles: at the end of the third equal call in a row, saying
 * how many there were in the end and what the last one failed with.
 */
export function withDoomLoops(steps: readonly Step[], sessionId: string): readonly Step[] {
  const next = repetitionWatch();
  const found: Found[] = [];
  for (const step of steps) {
    for (const tool of step.tools) {
      // A call that never ended says nothing about the next one.
      if (tool.outcome === "unfinished") continue;
      // What the provider runs again and again, the provider decides.
      if (tool.origin === "provider") continue;
      const { name, input, output: result, failure } = tool;
      const repetition = next({ tool: name, input, result, failed: failure !== null });
      const last = found.at(-1);
      if (repetition.count === DOOM_LOOP_THRESHOLD) found.push({ step, tool, repetition });
      else if (repetition.count > DOOM_LOOP_THRESHOLD && last) last.repetition = repetition;
    }
  }
  if (found.length === 0) return steps;
  const byStep = new Map<Step, Found[]>();
  for (const one of found) {
    const own = byStep.get(one.step);
    if (own) own.push(one);
    else byStep.set(one.step, [one]);
  }
  return steps.map((step) => {
    const own = byStep.get(step);
    return own === undefined
      ? step
      : { ...step, events: [...step.events, ...own.map((one) => eventOf(one, sessionId))] };
  });
}

function eventOf({ tool, repetition }: Found, sessionId: string): StepEvent {
  const { count, lastError } = repetition;
  return {
    spanId: spanIdOf("event", sessionId, tool.partId),
    name: "doom-loop",
    at: tool.end,
    attributes: {
      tool: repetition.tool,
      count,
      arguments: JSON.stringify(repetition.arguments) ?? "",
      ...(lastError === null ? {} : { lastError: oneLine(lastError) }),
    },
  };
}
