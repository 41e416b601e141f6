import type { Call, Loop, Step, Tool } from "../trace/model.js";
import { subagentsOfLoop, subagentsOfStep } from "../trace/totals.js";

/** A loop with all loops of subagents in it, outermost first. */
export function loopsIn(loop: Loop): readonly Loop[] {
  return [loop, ...subagentsOfLoop(loop).flatMap(loopsIn)];
}

/** The calls of a loop and of its subagents. */
export function callsIn(loop: Loop): readonly Call[] {
  return loopsIn(loop).flatMap(({ steps }) => steps.flatMap(({ call }) => call ?? []));
}

/** The tools of a loop and of its subagents, each subagent's behind the tool that started it. */
export function toolsIn(loop: Loop): readonly Tool[] {
  return [
    ...loop.steps.flatMap(({ tools, loops }) => [
      ...tools.flatMap((tool) => [tool, ...tool.loops.flatMap(toolsIn)]),
      ...loops.flatMap(toolsIn),
    ]),
    ...loop.loops.flatMap(toolsIn),
  ];
}

/**
 * The subagents that are told of with a step: those of its tools, those that were started in it, and those that were
 * started between it and the next one, or before the first one. Each stands with one step.
 *
 * @returns asks for those of a step of the loop
 */
export function subagentsByStep({ steps, loops }: Loop): (step: Step) => readonly Loop[] {
  if (loops.length === 0) return subagentsOfStep;
  const beside = new Map<Step | undefined, Loop[]>();
  for (const loop of loops) {
    const place = steps.findLast(({ start }) => start <= loop.start) ?? steps[0];
    const known = beside.get(place);
    if (known) known.push(loop);
    else beside.set(place, [loop]);
  }
  return (step) => [...subagentsOfStep(step), ...(beside.get(step) ?? [])];
}

/** Whether a subagent works in a loop, or should. */
export function hasSubagents(loop: Loop): boolean {
  return subagentsOfLoop(loop).length > 0 || loop.steps.some(({ tools }) => tools.some((tool) => tool.subagentMissing));
}

/** Whether it is a command that a person ran in the session, and no model was told. */
export function isCommand({ steps }: Loop): boolean {
  return steps.length > 0 && steps.every(({ kind }) => kind === "command");
}
