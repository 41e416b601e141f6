import { oneLine } from "../text/terminal-text.js";
import type {
  Call,
  InnerCall,
  Loop,
  LoopTrace,
  OtherCall,
  OwnPhase,
  Retry,
  Step,
  StepEvent,
  Tool,
} from "../trace/model.js";
import { type CallTokens, promptTokens, usageOfHalf } from "../trace/usage.js";
import { eventTone } from "./event-tone.js";
import { phaseText } from "./phase-texts.js";
import {
  callText,
  eventText,
  firstTokenText,
  innerCallText,
  loopText,
  otherCallText,
  permissionWaitText,
  retriesText,
  retryText,
  toolText,
} from "./row-texts.js";
import type { Tone } from "./tone.js";

/** A call's tokens; null: that half is not known. */
export interface CallFigures {
  /** The whole prompt, what was cached included. */
  readonly input: number | null;
  readonly cached: number | null;
  readonly output: number | null;
  readonly reasoning: number | null;
}

/** @returns null where neither half is known */
export function callFigures(call: CallTokens): CallFigures | null {
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  if (!read && !written) return null;
  return {
    input: read && promptTokens(read),
    cached: read?.cacheRead ?? null,
    output: written?.output ?? null,
    reasoning: written?.reasoning ?? null,
  };
}

/** What one line of the tree says, before anything is measured or painted. */
export interface RowFacts {
  readonly kind: "loop" | "step" | "call" | "tool" | "retry" | "event" | "phase";
  readonly name: string;
  readonly tone: Tone;
  /** ms since the epoch; of an event both are its moment. */
  readonly start: number;
  readonly end: number;
  /** In ms; null for what only happens. */
  readonly duration: number | null;
  /** Of what waits or works by itself, how long the longest took that the row stands for, in ms; null for all else. */
  readonly longest: number | null;
  /** `~` durations are bounds. */
  readonly exact: boolean;
  readonly tokens: CallFigures | null;
  readonly cost: number | null;
  /** What the row is recognised by, or what went wrong. */
  readonly detail: string;
  /** Stands before the detail where there is room for both. */
  readonly aside: string;
}

/** What a row stands for. */
export type RowSource =
  | { readonly kind: "loop"; readonly loop: Loop }
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "call"; readonly call: Call }
  /** Beside the steps. */
  | { readonly kind: "other-call"; readonly call: OtherCall }
  | { readonly kind: "tool"; readonly tool: Tool }
  /** What a script called. */
  | { readonly kind: "inner-call"; readonly call: InnerCall }
  /** One, or several that are summed up. */
  | { readonly kind: "retries"; readonly retries: readonly Retry[] }
  | { readonly kind: "event"; readonly event: StepEvent }
  /** What opencode itself was at; as a row of its own only where it took long. */
  | { readonly kind: "phase"; readonly phase: OwnPhase };

/** A row with the rows below it, in their order: plain data. */
export interface RowNode {
  readonly facts: RowFacts;
  readonly below: readonly RowNode[];
}

/** The same with what each row stands for. */
export interface TreeNode extends RowNode {
  readonly source: RowSource;
  readonly below: readonly TreeNode[];
}

/** One line of the tree. */
export interface TreeRow extends RowFacts {
  /** For each level above: whether more rows of that level follow below. The last entry is the row's own. */
  readonly more: readonly boolean[];
}

/** Whether the row is about something that went wrong. */
export function isTrouble({ tone }: RowFacts): boolean {
  return tone === "failed" || tone === "warning" || tone === "alarm";
}

/** What of a trace becomes rows. */
export interface TreeWishes {
  /** Retries of a step that are rows of their own; more are summed up but for the first and the last ones. */
  readonly mostRetries?: number;
  /** Whether what went before the turn and after it has rows too, outside of the loop's time; default true. */
  readonly around?: boolean;
}

/** A trace as a tree of rows; calls, tools and opencode's own phases by when they began. */
export function treeOf(
  { loop, session }: LoopTrace,
  { mostRetries = MOST_RETRIES, around = true }: TreeWishes = {},
): TreeNode {
  return loopNode(loop, { root: loop, directory: session.directory, mostRetries, around });
}

/** A phase that took less, in ms, is in the sums alone: each step has some. */
export const LEAST_PHASE_MS = 100;

/** Opencode before 1.18 tries for ever, and hundreds of equal lines tell nothing more. */
const MOST_RETRIES = 6;

interface TreeContext {
  readonly root: Loop;
  readonly directory: string;
  readonly mostRetries: number;
  readonly around: boolean;
}

/** The rows in the order of a tree that is read from top to bottom. */
export function rowsOf(node: RowNode, more: readonly boolean[] = []): TreeRow[] {
  return [
    { ...node.facts, more },
    ...node.below.flatMap((one, index) => rowsOf(one, [...more, index < node.below.length - 1])),
  ];
}

/** What only some rows have. */
const NOTHING = { longest: null, tokens: null, cost: null, aside: "" };

function timeOf({ start, end, timing }: Loop | Step | Call | OtherCall | Tool | Retry | OwnPhase) {
  return { start, end, duration: end - start, exact: timing === "exact" };
}

function loopNode(loop: Loop, context: TreeContext): TreeNode {
  const below = [
    ...loop.steps.map((step) => stepNode(step, context)),
    ...(loop.otherCalls ?? []).map(otherCallNode),
    ...loop.loops.map((one) => loopNode(one, context)),
    ...(context.around ? loop.around.flatMap((phase) => phaseNodes([phase], sideOf(phase, loop))) : []),
    ...phaseNodes(loop.phases),
  ];
  const isMixed = below.length > loop.steps.length;
  const facts: RowFacts = {
    ...NOTHING,
    ...timeOf(loop),
    kind: "loop",
    name: "opencode.loop",
    tone: loop.error ? "failed" : "plain",
    cost: loop.totalsWithSubagents.cost,
    detail: loopText(loop, loop === context.root),
  };
  // Steps stand in opencode's own order; what else was started between them by its time.
  return { facts, source: { kind: "loop", loop }, below: isMixed ? below.sort(byStart) : below };
}

