import { eventTone } from "../../analysis/event-tone.js";
import { callText, eventText, innerCallText, loopText, retryText, toolText } from "../../analysis/row-texts.js";
import { callFigures } from "../../analysis/tree-rows.js";
import { oneLine } from "../../text/terminal-text.js";
import type { Call, InnerCall, Loop, LoopTrace, Span, Step, StepEvent, Tool } from "../../trace/model.js";
import {
  callDetail,
  eventDetail,
  innerCallDetail,
  loopDetail,
  retryDetail,
  stepDetail,
  toolDetail,
} from "./detail-of.js";
import { errorEntry, failureEntry } from "./error-state.js";
import type { Packer } from "./pack-texts.js";
import type { Detail, ErrorEntry, ReportRow, TokenSeries } from "./report-data.js";
import { type Placed, tokenSeries } from "./token-series.js";
import type { PlacedTool } from "./tool-latency.js";

/** What one walk through a trace finds. */
export interface TraceRows {
  readonly rows: readonly ReportRow[];
  readonly errors: readonly ErrorEntry[];
  readonly series: readonly TokenSeries[];
  readonly tools: readonly PlacedTool[];
}

/** A row's text is one line of the screen; whole texts are in the details. */
const MOST_TEXT = 200;

/** The rows of a trace from top to bottom, calls and tools by when they began, with what is told of them elsewhere. */
export function traceRows(trace: LoopTrace, packer: Packer): TraceRows {
  const { loop: root, session } = trace;
  const rows: ReportRow[] = [];
  const errors: ErrorEntry[] = [];
  const series: TokenSeries[] = [];
  const tools: PlacedTool[] = [];

  type Own = Pick<ReportRow, "kind" | "name" | "text" | "tone"> &
    Partial<Pick<ReportRow, "firstToken" | "tokens" | "cost">>;

  const add = (span: Omit<Span, "spanId">, parent: number, own: Own, detail: Detail): number => {
    rows.push({
      firstToken: null,
      tokens: null,
      cost: null,
      ...own,
      text: own.text.slice(0, MOST_TEXT).toWellFormed(),
      parent,
      depth: parent < 0 ? 0 : (rows[parent]?.depth ?? 0) + 1,
      start: span.start - root.start,
      end: span.end - root.start,
      exact: span.timing === "exact",
      ...packer.add(detail),
    });
    return rows.length - 1;
  };

  const addLoop = (loop: Loop, parent: number): void => {
    const row = add(
      loop,
      parent,
      {
        kind: "loop",
        name: "opencode.loop",
        text: loopText(loop, parent < 0),
        tone: loop.error ? "failed" : "plain",
        cost: loop.totalsWithSubagents.cost,
      },
      loopDetail(loop),
    );
    const calls: Placed<Call>[] = [];
    // What its own loop was called stands before what its subagents' were.
    const seriesAt = series.length;
    let failedRow = row;
    const beside = [...loop.loops];
    const addUntil = (at: number): void => {
      while ((beside[0]?.start ?? at) < at) {
        const next = beside.shift();
        if (next) addLoop(next, row);
      }
    };
    for (const step of loop.steps) {
      addUntil(step.start);
      const placed = addStep(step, row, loop);
      if (placed.call) calls.push(placed.call);
      if (step.index === loop.failedStep) failedRow = placed.call?.row ?? placed.row;
    }
    addUntil(Number.POSITIVE_INFINITY);
    const own = tokenSeries({ row, of: loop }, calls, parent < 0 ? trace.session.turn : 0);
    if (own) series.splice(seriesAt, 0, own);
    if (loop.error) {
      const where = rows[failedRow]?.name ?? "";
      errors.push(errorEntry(loop.error, { row: failedRow, where, of: parent < 0 ? "turn" : "subagent" }));
    }
  };

  const addStep = (
    step: Step,
    parent: number,
    loop: Loop,
  ): { readonly row: number; readonly call: Placed<Call> | null } => {
    const name = `loop.step-${step.index}`;
    const row = add(
      step,
      parent,
      {
        kind: "step",
        name,
        text: step.kind === "answer" ? "" : step.kind,
        tone: step.outcome === "failed" ? "failed" : "plain",
      },
      stepDetail(step),
    );
    let call: Placed<Call> | null = null;
    const below: { readonly at: number; readonly add: () => void }[] = [
      ...step.events.map((event) => ({ at: event.at, add: () => addEvent(event, row) })),
      ...step.retries.map((retry) => ({
        at: retry.start,
        add: () => {
          const own = { kind: "retry", name: "retry", text: retryText(retry), tone: "warning" } as const;
          const at = add(retry, row, own, retryDetail(retry));
          if (retry.error) errors.push(errorEntry(retry.error, { row: at, where: "retry", of: "retry" }));
        },
      })),
    ];
    const { call: made } = step;
    if (made) {
      below.push({
        at: made.start,
        add: () => {
          call = { row: addCall(made, row, loop), of: made };
        },
      });
    }
    below.push(...step.tools.map((tool) => ({ at: tool.start, add: () => addTool(tool, row) })));
    below.push(...step.loops.map((one) => ({ at: one.start, add: () => addLoop(one, row) })));
    // The sort is stable: what began in the same millisecond stays in the order call, tools.
    for (const one of below.sort((a, b) => a.at - b.at)) one.add();
    return { row, call };
  };

  const addEvent = (event: StepEvent, parent: number): void => {
    const { name, at } = event;
    const tone = eventTone(event) === "muted" ? "plain" : "warning";
    const own = { kind: "event", name, text: eventText(event), tone } as const;
    add({ start: at, end: at, timing: "exact" }, parent, own, eventDetail(event, root.start));
  };

  const addCall = (call: Call, parent: number, loop: Loop): number => {
    const { error } = call;
    const name = `llm-call-${call.index}`;
    const row = add(
      call,
      parent,
      {
        kind: "call",
        name,
        text: callText(call),
        tone: error ? "failed" : "plain",
        firstToken: call.firstTokenAt === null ? null : call.firstTokenAt - root.start,
        tokens: callFigures(call),
        cost: call.cost,
      },
      callDetail(call),
    );
    // The error that its loop ended in is told once, as the loop's.
    const told = loop.error?.code === error?.code && loop.error?.message === error?.message;
    if (error && !told) errors.push(errorEntry(error, { row, where: name, of: "call" }));
    return row;
  };

  const addTool = (tool: Tool, parent: number): void => {
    const { failure } = tool;
    const name = `tool.${oneLine(tool.name)}`;
    const tone = failure || tool.notes.length > 0 ? "warning" : "plain";
    const own = { kind: "tool", name, text: toolText(tool, session.directory), tone } as const;
    const row = add(tool, parent, own, toolDetail(tool));
    tools.push({ row, tool });
    if (failure) errors.push(failureEntry(failure, { row, where: name, of: "tool" }));
    for (const call of tool.innerCalls) addInnerCall(call, tool, row);
    for (const loop of tool.loops) addLoop(loop, row);
  };

  const addInnerCall = (call: InnerCall, tool: Tool, parent: number): void => {
    const name = `tool.${oneLine(call.name)}`;
    const tone = call.outcome === "failed" ? "warning" : "plain";
    const when = { start: tool.start, end: tool.end, timing: "bounded" } as const;
    add(when, parent, { kind: "tool", name, text: innerCallText(call), tone }, innerCallDetail(call));
  };

  addLoop(root, -1);
  return { rows, errors: errors.toSorted((a, b) => rank(a) - rank(b)), series, tools };
}

/** The turn's own error first; the others as they came. */
function rank({ of }: ErrorEntry): number {
  return of === "turn" ? 0 : 1;
}
