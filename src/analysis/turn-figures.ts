import type { LoopTrace, Totals, Usage } from "../trace/model.js";
import { addCost, addUsage, NO_USAGE, totalTokens } from "../trace/usage.js";
import { exactFigure, type FigureUnit } from "./figures.js";
import { gapsOf } from "./gaps.js";
import { toolsIn } from "./loop-parts.js";
import { areOfBoth, withSameTools } from "./same-tools.js";

/** A figure of two sides; null where it is not known, or that side is not there. */
export interface Comparison {
  /** The first side's. */
  readonly a: number | null;
  /** The second side's. */
  readonly b: number | null;
  /** b − a */
  readonly difference: number | null;
  /** The difference as a part of a, in per cent, to two decimals; null where a is 0. */
  readonly percent: number | null;
}

/** The figures, in their order; those after `tokens` but the context are parts of it, those after `duration` of that. */
const FIGURES = [
  { name: "steps", unit: "count" },
  { name: "calls", unit: "count" },
  { name: "retries", unit: "count" },
  { name: "tools", unit: "count" },
  { name: "toolFailures", unit: "count" },
  { name: "tokens", unit: "tokens" },
  { name: "input", unit: "tokens" },
  { name: "cached", unit: "tokens" },
  { name: "cacheWrite", unit: "tokens" },
  { name: "output", unit: "tokens" },
  { name: "reasoning", unit: "tokens" },
  { name: "context", unit: "tokens" },
  { name: "cost", unit: "usd" },
  { name: "duration", unit: "ms" },
  { name: "modelTime", unit: "ms" },
  { name: "toolTime", unit: "ms" },
  { name: "waitingTime", unit: "ms" },
  { name: "retryTime", unit: "ms" },
  { name: "opencodeTime", unit: "ms" },
] as const satisfies readonly { readonly name: string; readonly unit: FigureUnit }[];

/** What is compared of turns. */
export type FigureName = (typeof FIGURES)[number]["name"];

/** One figure of two sides, such as their cost. */
export interface Figure extends Comparison {
  /** What is compared. */
  readonly name: FigureName;
  /** How it is counted. */
  readonly unit: FigureUnit;
}

/** How often a tool was called, how often that failed, and how many ms it took in all. */
export interface ToolTotals {
  /** The tool's name. */
  readonly tool: string;
  /** How often it was called. */
  readonly calls: Comparison;
  /** How often that failed. */
  readonly failures: Comparison;
  /** How long it took in all, ms. */
  readonly time: Comparison;
}

/** The sums over the turns of each side, with their subagents; without a turn nothing of a side is known. */
export function figuresOf(a: readonly LoopTrace[], b: readonly LoopTrace[]): readonly Figure[] {
  const [left, right] = [valuesOf(a), valuesOf(b)];
  return FIGURES.map(({ name, unit }) => ({
    name,
    unit,
    ...compared(left?.[name] ?? null, right?.[name] ?? null, unit),
  }));
}

/** By tool, subagents' tools among them: what took the most time first, on whichever side it took more. */
export function toolFiguresOf(a: readonly LoopTrace[], b: readonly LoopTrace[]): readonly ToolTotals[] {
  const [left, right] = [byTool(a), byTool(b)];
  const each = new Map([...left.keys(), ...right.keys()].map((name) => [name, [name]] as const));
  const names: ReadonlyMap<string, readonly string[]> = areOfBoth([...a, ...b])
    ? withSameTools<readonly string[]>(each, (one, other) => [...one, ...other])
    : each;
  return [...names]
    .map(([tool, same]): ToolTotals => {
      const sumIn = (sums: ReadonlyMap<string, ToolSum>, figure: keyof ToolSum): number =>
        same.reduce((sum, name) => sum + (sums.get(name)?.[figure] ?? 0), 0);
      const of = (figure: keyof ToolSum): Comparison =>
        compared(
          a.length === 0 ? null : sumIn(left, figure),
          b.length === 0 ? null : sumIn(right, figure),
          figure === "time" ? "ms" : "count",
        );
      return { tool, calls: of("calls"), failures: of("failures"), time: of("time") };
    })
    .sort((one, other) => mostOf(other.time) - mostOf(one.time));
}

function compared(a: number | null, b: number | null, unit: FigureUnit): Comparison {
  // Zero has no sign.
  const difference = a === null || b === null ? null : exactFigure(b - a, unit) + 0;
  const percent = difference === null || a === null || a === 0 ? null : Math.round((difference / a) * 10_000) / 100;
  return { a, b, difference, percent };
}

function mostOf({ a, b }: Comparison): number {
  return Math.max(a ?? 0, b ?? 0);
}

type Values = Readonly<Record<FigureName, number | null>>;

function valuesOf(traces: readonly LoopTrace[]): Values | null {
  const last = traces.at(-1);
  if (!last) return null;
  const totals = traces.map(({ loop }) => loop.totalsWithSubagents);
  const accounts = traces.map(({ loop }) => loop.account);
  const sum = (of: (one: Totals) => number): number => totals.reduce((all, one) => all + of(one), 0);
  const time = (of: (one: (typeof accounts)[number]) => number): number =>
    accounts.reduce((all, one) => all + of(one), 0);
  return {
    steps: sum(({ steps }) => steps),
    calls: sum(({ calls }) => calls),
    retries: sum(({ retries }) => retries),
    tools: sum(({ tools }) => tools),
    toolFailures: sum(({ toolFailures }) => toolFailures),
    ...tokensOf(traces, totals),
    context: contextOf(last),
    cost: totals.reduce<number | null>((all, { cost }) => addCost(all, cost), null),
    duration: time(({ duration }) => duration),
    modelTime: time(({ model }) => model),
    toolTime: time(({ tools }) => tools),
    waitingTime: time(({ waiting }) => waiting),
    retryTime: time(({ retries }) => retries),
    opencodeTime: time(({ other }) => other),
  };
}

type TokenFigures = Pick<Values, "tokens" | "input" | "cached" | "cacheWrite" | "output" | "reasoning">;

function tokensOf(traces: readonly LoopTrace[], totals: readonly Totals[]): TokenFigures {
  const { calls, withoutUsage } = gapsOf(traces);
  if (calls > 0 && withoutUsage === calls)
    return { tokens: null, input: null, cached: null, cacheWrite: null, output: null, reasoning: null };
  const usage = totals.reduce<Usage>((all, one) => addUsage(all, one.usage), NO_USAGE);
  const { input, cacheRead, cacheWrite, output, reasoning } = usage;
  return { tokens: totalTokens(usage), input, cached: cacheRead, cacheWrite, output, reasoning };
}

/** What the turn's own context holds after its last call; a subagent has a context of its own. */
function contextOf({ loop }: LoopTrace): number | null {
  const context = loop.steps.findLast(({ call }) => call)?.call?.cumulative.contextTokens;
  return context === undefined || context === 0 ? null : context;
}

interface ToolSum {
  calls: number;
  failures: number;
  /** ms */
  time: number;
}

function byTool(traces: readonly LoopTrace[]): ReadonlyMap<string, ToolSum> {
  const sums = new Map<string, ToolSum>();
  for (const tool of traces.flatMap(({ loop }) => toolsIn(loop))) {
    const sum = sums.get(tool.name) ?? { calls: 0, failures: 0, time: 0 };
    sum.calls += 1;
    sum.failures += tool.failure ? 1 : 0;
    sum.time += Math.max(0, tool.end - tool.start);
    sums.set(tool.name, sum);
  }
  return sums;
}
