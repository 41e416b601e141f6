import type { Interval } from "../opencode/model.js";
import type { Loop } from "./model.js";

/**
 * A subagent's loop with a note where it began before or ended after what it stands in: one that was aborted, say, or
 * that works in the background. Both times are true, so they stay.
 *
 * @param place in words: `the tool that asked for it`
 */
export function outliving(loop: Loop, bounds: Interval, place: string): Loop {
  const outside = [
    ...(loop.start < bounds.start ? [`began ${bounds.start - loop.start} ms before`] : []),
    ...(loop.end > bounds.end ? [`ended ${loop.end - bounds.end} ms after`] : []),
  ];
  if (outside.length === 0) return loop;
  return { ...loop, notes: [...loop.notes, `The subagent ${outside.join(" and ")} ${place}.`] };
}
