import type { Call, ContextCause, Loop, LoopTrace, UsageDoubt } from "../trace/model.js";
import { promptTokens, sureUsageOf, usageOfHalf } from "../trace/usage.js";
import { subagentsByStep } from "./loop-parts.js";
import { toolTitle } from "./row-texts.js";

/** One call of a trace with its share of the context; plain data, as `--json` prints it. */
export interface TokenRow {
  /** `llm-call-3`; a subagent's with its agent before it. */
  readonly name: string;
  /** 0 for the turn's own loop, 1 for a subagent of it, and so on. */
  readonly depth: number;
  readonly sessionId: string;
  readonly spanId: string;
  /** The whole prompt and its parts; null where it is not known. */
  readonly prompt: { readonly total: number; readonly cached: number; readonly new: number } | null;
  readonly output: number | null;
  readonly reasoning: number | null;
  /** What the context holds after the call, without an answer of unknown size; null where the prompt is not known. */
  readonly context: number | null;
  /** Against the call before with a known prompt; null on the first. */
  readonly growth: number | null;
  readonly cacheHitRatio: number | null;
  /** USD. */
  readonly cost: number | null;
  readonly causes: readonly DescribedCause[];
  /** What speaks against the recorded tokens; null where nothing does. */
  readonly doubt: UsageDoubt | null;
}

export interface DescribedCause extends ContextCause {
  /** Which file, command or question a tool's result is about, on one line; null for what no tool brought. */
  readonly about: string | null;
}

/** The calls of a trace in their order, a subagent's where it was started. */
export function tokenRows({ loop, session }: LoopTrace): readonly TokenRow[] {
  return rowsOf(loop, 0, session.directory);
}

function rowsOf(loop: Loop, depth: number, directory: string): TokenRow[] {
  const titles = new Map<string, string>();
  for (const { tools } of loop.steps) for (const tool of tools) titles.set(tool.callId, toolTitle(tool, directory));
  const subagentsAt = subagentsByStep(loop);
  const rows = loop.steps.flatMap((step) => [
    ...(step.call ? [rowOf(step.call, loop, depth, titles)] : []),
    ...subagentsAt(step).flatMap((below) => rowsOf(below, depth + 1, directory)),
  ]);
  // A turn that asked no model itself may have had others do so.
  if (loop.steps.length > 0) return rows;
  return loop.loops.flatMap((below) => rowsOf(below, depth + 1, directory));
}

function rowOf(call: Call, loop: Loop, depth: number, titles: ReadonlyMap<string, string>): TokenRow {
  const { cumulative } = call;
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  const own = `llm-call-${call.index}`;
  return {
    name: depth === 0 ? own : `${loop.agent ?? "subagent"} ${own}`,
    depth,
    sessionId: loop.sessionId,
    spanId: call.spanId,
    prompt: read ? { total: promptTokens(read), cached: read.cacheRead, new: read.input + read.cacheWrite } : null,
    output: written?.output ?? null,
    reasoning: written?.reasoning ?? null,
    context: sureUsageOf("prompt", call) ? cumulative.contextTokens : null,
    growth: cumulative.contextGrowth,
    cacheHitRatio: cumulative.cacheHitRatio,
    cost: call.cost,
    causes: call.contextCauses.map((cause) => ({
      ...cause,
      about: (cause.callId !== null && titles.get(cause.callId)) || null,
    })),
    doubt: call.usageDoubt,
  };
}

/** A cause with the call in whose context it first was. */
export interface Contributor {
  readonly call: string;
  readonly depth: number;
  readonly cause: DescribedCause;
}

/** What made the context grow, the biggest first; of what stood there from the beginning the prefix too. */
export function contributors(rows: readonly TokenRow[]): readonly Contributor[] {
  return rows
    .flatMap(({ name, depth, causes }) => causes.map((cause) => ({ call: name, depth, cause })))
    .filter(({ cause }) => cause.tokens > 0)
    .sort((a, b) => b.cause.tokens - a.cause.tokens);
}

/** What a cause is called in a table. @param turn of the session, from 0: the first one has none before it */
export function causeText({ kind, name }: ContextCause, turn: number): string {
  switch (kind) {
    case "prefix":
      return turn === 0 ? "system prompt and tools" : "system prompt, tools, earlier turns";
    case "text":
      return name ?? "text";
    case "tool-result":
      return name ?? "a tool's result";
    case "output":
      return name === null ? "the answer itself" : `the answer of ${name}`;
    case "dropped":
      return "no longer sent";
    case "compacted":
      return "summed up";
    case "other":
      return "not in the export";
    default:
      return kind satisfies never;
  }
}
