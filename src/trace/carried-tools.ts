import type { WireTool } from "../wire/model.js";
import { nameInTools } from "../wire/segments/tool-server.js";
import type { InnerCall, Loop, Step, Tool } from "./model.js";

/** A tool's recorded times are rounded, and those of older opencodes off by more, ms. */
const MOST_APART_MS = 2_000;

/** What a call of a tool server can have been made for: a tool, or one of the calls of a script's (code mode). */
interface Caller {
  readonly of: Tool | InnerCall;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The loop whose tools have the span ids that calls of their servers carried: what a server tells of such a call by
 * itself hangs below that span. Which tool a call was made for tell its name and the time; which of a script's calls,
 * its name and their order.
 */
export function withCarriedTools(loop: Loop, told: readonly WireTool[], traceId: string): Loop {
  const carried = told.flatMap(({ traceparent = "", tool, start }) => {
    const [, trace, spanId = ""] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(traceparent) ?? [];
    return trace === traceId ? [{ spanId, tool, at: start }] : [];
  });
  if (carried.length === 0) return loop;
  const ids = new Map<Tool | InnerCall, string>();
  const callers = toolsIn(loop)
    .toSorted((a, b) => a.start - b.start)
    .flatMap(callersOf);
  for (const { spanId, tool, at } of carried) {
    const apart = (one: Caller): number => Math.max(0, one.start - at, at - one.end);
    const free = callers.filter(({ of, name }) => !ids.has(of) && name.endsWith(`_${nameInTools(tool)}`));
    const [nearest] = free.toSorted((a, b) => apart(a) - apart(b));
    if (nearest && apart(nearest) <= MOST_APART_MS) ids.set(nearest.of, spanId);
  }
  return renamed(loop, ids);
}

function callersOf(tool: Tool): readonly Caller[] {
  const { start, end } = tool;
  const inner = tool.innerCalls.map((of): Caller => ({ of, name: nameInTools(of.name), start, end }));
  return [{ of: tool, name: tool.name, start, end }, ...inner];
}

function toolsIn(loop: Loop): readonly Tool[] {
  const ofStep = ({ tools, loops }: Step): readonly Tool[] => [
    ...tools.flatMap((tool) => [tool, ...tool.loops.flatMap(toolsIn)]),
    ...loops.flatMap(toolsIn),
  ];
  return [...loop.steps.flatMap(ofStep), ...loop.loops.flatMap(toolsIn)];
}

function renamed(loop: Loop, ids: ReadonlyMap<Tool | InnerCall, string>): Loop {
  const below = (loops: readonly Loop[]): readonly Loop[] => loops.map((one) => renamed(one, ids));
  const called = <T extends Tool | InnerCall>(one: T): T => ({ ...one, spanId: ids.get(one) ?? one.spanId });
  const steps = loop.steps.map((step) => ({
    ...step,
    tools: step.tools.map((tool) => ({
      ...called(tool),
      innerCalls: tool.innerCalls.map(called),
      loops: below(tool.loops),
    })),
    loops: below(step.loops),
  }));
  return { ...loop, steps, loops: below(loop.loops) };
}
