import { oneLine } from "../text/terminal-text.js";
import type { Call, InnerCall, Loop, LoopTrace, Retry, Step, StepEvent, Tool } from "../trace/model.js";
import { promptTokens, usageOfHalf } from "../trace/usage.js";
import { eventTone } from "./event-tone.js";
import {
  callText,
  eventText,
  firstTokenText,
  innerCallText,
  loopText,
  permissionWaitText,
  retriesText,
  retryText,
  toolText,
} from "./row-texts.js";
import type { Tone } from "./tone.js";

/** A call's tokens; null: that half is not known. */
export interface CallFigures {
  readonly input: number | null;
  readonly cached: number | null;
  readonly output: number | null;
  readonly reasoning: number | null;
}

/** @returns null where neither half is known */
export function callFigures(call: Call): CallFigures | null {
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
  readonly kind: "loop" | "step" | "call" | "tool" | "retry" | "event";
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

/** A row with the rows below it, in their order. */
export interface TreeNode {
  readonly facts: RowFacts;
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

/** A trace as a tree of rows; calls and tools by when they began. */
export function treeOf({ loop, session }: LoopTrace): TreeNode {
  return loopNode(loop, true, session.directory);
}

/** The rows in the order of a tree that is read from top to bottom. */
export function rowsOf(node: TreeNode, more: readonly boolean[] = []): TreeRow[] {
  return [
    { ...node.facts, more },
    ...node.below.flatMap((one, index) => rowsOf(one, [...more, index < node.below.length - 1])),
  ];
}

/** What only some rows have. */
const NOTHING = { longest: null, tokens: null, cost: null, aside: "" };

function timeOf({ start, end, timing }: Loop | Step | Call | Tool | Retry): {
  readonly start: number;
  readonly end: number;
  readonly duration: number;
  readonly exact: boolean;
} {
  return { start, end, duration: end - start, exact: timing === "exact" };
}

function loopNode(loop: Loop, root: boolean, directory: string): TreeNode {
  return {
    facts: {
      ...NOTHING,
      ...timeOf(loop),
      kind: "loop",
      name: "opencode.loop",
      tone: loop.error ? "failed" : "plain",
      cost: loop.totalsWithSubagents.cost,
      detail: loopText(loop, root),
    },
    below: inTime(
      [
        ...loop.steps.map((step) => stepNode(step, directory)),
        ...loop.loops.map((below) => loopNode(below, false, directory)),
      ],
      loop.loops.length > 0,
    ),
  };
}

function stepNode(step: Step, directory: string): TreeNode {
  const below = [
    ...step.events.map(eventNode),
    ...retryNodes(step.retries),
    ...(step.call ? [callNode(step.call)] : []),
    ...step.tools.map((tool) => toolNode(tool, directory)),
    ...step.loops.map((loop) => loopNode(loop, false, directory)),
  ];
  return {
    facts: {
      ...NOTHING,
      ...timeOf(step),
      kind: "step",
      name: `loop.step-${step.index}`,
      tone: step.outcome === "failed" ? "failed" : "plain",
      detail: step.kind === "answer" ? "" : step.kind,
    },
    // The sort is stable: what began in the same millisecond stays in the order call, tools.
    below: below.sort((a, b) => a.facts.start - b.facts.start),
  };
}

/** Steps stand in opencode's own order; what else was started between them by its time. */
function inTime(nodes: TreeNode[], isMixed: boolean): TreeNode[] {
  return isMixed ? nodes.sort((a, b) => a.facts.start - b.facts.start) : nodes;
}

function eventNode(event: StepEvent): TreeNode {
  return {
    facts: {
      ...NOTHING,
      kind: "event",
      name: event.name,
      tone: eventTone(event),
      start: event.at,
      end: event.at,
      duration: null,
      exact: true,
      detail: eventText(event),
    },
    below: [],
  };
}

/** More of them are summed up: opencode before 1.18 tries for ever, and hundreds of equal lines tell nothing more. */
const MOST_RETRIES = 6;

function retryNodes(retries: readonly Retry[]): TreeNode[] {
  const summed = retries.slice(2, -1);
  const [first, last] = [summed[0], summed.at(-1)];
  if (retries.length <= MOST_RETRIES || !first || !last) return retries.map(retryNode);
  const time = { start: first.start, end: last.end, duration: last.end - first.start };
  const sum: TreeNode = {
    facts: {
      ...NOTHING,
      ...time,
      kind: "retry",
      name: `${summed.length} retries`,
      tone: "warning",
      longest: summed.reduce((most, { start, end }) => Math.max(most, end - start), 0),
      exact: summed.every(({ timing }) => timing === "exact"),
      detail: retriesText(summed),
    },
    below: [],
  };
  return [...retries.slice(0, 2).map(retryNode), sum, ...retries.slice(-1).map(retryNode)];
}

function retryNode(retry: Retry): TreeNode {
  const time = timeOf(retry);
  return {
    facts: {
      ...NOTHING,
      ...time,
      kind: "retry",
      name: "retry",
      tone: "warning",
      longest: time.duration,
      detail: retryText(retry),
    },
    below: [],
  };
}

function callNode(call: Call): TreeNode {
  const time = timeOf(call);
  return {
    facts: {
      ...time,
      kind: "call",
      name: `llm-call-${call.index}`,
      tone: call.error ? "failed" : "plain",
      longest: time.duration,
      tokens: callFigures(call),
      cost: call.cost,
      detail: callText(call),
      aside: firstTokenText(call),
    },
    below: [],
  };
}

function toolNode(tool: Tool, directory: string): TreeNode {
  const time = timeOf(tool);
  return {
    facts: {
      ...NOTHING,
      ...time,
      kind: "tool",
      name: `tool.${oneLine(tool.name)}`,
      tone: tool.failure || tool.notes.length > 0 ? "warning" : "plain",
      longest: time.duration,
      detail: toolText(tool, directory),
      aside: permissionWaitText(tool),
    },
    below: [
      ...tool.innerCalls.map((call) => innerCallNode(call, tool)),
      ...tool.loops.map((loop) => loopNode(loop, false, directory)),
    ],
  };
}

/** When it was made, and often how long it took, is not recorded. */
function innerCallNode(call: InnerCall, { start, end }: Tool): TreeNode {
  return {
    facts: {
      ...NOTHING,
      kind: "tool",
      name: `tool.${oneLine(call.name)}`,
      tone: call.outcome === "failed" ? "warning" : "plain",
      start,
      end,
      duration: call.durationMs,
      exact: false,
      detail: innerCallText(call),
    },
    below: [],
  };
}