function stepNode(step: Step, context: TreeContext): TreeNode {
  const below = [
    ...step.events.map(eventNode),
    ...retryNodes(step.retries, context.mostRetries),
    ...(step.call ? [callNode(step.call)] : []),
    ...step.tools.map((tool) => toolNode(tool, context)),
    ...step.loops.map((loop) => loopNode(loop, context)),
    ...phaseNodes(step.phases),
  ];
  const facts: RowFacts = {
    ...NOTHING,
    ...timeOf(step),
    kind: "step",
    name: `loop.step-${step.index}`,
    tone: step.outcome === "failed" ? "failed" : "plain",
    detail: step.kind === "answer" ? "" : step.kind,
  };
  return { facts, source: { kind: "step", step }, below: below.sort(byStart) };
}

/** A sort by it is stable: what began in the same millisecond stays in the order call, tools. */
function byStart(a: TreeNode, b: TreeNode): number {
  return a.facts.start - b.facts.start;
}

/** What lies around a turn hangs below its row, and says that it is not within. */
function sideOf(phase: OwnPhase, loop: Loop): string {
  return phase.end <= loop.start ? "before the turn: " : "after the turn: ";
}

function phaseNodes(phases: readonly OwnPhase[], side = ""): TreeNode[] {
  return phases
    .filter(({ start, end }) => end - start >= LEAST_PHASE_MS)
    .map((phase) => {
      const time = timeOf(phase);
      const facts: RowFacts = {
        ...NOTHING,
        ...time,
        kind: "phase",
        name: phase.kind,
        tone: "muted",
        longest: time.duration,
        detail: `${side}${phaseText(phase.kind)}`,
      };
      return { facts, source: { kind: "phase", phase }, below: [] };
    });
}

function eventNode(event: StepEvent): TreeNode {
  const { name, at } = event;
  const time = { start: at, end: at, duration: null, exact: true };
  const facts: RowFacts = {
    ...NOTHING,
    ...time,
    kind: "event",
    name,
    tone: eventTone(event),
    detail: eventText(event),
  };
  return { facts, source: { kind: "event", event }, below: [] };
}

function retryNodes(retries: readonly Retry[], most: number): TreeNode[] {
  const nodesOf = (some: readonly Retry[]): TreeNode[] => some.map((one) => retryNode([one], "retry", retryText(one)));
  if (retries.length <= most) return nodesOf(retries);
  const summed = retries.slice(2, -1);
  const sum = retryNode(summed, `${summed.length} retries`, retriesText(summed));
  return [...nodesOf(retries.slice(0, 2)), sum, ...nodesOf(retries.slice(-1))];
}

function retryNode(retries: readonly Retry[], name: string, detail: string): TreeNode {
  const [start, end] = [retries[0]?.start ?? 0, retries.at(-1)?.end ?? 0];
  const facts: RowFacts = {
    ...NOTHING,
    ...{ start, end, duration: end - start, exact: retries.every(({ timing }) => timing === "exact") },
    kind: "retry",
    name,
    tone: "warning",
    longest: Math.max(...retries.map((retry) => retry.end - retry.start)),
    detail,
  };
  return { facts, source: { kind: "retries", retries }, below: [] };
}

function callNode(call: Call): TreeNode {
  const time = timeOf(call);
  const facts: RowFacts = {
    ...time,
    kind: "call",
    name: `llm-call-${call.index}`,
    tone: call.error ? "failed" : "plain",
    longest: time.duration,
    tokens: callFigures(call),
    cost: call.cost,
    detail: callText(call),
    aside: firstTokenText(call),
  };
  return { facts, source: { kind: "call", call }, below: [] };
}

/** How long it took is known where it began and ended at moments of its own. */
function otherCallNode(call: OtherCall): TreeNode {
  const time = timeOf(call);
  const duration = call.timing === "exact" ? time.duration : null;
  const facts: RowFacts = {
    ...NOTHING,
    ...time,
    kind: "call",
    name: "other-call",
    tone: "plain",
    duration,
    longest: duration,
    tokens: callFigures({ usage: call.usage, usageDoubt: null }),
    cost: call.cost,
    detail: otherCallText(call),
  };
  return { facts, source: { kind: "other-call", call }, below: [] };
}

function toolNode(tool: Tool, context: TreeContext): TreeNode {
  const time = timeOf(tool);
  const facts: RowFacts = {
    ...NOTHING,
    ...time,
    kind: "tool",
    name: `tool.${oneLine(tool.name)}`,
    tone: tool.failure || tool.notes.length > 0 ? "warning" : "plain",
    longest: time.duration,
    detail: toolText(tool, context.directory),
    aside: permissionWaitText(tool),
  };
  const inner = tool.innerCalls.map((call) => innerCallNode(call, tool));
  const below = [...inner, ...tool.loops.map((loop) => loopNode(loop, context))];
  return { facts, source: { kind: "tool", tool }, below };
}

/** When it was made, and often how long it took, is not recorded. */
function innerCallNode(call: InnerCall, { start, end }: Tool): TreeNode {
  const facts: RowFacts = {
    ...NOTHING,
    ...{ start, end, duration: call.durationMs, exact: false },
    kind: "tool",
    name: `tool.${oneLine(call.name)}`,
    tone: call.outcome === "failed" ? "warning" : "plain",
    detail: innerCallText(call),
  };
  return { facts, source: { kind: "inner-call", call }, below: [] };
}
