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

/**
 * Puts opencode's own phases into a turn's steps, which nobody else has yet.
 *
 * @returns what lies between and around them
 */
export function placePhases(
  steps: readonly Step[],
  time: TurnTime,
  others: readonly OtherCall[],
): Pick<Loop, "phases" | "ownTime" | "around"> {
  const { sessionId, turn, start, end, work, account } = time;
  const { within, around } = turn.ownWork;
  const titles = titlesIn(others);
  const all = phasesIn(titles.length === 0 ? within : [...within, ...titles], {
    sessionId,
    turnId: turn.id,
    bounds: { start, end },
    busy: NONE.concat(work.model, work.tools, work.waiting, work.retries),
    cuts: boundsOf(steps),
  });
  const outside = (bounds: Interval): readonly OwnPhase[] =>
    phasesIn(around, { sessionId, turnId: turn.id, bounds, busy: [], cuts: [] });
  return {
    phases: placed(all, steps),
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

const NONE: readonly Interval[] = [];

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

/**
 * Puts each phase where it belongs: into the first step that it lies in. A step is put together without its phases, and
 * to copy all of them for these would make another object of two dozen fields for each.
 *
 * @returns those that lie in none
 */
function placed(phases: readonly OwnPhase[], steps: readonly Unphased[]): readonly OwnPhase[] {
  if (phases.length === 0) return phases;
  const between: OwnPhase[] = [];
  let next = 0;
  for (const step of byStart(steps)) {
    for (let phase = phases[next]; phase && phase.start < step.start; phase = phases[next]) {
      between.push(phase);
      next += 1;
    }
    const first = next;
    for (let phase = phases[next]; phase && phase.start < step.end; phase = phases[next]) next += 1;
    // In its length: a list that grows has room for 17.
    if (next > first) step.phases = phases.slice(first, next);
  }
  return between.concat(phases.slice(next));
}

/** A step that has yet to get its phases. */
interface Unphased extends Interval {
  phases: readonly OwnPhase[];
}

/** By when they began; nearly all stand so already. */
function byStart(steps: readonly Unphased[]): readonly Unphased[] {
  let before = Number.NEGATIVE_INFINITY;
  for (const { start } of steps) {
    if (start < before) return steps.toSorted((a, b) => a.start - b.start);
    before = start;
  }
  return steps;
}
