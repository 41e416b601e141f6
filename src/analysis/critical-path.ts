/** What the end of a turn really waited for: of all that ran side by side, what was the last to be done. */
import type { Interval } from "../opencode/model.js";
import type { Call, Loop, LoopTrace, OwnPhase, Step, StepEvent, Tool } from "../trace/model.js";

/** A stretch of time that the turn's end waited for. */
export interface PathSegment extends Interval {
  /** The span that was at work; of opencode's own time its phase, else the step or loop that it passed in. */
  readonly spanId: string;
  /**
   * `permission`: the tool waited to be allowed. `idle`: all had been answered, and what woke the turn again is not in
   * the session. `opencode`: none of its calls, tools and retries was waited for.
   */
  readonly of: "call" | "tool" | "retry" | "permission" | "idle" | "opencode";
  /** What opencode itself was at, where that is known. */
  readonly phase?: OwnPhase["kind"];
}

/**
 * The turn's critical path: walked back from its end, at each moment what had to be over before the turn could go on.
 *
 * Tools of one step run side by side, and the step waits for the last of them; that one waited for the model to write
 * its arguments, up to the moment when it began. A subagent in the background is waited for where its end woke a turn
 * that had answered already. What a session's title took is waited for by nothing.
 *
 * @returns in the order of time; they reach from the turn's start to its end without a gap and without an overlap, in
 *   ms since the epoch
 */
export function criticalPath({ loop }: LoopTrace): readonly PathSegment[] {
  const path = new PathBack();
  throughLoop(loop, loop, path);
  return path.inOrder();
}

/** The segments as they are found, the last first; none is empty, and neighbours differ. */
class PathBack {
  readonly #segments: PathSegment[] = [];
  /** Where the segment ends that was found last. */
  #until = 0;

  add(spanId: string, of: PathSegment["of"], start: number, end: number, phase?: OwnPhase["kind"]): void {
    if (end <= start) return;
    const next = this.#segments.at(-1);
    if (next?.spanId === spanId && next.of === of && next.start === end) this.#segments.pop();
    else this.#until = end;
    this.#segments.push({ spanId, of, start, end: this.#until, ...(phase ? { phase } : {}) });
  }

  /** Opencode's own time in a step or a loop, by what it was at then. */
  addOwn({ spanId, phases }: Own, start: number, end: number): void {
    let cursor = end;
    for (const phase of phases.toSorted(lastFirst)) {
      if (phase.start >= cursor || phase.end <= start) continue;
      const until = Math.min(phase.end, cursor);
      this.add(spanId, "opencode", until, cursor);
      cursor = Math.max(start, phase.start);
      this.add(phase.spanId, "opencode", cursor, until, phase.kind);
    }
    this.add(spanId, "opencode", start, cursor);
  }

  inOrder(): readonly PathSegment[] {
    return this.#segments.toReversed();
  }
}

/** What opencode's own time passes in. */
type Own = Pick<Step, "spanId" | "phases">;

/** A subagent with the tool that started it. */
interface Started {
  readonly loop: Loop;
  readonly tool: Tool;
  /** The index of the tool's step. */
  readonly step: number;
}

function throughLoop(loop: Loop, bounds: Interval, path: PathBack): void {
  const { steps } = loop;
  const started = steps.flatMap(({ tools }, step) =>
    tools.flatMap((tool) => tool.loops.filter(takesTime).map((below): Started => ({ loop: below, tool, step }))),
  );
  let cursor = bounds.end;
  /** The tool that is waited for whatever ended later: it started what was found to be waited for. */
  let starter: Tool | undefined;
  for (let index = steps.length - 1; index >= 0 && cursor > bounds.start; ) {
    const step = steps[index];
    if (!step || (step.start >= cursor && !starter)) {
      index -= 1;
      continue;
    }
    const end = Math.min(step.end, cursor);
    const isWoken = index < steps.length - 1 && !starter && hasAnswered(step);
    const woken = isWoken ? lastBetween(started, index, end, cursor) : undefined;
    if (woken) {
      path.addOwn(loop, woken.loop.end, cursor);
      cursor = Math.max(bounds.start, woken.loop.start);
      throughLoop(woken.loop, { start: cursor, end: woken.loop.end }, path);
      index = woken.step;
      starter = woken.tool;
      continue;
    }
    const sleeps = isWoken && steps.slice(0, index).some(({ tools }) => tools.some(startsSubagents));
    throughRest(loop, { start: end, end: cursor }, sleeps ? "idle" : "opencode", path);
    cursor = Math.max(bounds.start, Math.min(step.start, cursor));
    throughStep(step, { start: cursor, end: Math.max(cursor, end) }, starter, path);
    starter = undefined;
    index -= 1;
  }
  throughRest(loop, { start: bounds.start, end: cursor }, "opencode", path);
}

/** Whether the turn would have been over after the step, had nothing come in. */
function hasAnswered({ kind, call }: Step): boolean {
  return kind === "answer" && call?.outcome === "completed" && call.output.toolCalls.length === 0;
}

function startsSubagents({ loops, childSessionId }: Tool): boolean {
  return loops.length > 0 || childSessionId !== null;
}

/** What of the first steps' subagents ended last in some time. */
function lastBetween(started: readonly Started[], index: number, from: number, to: number): Started | undefined {
  const within = started.filter(({ loop, step }) => step <= index && loop.end > from && loop.end <= to);
  return within.reduce<Started | undefined>(
    (last, one) => (last && last.loop.end >= one.loop.end ? last : one),
    undefined,
  );
}

