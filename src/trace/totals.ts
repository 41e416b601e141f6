import type { Loop, Step, Totals } from "./model.js";
import { addCost, addUsage, NO_USAGE, recordedUsage } from "./usage.js";

/** Sums over the calls and tools of some steps; subagents' loops are not in it. */
export function totalsOf(steps: readonly Step[]): Totals {
  const missingSubagents = missingOf(steps);
  return steps.reduce<Totals>(
    (sum, step) => ({
      steps: sum.steps + 1,
      calls: sum.calls + (step.call ? 1 : 0),
      retries: sum.retries + step.retries.length,
      tools: sum.tools + step.tools.length,
      toolFailures: sum.toolFailures + step.tools.filter(({ failure }) => failure !== null).length,
      usage: step.call ? addUsage(sum.usage, recordedUsage(step.call)) : sum.usage,
      cost: addCost(sum.cost, step.call?.cost ?? null),
      missingSubagents,
      doubtfulCalls: sum.doubtfulCalls + (step.call?.usageDoubt ? 1 : 0),
    }),
    {
      steps: 0,
      calls: 0,
      retries: 0,
      tools: 0,
      toolFailures: 0,
      usage: NO_USAGE,
      cost: null,
      missingSubagents,
      doubtfulCalls: 0,
    },
  );
}

/** How many sessions are missing; one that several tools continued counts once. */
function missingOf(steps: readonly Step[]): number {
  const missing = steps.flatMap(({ tools }) => tools.filter(({ subagentMissing }) => subagentMissing));
  return new Set(missing.map(({ childSessionId, partId }) => childSessionId ?? partId)).size;
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
  return loops.length === 0 ? tools.flatMap((tool) => tool.loops) : [...tools.flatMap((tool) => tool.loops), ...loops];
}

/** The loops of all subagents that were started in a loop, wherever they stand in it. */
export function subagentsOfLoop({ steps, loops }: Pick<Loop, "steps" | "loops">): readonly Loop[] {
  return [...steps.flatMap(subagentsOfStep), ...loops];
}
