import type { Loop, Step } from "../trace/model.js";
import { subagentsByStep } from "./loop-parts.js";

/** A step with the way to it. */
export interface PlacedStep {
  /**
   * Steps and subagents in turns, all counted from 0: `5` is step 5 of the turn, `5/0/2` step 2 of the first subagent
   * that step 5 started, or that was started before step 6.
   */
  readonly path: string;
  /** The turn's own loop, or the subagent's. */
  readonly loop: Loop;
  readonly step: Step;
}

/**
 * All steps of a loop and of the subagents below it, each before its subagents' steps.
 *
 * @param wanted loops that are not are left out with all below them; without it all are
 */
export function placedSteps(loop: Loop, wanted: (loop: Loop) => boolean = () => true): readonly PlacedStep[] {
  const below = (one: Loop, above: string): PlacedStep[] => {
    if (!wanted(one)) return [];
    // A turn that asked no model itself may have had others do so: as if it had a step for them.
    if (one.steps.length === 0) return one.loops.flatMap((next, index) => below(next, `${above}0/${index}/`));
    const subagentsAt = subagentsByStep(one);
    return one.steps.flatMap((step) => {
      const path = `${above}${step.index}`;
      const subagents = subagentsAt(step).flatMap((next, index) => below(next, `${path}/${index}/`));
      return [{ path, loop: one, step }, ...subagents];
    });
  };
  return below(loop, "");
}

/** Whether a text has the form of a path; there need not be such a step. */
export function isStepPath(text: string): boolean {
  return /^\d{1,9}(?:\/\d{1,9}\/\d{1,9})*$/.test(text);
}

/**
 * The step that a path leads to.
 *
 * @param path as `isStepPath` allows it
 * @returns the step, or why there is none, in words that say what there is instead
 */
export function findStep(loop: Loop, path: string): PlacedStep | string {
  const numbers = path.split("/").map(Number);
  let [here, way] = [loop, ""];
  for (let index = 0; index < numbers.length; index += 2) {
    const [wanted = 0, subagent] = numbers.slice(index, index + 2);
    const step = here.steps[wanted];
    const where = way === "" ? "The turn" : `Subagent ${way}`;
    if (!step && !(subagent !== undefined && wanted === 0 && here.loops.length > 0 && here.steps.length === 0))
      return `${where} has no step ${wanted}: it has ${range("step", here.steps.length)}.`;
    way = `${way === "" ? "" : `${way}/`}${wanted}`;
    if (step && subagent === undefined) return { path: way, loop: here, step };
    const loops: readonly Loop[] = step ? subagentsByStep(here)(step) : here.loops;
    const below = loops[subagent ?? 0];
    if (!below) return `Step ${way} has no subagent ${subagent}: it has ${range("subagent", loops.length)}.`;
    here = below;
    way = `${way}/${subagent}`;
  }
  return `${path} names no step.`;
}

function range(what: string, many: number): string {
  if (many === 0) return `no ${what}`;
  return many === 1 ? `one, ${what} 0` : `${what}s 0 to ${many - 1}`;
}
