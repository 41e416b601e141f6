import type { WireTool } from "../wire/model.js";
import { nameInTools } from "../wire/segments/tool-server.js";
import type { Loop, Step, Tool } from "./model.js";

/** A tool's recorded times are rounded, and those of older opencodes off by more, ms. */
const MOST_APART_MS = 2_000;

/**
 * The loop whose tools have the span ids that calls of their servers carried: what a server tells of such a call by
 * itself hangs below that span. Which tool a call was made for tell its name and the time.
 */
export function withCarriedTools(loop: Loop, told: readonly WireTool[], traceId: string): Loop {
  const carried = told.flatMap(({ traceparent = "", tool, start }) => {
    const [, trace, spanId = ""] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(traceparent) ?? [];
    return trace === traceId ? [{ spanId, tool, at: start }] : [];
  });
  if (carried.length === 0) return loop;
  const ids = new Map<Tool, string>();
  const tools = toolsIn(loop).toSorted((a, b) => a.start - b.start);
  for (const { spanId, tool, at } of carried) {
    const apart = (one: Tool): number => Math.max(0, one.start - at, at - one.end);
    const free = tools.filter((one) => !ids.has(one) && one.name.endsWith(`_${nameInTools(tool)}`));
    const [nearest] = free.toSorted((a, b) => apart(a) - apart(b));
    if (nearest && apart(nearest) <= MOST_APART_MS) ids.set(nearest, spanId);
  }
  return renamed(loop, ids);
}

function toolsIn(loop: Loop): readonly Tool[] {
  const ofStep = ({ tools, loops }: Step): readonly Tool[] => [
    ...tools.flatMap((tool) => [tool, ...tool.loops.flatMap(toolsIn)]),
    ...loops.flatMap(toolsIn),
  ];
  return [...loop.steps.flatMap(ofStep), ...loop.loops.flatMap(toolsIn)];
}

function renamed(loop: Loop, ids: ReadonlyMap<Tool, string>): Loop {
  const below = (loops: readonly Loop[]): readonly Loop[] => loops.map((one) => renamed(one, ids));
  const steps = loop.steps.map((step) => ({
    ...step,
    tools: step.tools.map((tool) => ({ ...tool, spanId: ids.get(tool) ?? tool.spanId, loops: below(tool.loops) })),
    loops: below(step.loops),
  }));
  return { ...loop, steps, loops: below(loop.loops) };
}
