import type { Interval, OwnWork, Turn } from "../opencode/model.js";
import type { Loop, OtherCall, OwnPhase, Step, TimeAccount } from "./model.js";
import { ownTimeOf, phasesIn } from "./phases.js";
import type { WorkInTime } from "./time-account.js";

/** A turn's time, and what took it. */
export interface TurnTime extends Interval {
  readonly sessionId: string;
  readonly turn: Pick<Turn, "id" | "ownWork">;
  readonly work: WorkInTime;
  readonly account: TimeAccount;
}

/** The steps with opencode's own phases in them, and what lies between and around them. */
export function withPhases(
  steps: readonly Step[],
  time: TurnTime,
  others: readonly OtherCall[],
): Pick<Loop, "steps" | "phases" | "ownTime" | "around"> {
  const { sessionId, turn, start, end, work, account } = time;
  const { within, around } = turn.ownWork;
  const scope = { sessionId, turnId: turn.id };
  const all = phasesIn([...within, ...titlesIn(others)], {
    ...scope,
    bounds: { start, end },
    busy: [...work.model, ...work.tools, ...work.waiting, ...work.retries],
    cuts: steps.flatMap((step) => [step.start, step.end]),
  });
  const { inSteps, between } = placed(all, steps);
  const outside = (bounds: Interval): readonly OwnPhase[] => phasesIn(around, { ...scope, bounds, busy: [], cuts: [] });
  return {
    steps: inSteps,
    phases: between,
    ownTime: ownTimeOf(account, all),
    around: [
      ...outside({ start: Number.NEGATIVE_INFINITY, end: start }),
      ...outside({ start: end, end: Number.POSITIVE_INFINITY }),
    ],
  };
}

/** The loop does not wait for a title: its time counts where nothing else is known to have gone on. */
function titlesIn(others: readonly OtherCall[]): readonly OwnWork[] {
  return others.flatMap(({ kind, start, end, timing }): OwnWork[] =>
    kind === "title" && timing === "exact" ? [{ kind: "title", start, end, timing, evidence: "wire" }] : [],
  );
}

/** Each phase at the first step that it lies in. */
function placed(
  phases: readonly OwnPhase[],
  steps: readonly Step[],
): { readonly inSteps: readonly Step[]; readonly between: readonly OwnPhase[] } {
  const own = new Map<Step, OwnPhase[]>();
  const between: OwnPhase[] = [];
  const inOrder = steps.toSorted((a, b) => a.start - b.start);
  let from = 0;
  for (const phase of phases) {
    while (from < inOrder.length && (inOrder[from]?.end ?? 0) <= phase.start) from += 1;
    const step = inOrder[from];
    if (!step || step.start > phase.start) between.push(phase);
    else {
      const known = own.get(step);
      if (known) known.push(phase);
      else own.set(step, [phase]);
    }
  }
  const inSteps = steps.map((step) => {
    const its = own.get(step);
    return its ? { ...step, phases: its } : step;
  });
  return { inSteps, between };
}
