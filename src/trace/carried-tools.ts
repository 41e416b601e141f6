import type { WireTool } from "../wire/model.js";
import { nameInTools } from "../wire/segments/tool-server.js";
import type { InnerCall, Loop, Step, Tool } from "./model.js";

/** A tool's recorded times are rounded, and those of older opencodes off by more, ms. */
const MOST_APART_MS = 2_000;

/** What a call of a tool server can have been made for: a tool, or one of the calls of a script's (code mode). */
interface Caller {
  readonly of: Tool | InnerCall;
  /** The tool whose script made it; null for a tool that the model called itself. */
  readonly script: Tool | null;
  readonly start: number;
  readonly end: number;
}

/**
 * The loop whose tools have the span ids that calls of their servers carried: what a server tells of such a call by
 * itself hangs below that span. Which tool a call was made for tell its name and the time; which of a script's calls,
 * its name and their order. What may as well have been made for another one leaves both as they are.
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
    const free = callers.filter((one) => !ids.has(one.of) && isNamed(one.of, tool) && apart(one) <= MOST_APART_MS);
    const least = Math.min(...free.map(apart));
    const caller = callerAmong(free.filter((one) => apart(one) === least));
    if (caller) ids.set(caller.of, spanId);
  }
  return renamed(loop, ids);
}

/** A tool's own time is known, a script's calls have that of the whole script: so the tool comes first. */
function callerAmong(nearest: readonly Caller[]): Caller | undefined {
  const own = nearest.find(({ script }) => script === null);
  if (own) return own;
  const [first] = nearest;
  const isOne = nearest.every(({ script, of }) => script === first?.script && of.name === first?.of.name);
  if (!isOne) return undefined;
  // One that failed may have called nobody.
  return nearest.find(({ of }) => of.outcome === "completed") ?? first;
}

/** Whether a tool is called so by its server, which the name that opencode gives it has in front. */
function isNamed({ name, server }: Tool | InnerCall, tool: string): boolean {
  const own = nameInTools(tool);
  const inTools = nameInTools(name);
  return server === null ? inTools.endsWith(`_${own}`) : inTools === `${nameInTools(server)}_${own}`;
}

function callersOf(tool: Tool): readonly Caller[] {
  const { start, end } = tool;
  const inner = tool.innerCalls.map((of): Caller => ({ of, script: tool, start, end }));
  return [{ of: tool, script: null, start, end }, ...inner];
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
