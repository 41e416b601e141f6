import type { Loop, Step, Totals } from "./model.js";
import { addCost, addUsage, NO_USAGE, recordedUsage } from "./usage.js";

/** Sums over the calls and tools of some steps; subagents' loops are not in it. */
export function totalsOf(steps: readonly Step[]): Totals {
  let [calls, retries, tools, toolFailures, doubtfulCalls] = [0, 0, 0, 0, 0];
  const usage = { ...NO_USAGE };
  let cost: number | null = null;
  for (const { call, retries: dead, tools: called } of steps) {
    retries += dead.length;
    tools += called.length;
    for (const { failure } of called) if (failure !== null) toolFailures += 1;
    if (!call) continue;
    calls += 1;
    const own = recordedUsage(call);
    usage.input += own.input;
    usage.output += own.output;
    usage.reasoning += own.reasoning;
    usage.cacheRead += own.cacheRead;
    usage.cacheWrite += own.cacheWrite;
    cost = addCost(cost, call.cost);
    if (call.usageDoubt) doubtfulCalls += 1;
  }
  const missingSubagents = missingOf(steps);
  return { steps: steps.length, calls, retries, tools, toolFailures, usage, cost, missingSubagents, doubtfulCalls };
}

/** How many sessions are missing; one that several tools continued counts once. */
function missingOf(steps: readonly Step[]): number {
  const missing = new Set<string>();
  for (const { tools } of steps) {
    for (const { subagentMissing, childSessionId, partId } of tools) {
      if (subagentMissing) missing.add(childSessionId ?? partId);
    }
  }
  return missing.size;
}

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    steps: a.steps + b.steps,
    calls: a.calls + b.calls,
    retries: a.retries + b.retries,
    tools: a.tools + b.tools,
    toolFailures: a.toolFailures + b.toolFailures,
    usage: addUsage(a.usage, b.usage),
    cost: addCost(a.cost, b.cost),
    missingSubagents: a.missingSubagents + b.missingSubagents,
    doubtfulCalls: a.doubtfulCalls + b.doubtfulCalls,
  };
}

/** The loops of subagents that were started in a step, those of its tools first. */
export function subagentsOfStep({ tools, loops }: Pick<Step, "tools" | "loops">): readonly Loop[] {
  return subagentsOfLoop({ steps: [{ tools, loops }], loops: [] });
}

/** The loops of all subagents that were started in a loop, wherever they stand in it. */
export function subagentsOfLoop({ steps, loops }: LoopParts): readonly Loop[] {
  const found: Loop[] = [];
  for (const step of steps) {
    for (const tool of step.tools) for (const loop of tool.loops) found.push(loop);
    for (const loop of step.loops) found.push(loop);
  }
  for (const loop of loops) found.push(loop);
  return found;
}

/** Where subagents stand in a loop. */
interface LoopParts {
  readonly steps: readonly Pick<Step, "tools" | "loops">[];
  readonly loops: readonly Loop[];
}
