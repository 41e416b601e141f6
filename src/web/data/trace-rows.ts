import { criticalPath } from "../../analysis/critical-path.js";
import { modelName } from "../../analysis/row-texts.js";
import type { SegmentTexts } from "../../analysis/segment-texts.js";
import { placedSteps } from "../../analysis/step-path.js";
import { type RowSource, type TreeNode, treeOf } from "../../analysis/tree-rows.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Call, Loop, LoopTrace, Step } from "../../trace/model.js";
import { detailOf } from "./detail-of.js";
import { errorEntry, failureEntry } from "./error-state.js";
import type { Packer } from "./pack-texts.js";
import { promptCollector } from "./prompt-data.js";
import type { ErrorEntry, PathPart, PromptsData, ReportRow, TokenSeries } from "./report-data.js";
import { type Placed, tokenSeries } from "./token-series.js";
import type { PlacedTool } from "./tool-latency.js";

/** What one walk through a trace finds. */
export interface TraceRows {
  readonly rows: readonly ReportRow[];
  readonly errors: readonly ErrorEntry[];
  readonly series: readonly TokenSeries[];
  readonly tools: readonly PlacedTool[];
  readonly path: readonly PathPart[];
  readonly prompts: PromptsData | undefined;
}

/** A row's text is one line of the screen; whole texts are in the details. */
const MOST_TEXT = 200;

/** The rows of a trace from top to bottom, calls and tools by when they began, with what is told of them elsewhere. */
export function traceRows(trace: LoopTrace, packer: Packer, texts: SegmentTexts): TraceRows {
  const { loop: root, session } = trace;
  const rows: ReportRow[] = [];
  const errors: ErrorEntry[] = [];
  const tools: PlacedTool[] = [];
  const loops: Placed<Loop>[] = [];
  const places = new Map<Step | Call, number>();
  const prompts = promptCollector(trace.wire, texts, packer);
  const ids = new Map<string, number>();
  const steps = new Map(placedSteps(root).map(({ step, path }) => [step, path]));

  /** @param within the innermost loop that it is in */
  const add = ({ facts, source, below }: TreeNode, parent: number, within: Loop): void => {
    const row = rows.length;
    const { kind, name, tone, exact, tokens, cost } = facts;
    const firstTokenAt = source.kind === "call" ? source.call.firstTokenAt : null;
    const id = spanIdOf(source);
    ids.set(id, row);
    // A phase that has no row of its own is told with what it passes in.
    if (source.kind === "loop") for (const { spanId } of source.loop.phases) ids.set(spanId, row);
    if (source.kind === "step") for (const { spanId } of source.step.phases) ids.set(spanId, row);
    rows.push({
      id,
      ...labelsOf(source, steps),
      firstToken: firstTokenAt === null ? null : firstTokenAt - root.start,
      ...{ tokens, cost, kind, name },
      text: facts.detail.slice(0, MOST_TEXT).toWellFormed(),
      tone: tone === "muted" ? "plain" : tone === "alarm" ? "warning" : tone,
      parent,
      depth: parent < 0 ? 0 : (rows[parent]?.depth ?? 0) + 1,
      start: facts.start - root.start,
      end: facts.end - root.start,
      exact,
      ...packer.add(detailOf(source, root.start)),
    });
    const place = { row, where: name };
    if (source.kind === "call" || source.kind === "other-call") {
      const whose = within === root ? "" : `${within.agent ?? "subagent"} `;
      prompts.add({ row, name: oneLine(`${whose}${name}`), wire: source.call.wire });
    }
    if (source.kind === "step") places.set(source.step, row);
    if (source.kind === "call") {
      const { error } = source.call;
      places.set(source.call, row);
      // The error that its loop ended in is told once, as the loop's.
      const told = within.error?.code === error?.code && within.error?.message === error?.message;
      if (error && !told) errors.push(errorEntry(error, { ...place, of: "call" }));
    }
    if (source.kind === "retries") {
      for (const { error } of source.retries) if (error) errors.push(errorEntry(error, { ...place, of: "retry" }));
    }
    if (source.kind === "tool") {
      const { failure } = source.tool;
      tools.push({ row, tool: source.tool });
      if (failure) errors.push(failureEntry(source.tool, failure, session.directory, { ...place, of: "tool" }));
    }
    if (source.kind === "loop") addLoop(source.loop, row, below);
    else for (const node of below) add(node, row, within);
  };

  const addLoop = (loop: Loop, row: number, below: readonly TreeNode[]): void => {
    loops.push({ row, of: loop });
    for (const node of below) add(node, row, loop);
    if (!loop.error) return;
    const step = loop.steps.find(({ index }) => index === loop.failedStep);
    const failed = (step && places.get(step.call ?? step)) ?? row;
    const of = loop === root ? "turn" : "subagent";
    errors.push(errorEntry(loop.error, { row: failed, where: rows[failed]?.name ?? "", of }));
  };

  add(treeOf(trace, { mostRetries: Number.POSITIVE_INFINITY, around: false }), -1, root);
  const series = loops.flatMap((loop) => {
    const calls = loop.of.steps.flatMap(({ call }) => (call ? { row: places.get(call) ?? loop.row, of: call } : []));
    return tokenSeries(loop, calls, loop.of === root ? session.turn : 0) ?? [];
  });
  const path = criticalPath(trace).map(({ spanId, of, start, end, phase }) => ({
    row: ids.get(spanId) ?? 0,
    of,
    ...(phase ? { phase } : {}),
    start: start - root.start,
    end: end - root.start,
  }));
  const ranked = errors.toSorted((a, b) => rank(a) - rank(b));
  return { rows, errors: ranked, series, tools, path, prompts: prompts.finish() };
}

/** Of several attempts in one row the first one's. */
function spanIdOf(source: RowSource): string {
  switch (source.kind) {
    case "loop":
      return source.loop.spanId;
    case "step":
      return source.step.spanId;
    case "call":
    case "other-call":
    case "inner-call":
      return source.call.spanId;
    case "tool":
      return source.tool.spanId;
    case "retries":
      return source.retries[0]?.spanId ?? "";
    case "event":
      return source.event.spanId;
    case "phase":
      return source.phase.spanId;
    default:
      return source satisfies never;
  }
}

/** What a row is chosen by. */
function labelsOf(
  source: RowSource,
  steps: ReadonlyMap<Step, string>,
): { readonly step?: string; readonly model?: string; readonly agent?: string } {
  if (source.kind === "step") {
    const step = steps.get(source.step);
    return step === undefined ? {} : { step };
  }
  if (source.kind === "loop") return source.loop.agent === null ? {} : { agent: oneLine(source.loop.agent) };
  const model = source.kind === "call" || source.kind === "other-call" ? modelName(source.call.model) : null;
  return model === null ? {} : { model: oneLine(model) };
}

/** The turn's own error first; the others as they came. */
function rank({ of }: ErrorEntry): number {
  return of === "turn" ? 0 : 1;
}
