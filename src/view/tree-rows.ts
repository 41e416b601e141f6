import type { Call, Loop, LoopTrace, Retry, Step, Tool } from "../trace/model.js";
import { promptTokens } from "../trace/usage.js";
import {
  callText,
  eventText,
  firstTokenText,
  loopText,
  retriesText,
  retryText,
  toolText,
} from "./row-texts.js";
import { oneLine } from "./terminal-text.js";

/** `failed`: the turn ended in it; `warning`: something failed and the session went on. */
export type Tone = "plain" | "failed" | "warning" | "muted";

/** One line of the tree, before anything is measured or painted. */
export interface TreeRow {
  /** For each level above: whether more rows of that level follow below. The last entry is the row's own. */
  readonly more: readonly boolean[];
  readonly name: string;
  readonly tone: Tone;
  readonly duration: number | null;
  /** `~` durations are bounds. */
  readonly exact: boolean;
  readonly tokens: {
    readonly input: number;
    readonly cached: number;
    readonly output: number;
    readonly reasoning: number;
  } | null;
  readonly cost: number | null;
  /** What the row is recognised by, or what went wrong. */
  readonly detail: string;
  /** Stands before the detail where there is room for both. */
  readonly aside: string;
}

/** A trace as rows, in the order of a tree that is read from top to bottom; calls and tools by when they began. */
export function treeRows(trace: LoopTrace): readonly TreeRow[] {
  return loopRows(trace.loop, [], trace.session.directory);
}

function loopRows(loop: Loop, above: readonly boolean[], directory: string): TreeRow[] {
  return [
    {
      more: above,
      name: "opencode.loop",
      tone: loop.error ? "failed" : "plain",
      duration: loop.end - loop.start,
      exact: loop.timing === "exact",
      tokens: null,
      cost: loop.totalsWithSubagents.cost,
      detail: loopText(loop, above.length === 0),
      aside: "",
    },
    ...loop.steps.flatMap((step, index) =>
      stepRows(step, [...above, index < loop.steps.length - 1], directory),
    ),
  ];
}

function stepRows(step: Step, more: readonly boolean[], directory: string): TreeRow[] {
  const below: { at: number; rows: (last: boolean) => TreeRow[] }[] = [
    ...step.events.map((event) => ({
      at: event.at,
      rows: (last: boolean): TreeRow[] => [
        {
          more: [...more, !last],
          name: event.name,
          tone: event.name === "doom-loop" || event.name === "cache-break" ? "warning" : "muted",
          duration: null,
          exact: true,
          tokens: null,
          cost: null,
          detail: eventText(event),
          aside: "",
        },
      ],
    })),
    ...shownRetries(step.retries).map((retry) => ({
      at: retry.start,
      rows: (last: boolean): TreeRow[] => [
        {
          more: [...more, !last],
          name: retry.name,
          tone: "warning",
          duration: retry.end - retry.start,
          exact: retry.exact,
          tokens: null,
          cost: null,
          detail: retry.detail,
          aside: "",
        },
      ],
    })),
    ...(step.call ? [{ at: step.call.start, rows: callRowsOf(step.call, more) }] : []),
    ...step.tools.map((tool) => ({
      at: tool.start,
      rows: (last: boolean) => toolRows(tool, [...more, !last], directory),
    })),
  ];
  // The sort is stable: what began in the same millisecond stays in the order call, tools.
  below.sort((a, b) => a.at - b.at);
  return [
    {
      more,
      name: `loop.step-${step.index}`,
      tone: step.outcome === "failed" ? "failed" : "plain",
      duration: step.end - step.start,
      exact: step.timing === "exact",
      tokens: null,
      cost: null,
      detail: step.kind === "answer" ? "" : step.kind,
      aside: "",
    },
    ...below.flatMap(({ rows }, index) => rows(index === below.length - 1)),
  ];
}

interface ShownRetry {
  readonly start: number;
  readonly end: number;
  readonly exact: boolean;
  readonly name: string;
  readonly detail: string;
}

/** More of them are summed up: opencode before 1.18 tries for ever, and hundreds of equal lines tell nothing more. */
const MOST_RETRIES = 6;

function shownRetries(retries: readonly Retry[]): ShownRetry[] {
  const rows = retries.map((retry) => ({
    start: retry.start,
    end: retry.end,
    exact: retry.timing === "exact",
    name: "retry",
    detail: retryText(retry),
  }));
  const summed = rows.slice(2, -1);
  const [first, last] = [summed[0], summed.at(-1)];
  if (rows.length <= MOST_RETRIES || !first || !last) return rows;
  const exact = summed.every((row) => row.exact);
  const name = `${summed.length} retries`;
  const middle = {
    start: first.start,
    end: last.end,
    exact,
    name,
    detail: retriesText(retries.slice(2, -1)),
  };
  return [...rows.slice(0, 2), middle, ...rows.slice(-1)];
}

function callRowsOf(call: Call, more: readonly boolean[]): (last: boolean) => TreeRow[] {
  return (last) => [
    {
      more: [...more, !last],
      name: `llm-call-${call.index}`,
      tone: call.error ? "failed" : "plain",
      duration: call.end - call.start,
      exact: call.timing === "exact",
      tokens: call.usage && {
        input: promptTokens(call.usage),
        cached: call.usage.cacheRead,
        output: call.usage.output,
        reasoning: call.usage.reasoning,
      },
      cost: call.cost,
      detail: callText(call),
      aside: firstTokenText(call),
    },
  ];
}

function toolRows(tool: Tool, more: readonly boolean[], directory: string): TreeRow[] {
  return [
    {
      more,
      name: `tool.${oneLine(tool.name)}`,
      tone: tool.failure || tool.notes.length > 0 ? "warning" : "plain",
      duration: tool.end - tool.start,
      exact: tool.timing === "exact",
      tokens: null,
      cost: null,
      detail: toolText(tool, directory),
      aside: "",
    },
    ...tool.loops.flatMap((loop, index) =>
      loopRows(loop, [...more, index < tool.loops.length - 1], directory),
    ),
  ];
}
