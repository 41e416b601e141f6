import { countMarkers } from "../../masking/marker.js";
import { isFields } from "../../text/json-fields.js";
import type { Loop, Tool } from "../../trace/model.js";

/** Of loops that have been looked through: each subagent's span says it, and so do the spans of those above it. */
const known = new WeakMap<Loop, number>();

/** How many secrets were masked in the loop and below it; what a call is given was said before and counts there. */
export function maskedIn(loop: Loop): number {
  const before = known.get(loop);
  if (before !== undefined) return before;
  const count = countIn(loop);
  known.set(loop, count);
  return count;
}

function countIn(loop: Loop): number {
  const beside = loop.loops.reduce(addMasked, 0);
  return loop.steps.reduce(
    (sum, { call, retries, tools, loops, events }) => {
      const said = [call?.output, call?.error, retries.map(({ output, error }) => [output, error]), events];
      const done = tools.map((tool) => markersInTool(tool) + tool.loops.reduce(addMasked, 0));
      return sum + markersIn(said) + done.reduce((before, count) => before + count, loops.reduce(addMasked, 0));
    },
    beside + markersIn([loop.input, loop.unanswered, loop.error]),
  );
}

function addMasked(sum: number, loop: Loop): number {
  return sum + maskedIn(loop);
}

function markersInTool(tool: Tool): number {
  return markersIn(tool.loops.length === 0 ? tool : { ...tool, loops: [] });
}

/** In most values there are none, which is found out without putting their texts together. */
function markersIn(value: unknown): number {
  return mayHaveMarkers(value, 0) ? countMarkers(value) : 0;
}

/** How every marker begins. */
const BEGIN = "[masked: ";

/** What is nested deeper is counted without a look. */
const DEEPEST = 200;

/**
 * By loops: a function within, as `some` needs one, would make an object for each value of the session, and
 * `Object.keys` a list for each object.
 */
function mayHaveMarkers(value: unknown, depth: number): boolean {
  if (typeof value === "string") return hasBegin(value);
  if (typeof value !== "object" || value === null) return false;
  if (depth === DEEPEST) return true;
  if (isFields(value)) {
    for (const key in value) {
      const item = value[key];
      if (hasBegin(key)) return true;
      // Most are texts and figures, for which the engine need not be asked once more.
      if (typeof item === "string" ? hasBegin(item) : typeof item === "object" && mayHaveMarkers(item, depth + 1))
        return true;
    }
  } else if (Array.isArray(value)) {
    for (const item of value) if (mayHaveMarkers(item, depth + 1)) return true;
  }
  return false;
}

function hasBegin(text: string): boolean {
  return text.length > BEGIN.length && text.includes(BEGIN);
}
