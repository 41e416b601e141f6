import type { Loop, LoopTrace, OwnPhase, Step } from "./model.js";
import { subagentsOfLoop, subagentsOfStep } from "./totals.js";

/**
 * The spans of a trace that may look different when the turn goes on: the loop, its last step with all that is in it,
 * and events that still count. Steps before the last one are as they will always be. None where the run is known to be
 * over, for instance because looptrace ended it: then nothing goes on, however unfinished it is.
 *
 * A backend tells spans apart by id and start; one that was sent too early would stay as it was then.
 */
export function openSpanIds(trace: LoopTrace): ReadonlySet<string> {
  const { loop } = trace;
  if (mayGoOn(loop)) return runningSpanIds(trace);
  const ids = new Set<string>();
  if (loop.run === null) addOutliving(loop, ids);
  return ids;
}

/**
 * Subagents that are at work although the turn is over: in the background, or a plugin's. The sums of all that they
 * stand in are open with them.
 */
function addOutliving(loop: Loop, ids: Set<string>): boolean {
  let found = false;
  const below = [
    ...loop.steps.flatMap(({ tools }) =>
      tools.flatMap((tool) => tool.loops.filter(({ end }) => tool.outcome === "completed" || end > tool.end)),
    ),
    ...loop.steps.flatMap(({ loops }) => loops),
    ...loop.loops,
  ];
  for (const one of below) {
    if (one.outcome === "unfinished") addRunning(one, ids);
    else if (!addOutliving(one, ids)) continue;
    found = true;
  }
  if (found) ids.add(loop.spanId);
  return found;
}

/** The same for a turn that is known to be at work, whatever it looks like. */
export function runningSpanIds({ loop }: LoopTrace): ReadonlySet<string> {
  const ids = new Set<string>();
  addRunning(loop, ids);
  return ids;
}

function addRunning(loop: Loop, ids: Set<string>): void {
  ids.add(loop.spanId);
  for (const { spanId } of phasesOf(loop)) ids.add(spanId);
  // What was counted may become more.
  for (const { spanId } of loop.otherCalls ?? []) ids.add(spanId);
  for (const below of loop.loops) if (mayGoOn(below)) addRunning(below, ids);
  // Of parallel subagents one may still be at work in a step that is not the last; and what failed may yet be got over.
  for (const step of loop.steps) {
    if (step === loop.steps.at(-1) || isUnfinished(step) || isFailing(step)) addAll(step, ids);
  }
  for (const { events } of loop.steps) {
    // The next call may be one more of the same, and an answer may still come.
    for (const { name, attributes, spanId } of events) {
      if (name === "doom-loop" || (name === "permission" && attributes.answer === "none")) ids.add(spanId);
    }
  }
}

/** What tells of opencode's own time comes at the end: its log. */
function phasesOf({ around, phases, steps }: Loop): readonly OwnPhase[] {
  return [...around, ...phases, ...steps.flatMap((step) => step.phases)];
}

function mayGoOn({ run, over, outcome, error, steps }: Loop): boolean {
  if (run !== null || over) return false;
  if (outcome === "unfinished" || (error?.code === "aborted" && error.abortedBy === "unknown")) return true;
  // After tools the model is asked once more, whatever they came to, unless one was refused.
  const call = steps.at(-1)?.call;
  return call?.finish === "tool-calls" && call.error === null && error?.code !== "permission_rejected";
}

function isUnfinished(step: Step): boolean {
  return (
    step.outcome === "unfinished" ||
    step.tools.some(({ outcome }) => outcome === "unfinished") ||
    subagentsOfStep(step).some((loop) => mayGoOn(loop) || subagentsOfLoop(loop).some(mayGoOn))
  );
}

function isFailing({ call, recovered }: Step): boolean {
  return !recovered && call !== null && call.error !== null;
}

function addAll(step: Step, ids: Set<string>): void {
  ids.add(step.spanId);
  if (step.call) ids.add(step.call.spanId);
  for (const { spanId } of [...step.events, ...step.retries]) ids.add(spanId);
  for (const tool of step.tools) {
    ids.add(tool.spanId);
    for (const { spanId } of tool.innerCalls) ids.add(spanId);
  }
  for (const loop of subagentsOfStep(step)) addWhole(loop, ids);
}

function addWhole(loop: Loop, ids: Set<string>): void {
  ids.add(loop.spanId);
  for (const { spanId } of phasesOf(loop)) ids.add(spanId);
  for (const { spanId } of loop.otherCalls ?? []) ids.add(spanId);
  for (const step of loop.steps) addAll(step, ids);
  for (const below of loop.loops) addWhole(below, ids);
}
