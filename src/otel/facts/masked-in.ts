import { countMarkers } from "../../masking/marker.js";
import { isFields } from "../../text/json-fields.js";
import type { Loop } from "../../trace/model.js";

/** How many secrets were masked in the loop and below it; what a call is given was said before and counts there. */
export function maskedIn(loop: Loop): number {
  const beside = loop.loops.reduce(addMasked, 0);
  return loop.steps.reduce(
    (sum, { call, retries, tools, loops, events }) => {
      const said = [call?.output, call?.error, retries.map(({ output, error }) => [output, error]), events];
      const done = tools.map(({ loops: below, ...tool }) => markersIn(tool) + below.reduce(addMasked, 0));
      return sum + markersIn(said) + done.reduce((before, count) => before + count, loops.reduce(addMasked, 0));
    },
    beside + markersIn([loop.input, loop.unanswered, loop.error]),
  );
}

function addMasked(sum: number, loop: Loop): number {
  return sum + maskedIn(loop);
}

/** In most values there are none, which is found out without putting their texts together. */
function markersIn(value: unknown): number {
  return mayHaveMarkers(value) ? countMarkers(value) : 0;
}

/** How every marker begins. */
const BEGIN = "[masked: ";

function mayHaveMarkers(value: unknown): boolean {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string") {
      if (next.includes(BEGIN)) return true;
    } else if (Array.isArray(next)) {
      for (const item of next) left.push(item);
    } else if (isFields(next)) {
      for (const key of Object.keys(next)) {
        if (key.includes(BEGIN)) return true;
        const item = next[key];
        if (typeof item === "string" ? item.length > BEGIN.length : typeof item === "object") left.push(item);
      }
    }
  }
  return false;
}
