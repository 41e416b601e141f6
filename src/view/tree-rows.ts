import type { Call, Loop, LoopTrace, Retry, Step, Tool } from "../trace/model.js";
import { promptTokens } from "../trace/usage.js";
import { duration } from "./format.js";
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
  readonly detail: string;
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
      detail: loop.error ? errorText(loop.error) : `“${oneLine(promptOf(loop))}”`,
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
          ...noteRow([...more, !last], event.name, attributesText(event.attributes)),
          ...(event.name === "doom-loop" ? { tone: "warning" } : {}),
        },
      ],
    })),
    ...shownRetries(step.retries).map((retry) => ({
      at: retry.start,
      rows: (last: boolean): TreeRow[] => [
        {
          ...noteRow([...more, !last], retry.name, retry.detail),
          duration: retry.end - retry.start,
          exact: retry.exact,
          tone: "warning",
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
    detail: retry.error ? errorText(retry.error) : "the stream broke off",
  }));
  const summed = rows.slice(2, -1);
  const [first, last] = [summed[0], summed.at(-1)];
  if (rows.length <= MOST_RETRIES || !first || !last) return rows;
  const exact = summed.every((row) => row.exact);
  const middle = { start: first.start, end: last.end, exact, name: `${summed.length} retries`, detail: "" };
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
      detail: callDetail(call),
    },
  ];
}

function toolRows(tool: Tool, more: readonly boolean[], directory: string): TreeRow[] {
  return [
    {
      more,
      name: `tool.${tool.name}`,
      tone: tool.failure ? "warning" : "plain",
      duration: tool.end - tool.start,
      exact: tool.timing === "exact",
      tokens: null,
      cost: null,
      detail: tool.failure
        ? `${tool.failure.kind}: ${oneLine(tool.failure.message)}`
        : toolDetail(tool, directory),
    },
    ...tool.loops.flatMap((loop, index) =>
      loopRows(loop, [...more, index < tool.loops.length - 1], directory),
    ),
  ];
}

function noteRow(more: readonly boolean[], name: string, detail: string): TreeRow {
  return { more, name, tone: "muted", duration: null, exact: true, tokens: null, cost: null, detail };
}

function callDetail(call: Call): string {
  if (call.error) return errorText(call.error);
  const wait = call.firstTokenAt === null ? "" : `first token ${duration(call.firstTokenAt - call.start)}`;
  const said = call.output.text ?? call.output.thinking;
  const asked = call.output.toolCalls.map(({ name }) => name).join(", ");
  return [wait, said ? `“${oneLine(said.slice(0, 400))}”` : "", asked ? `→ ${oneLine(asked)}` : ""]
    .filter(Boolean)
    .join(" · ");
}

/** What a reader recognises a tool call by: its title, else its arguments. */
function toolDetail(tool: Tool, directory: string): string {
  if (tool.title) return oneLine(withoutDirectory(tool.title, directory).slice(0, 400));
  if (typeof tool.input === "string") return oneLine(tool.input.slice(0, 400));
  return oneLine((JSON.stringify(tool.input) ?? "").slice(0, 400));
}

/** Outside of git opencode titles files by their path from the root, without its first slash. */
function withoutDirectory(title: string, directory: string): string {
  const prefix = `${directory.replace(/^\//, "")}/`;
  return prefix !== "/" && title.startsWith(prefix) ? title.slice(prefix.length) : title;
}

function promptOf(loop: Loop): string {
  const first = loop.input[0];
  if (!first) return "";
  if (typeof first.content === "string") return first.content.slice(0, 400);
  return first.content
    .map((part) => (part.type === "text" && !part.synthetic ? part.text.slice(0, 400) : ""))
    .join(" ");
}

function errorText(error: { readonly code: string; readonly message: string }): string {
  return `${error.code}: ${oneLine(error.message)}`;
}

function attributesText(attributes: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${oneLine(String(value))}`)
    .join(" ");
}