function throughStep(step: Step, bounds: Interval, starter: Tool | undefined, path: PathBack): void {
  const { call, retries, tools } = step;
  const waits = waitsOf(step.events);
  let cursor = bounds.end;
  const go = (span: Interval, through: (within: Interval) => void): void => {
    if (span.start >= cursor || cursor <= bounds.start) return;
    const end = Math.max(bounds.start, Math.min(span.end, cursor));
    throughRest(step, { start: end, end: cursor }, "opencode", path, waits.get(undefined));
    cursor = Math.max(bounds.start, span.start);
    through({ start: cursor, end: Math.max(cursor, end) });
  };
  const last = starter ?? lastOf(tools, bounds);
  if (last && (starter || !call || last.end >= Math.min(call.end, cursor))) {
    go(last, (within) => throughTool(last, within, waits.get(last.callId), path));
  }
  if (call) go(call, (within) => throughCall(call, tools, within, path));
  for (const retry of retries.toReversed()) {
    go(retry, ({ start, end }) => path.add(retry.spanId, "retry", start, end));
  }
  throughRest(step, { start: bounds.start, end: cursor }, "opencode", path, waits.get(undefined));
}

/** What of some tools was done last within some time; what the provider ran is the call's. */
function lastOf(tools: readonly Tool[], bounds: Interval): Tool | undefined {
  return tools
    .filter(
      (tool) => tool.origin !== "provider" && tool.start < bounds.end && tool.end > bounds.start && takesTime(tool),
    )
    .reduce<Tool | undefined>((last, tool) => (last && last.end >= tool.end ? last : tool), undefined);
}

function takesTime({ start, end }: Interval): boolean {
  return end > start;
}

/** A call waits for the tools that its provider runs. */
function throughCall({ spanId }: Call, tools: readonly Tool[], { start, end }: Interval, path: PathBack): void {
  let cursor = end;
  for (const tool of tools.filter(({ origin }) => origin === "provider").sort(lastFirst)) {
    if (tool.start >= cursor || tool.end <= start) continue;
    const until = Math.min(tool.end, cursor);
    path.add(spanId, "call", until, cursor);
    cursor = Math.max(start, tool.start);
    path.add(tool.spanId, "tool", cursor, until);
  }
  path.add(spanId, "call", start, cursor);
}

/** A tool waits for its subagents, but for those that go on when it is done. */
function throughTool(tool: Tool, { start, end }: Interval, waits: readonly Interval[] = [], path: PathBack): void {
  const { spanId, outcome } = tool;
  const add = (from: number, to: number): void => path.add(spanId, "tool", from, to);
  let cursor = end;
  for (const below of tool.loops.filter(takesTime).sort(lastFirst)) {
    // Of a tool that was broken off, what was at work then is what it waited for.
    const isWaitedFor = below.end <= cursor || (outcome !== "completed" && cursor === end);
    if (below.start >= cursor || below.end <= start || !isWaitedFor) continue;
    const until = Math.min(below.end, cursor);
    withWaits(spanId, { start: until, end: cursor }, waits, path, add);
    cursor = Math.max(start, below.start);
    throughLoop(below, { start: cursor, end: until }, path);
  }
  withWaits(spanId, { start, end: cursor }, waits, path, add);
}

/**
 * Time of a step or a loop in which none of its calls and tools was waited for. What a plugin had begun and was done
 * before all went on counts as waited for, and so does the conversation's summing up.
 */
function throughRest(
  own: Own & Pick<Step, "loops"> & Pick<Loop, "otherCalls">,
  { start, end }: Interval,
  of: "idle" | "opencode",
  path: PathBack,
  waits: readonly Interval[] = [],
): void {
  if (end <= start) return;
  const { loops, otherCalls = [] } = own;
  const add = (from: number, to: number): void => {
    if (of === "opencode") path.addOwn(own, from, to);
    else path.add(own.spanId, of, from, to);
  };
  const summaries = otherCalls.filter(({ kind, timing }) => kind === "compaction" && timing === "exact");
  let cursor = end;
  for (const one of [...loops, ...summaries].sort(lastFirst)) {
    if (one.end > cursor || one.end <= start) continue;
    withWaits(own.spanId, { start: one.end, end: cursor }, waits, path, add);
    cursor = Math.max(start, one.start);
    if ("steps" in one) throughLoop(one, { start: cursor, end: one.end }, path);
    else path.add(one.spanId, "call", cursor, one.end);
  }
  withWaits(own.spanId, { start, end: cursor }, waits, path, add);
}

function lastFirst(a: Interval, b: Interval): number {
  return b.end - a.end;
}

/** A stretch of time, cut where a permission was waited for in it. @param add what is done with the rest of it */
function withWaits(
  spanId: string,
  { start, end }: Interval,
  waits: readonly Interval[],
  path: PathBack,
  add: (from: number, to: number) => void,
): void {
  let cursor = end;
  for (const wait of waits.toSorted(lastFirst)) {
    if (wait.start >= cursor || wait.end <= start) continue;
    const until = Math.min(wait.end, cursor);
    add(until, cursor);
    cursor = Math.max(start, wait.start);
    path.add(spanId, "permission", cursor, until);
  }
  add(start, cursor);
}

/** When permissions were waited for, by the tool that they were for. */
function waitsOf(events: readonly StepEvent[]): ReadonlyMap<string | undefined, readonly Interval[]> {
  const waits = new Map<string | undefined, Interval[]>();
  for (const { name, attributes } of events) {
    const { askedAt, waitedMs, callId } = attributes;
    if (name !== "permission" || typeof askedAt !== "number" || typeof waitedMs !== "number" || waitedMs <= 0) continue;
    const asker = typeof callId === "string" ? callId : undefined;
    waits.set(asker, [...(waits.get(asker) ?? []), { start: askedAt, end: askedAt + waitedMs }]);
  }
  return waits;
}
