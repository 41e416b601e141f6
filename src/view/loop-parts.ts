import type { Call, Loop, Tool } from "../trace/model.js";

/** A loop with all loops of subagents in it, outermost first. */
export function loopsIn(loop: Loop): readonly Loop[] {
  return [loop, ...toolsIn(loop).flatMap(({ loops }) => loops)];
}

/** The calls of a loop and of its subagents. */
export function callsIn(loop: Loop): readonly Call[] {
  return loopsIn(loop).flatMap(({ steps }) => steps.flatMap(({ call }) => call ?? []));
}

/** The tools of a loop and of its subagents, each subagent's behind the tool that started it. */
export function toolsIn(loop: Loop): readonly Tool[] {
  return loop.steps.flatMap(({ tools }) => tools.flatMap((tool) => [tool, ...tool.loops.flatMap(toolsIn)]));
}

/** Whether it is a command that a person ran in the session, of which no model was asked anything. */
export function isCommand({ steps }: Loop): boolean {
  return steps.length > 0 && steps.every(({ kind }) => kind === "command");
}
