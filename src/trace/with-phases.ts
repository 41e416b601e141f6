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
    cuts: boundsOf(steps),
  });
  const { inSteps, between } = placed(all, steps);
  const outside = (bounds: Interval): readonly OwnPhase[] => phasesIn(around, { ...scope, bounds, busy: [], cuts: [] });
  return {
    steps: inSteps,
    phases: between,
    ownTime: ownTimeOf(account, all),
    around:
      around.length === 0
        ? []
        : [
            ...outside({ start: Number.NEGATIVE_INFINITY, end: start }),
            ...outside({ start: end, end: Number.POSITIVE_INFINITY }),
          ],
  };
}

function boundsOf(steps: readonly Step[]): readonly number[] {
  const bounds: number[] = [];
  for (const { start, end } of steps) bounds.push(start, end);
  return bounds;
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
  if (phases.length === 0) return { inSteps: steps, between: phases };
  const own: (OwnPhase[] | undefined)[] = steps.map(() => undefined);
  const between: OwnPhase[] = [];
  const order = byStart(steps);
  let from = 0;
  for (const phase of phases) {
    while (from < order.length && (steps[order[from] ?? 0]?.end ?? 0) <= phase.start) from += 1;
    const index = order[from] ?? steps.length;
    const step = steps[index];
    if (!step || step.start > phase.start) between.push(phase);
    else {
      const known = own[index];
      if (known) known.push(phase);
      else own[index] = [phase];
    }
  }
  const inSteps = steps.map((step, index) => {
    const its = own[index];
    return its ? { ...step, phases: its } : step;
  });
  return { inSteps, between };
}

/** The places of the steps, by when they began; nearly all stand so already. */
function byStart(steps: readonly Step[]): readonly number[] {
  const places = steps.map((_, index) => index);
  const startOf = (index: number): number => steps[index]?.start ?? 0;
  const isInOrder = places.every((index) => index === 0 || startOf(index - 1) <= startOf(index));
  return isInOrder ? places : places.sort((a, b) => startOf(a) - startOf(b));
}
