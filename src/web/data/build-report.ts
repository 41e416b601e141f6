import { type BilledSession, billedSession } from "../../analysis/context-bill.js";
import type { SessionFindings } from "../../analysis/findings/session-findings.js";
import { gapsOf, gapTexts } from "../../analysis/gaps.js";
import { callsIn } from "../../analysis/loop-parts.js";
import { modelName, promptOf } from "../../analysis/row-texts.js";
import type { SegmentTexts } from "../../analysis/segment-texts.js";
import { oneLine } from "../../text/terminal-text.js";
import type { LoopTrace } from "../../trace/model.js";
import { otherCallsIn } from "../../trace/other-calls.js";
import { knownTokens, totalTokens } from "../../trace/usage.js";
import { accountParts } from "./account-parts.js";
import { findingData } from "./finding-data.js";

import { createPacker, type Packer } from "./pack-texts.js";
import { billData } from "./prompt-data.js";
import type {
  BillData,
  Chunk,
  FindingData,
  ReportData,
  SessionNeighbours,
  TotalsData,
  TraceData,
} from "./report-data.js";
import { partsOf } from "./token-series.js";
import { slowestCalls, toolLatencies } from "./tool-latency.js";
import { traceRows } from "./trace-rows.js";

/** A report before it is a page. */
export interface Report {
  readonly data: ReportData;
  readonly chunks: readonly Chunk[];
}

/** Collects traces one after the other, so that none has to stay in memory whole. */
export interface ReportBuilder {
  /** @param texts what the parts of its prompts say, where they are at hand */
  add(trace: LoopTrace, texts?: SegmentTexts): void;
  /** What could have been spared in a session whose traces are added. */
  addFindings(findings: SessionFindings): void;
  /** How many were added. */
  readonly size: number;
  /**
   * @param title the page's; without one the first trace's session gives it
   * @param kept the sessions beside it, where they can be asked for
   */
  finish(title?: string, kept?: SessionNeighbours): Report;
}

/** @param version looptrace's own */
export function reportBuilder(version: string): ReportBuilder {
  const packer = createPacker();
  const traces: TraceData[] = [];
  let isRecorded = false;
  const findings = new Map<string, readonly FindingData[]>();
  const billed = new Map<string, BilledSession[]>();
  return {
    add: (trace, texts = () => undefined) => {
      traces.push(traceData(trace, packer, texts));
      if (!trace.wire) return;
      isRecorded ||= hasRequests(trace);
      const { id } = trace.session;
      billed.set(id, [...(billed.get(id) ?? []), billedSession([trace])]);
    },
    addFindings: ({ sessionId, findings: some }) => {
      if (some.length > 0) findings.set(sessionId, some.map(findingData));
    },
    get size() {
      return traces.length;
    },
    finish: (title, kept) => ({
      data: {
        title: oneLine(title ?? titleOf(traces)),
        version,
        traces,
        ...(kept ? { kept } : {}),
        ...(isRecorded ? { recorded: true as const } : {}),
        ...(findings.size > 0 ? { findings: Object.fromEntries(findings) } : {}),
        ...billsOf(billed),
      },
      chunks: packer.chunks(),
    }),
  };
}

function hasRequests({ loop }: LoopTrace): boolean {
  return [...callsIn(loop), ...otherCallsIn(loop)].some(({ wire }) => wire !== undefined);
}

function billsOf(billed: ReadonlyMap<string, readonly BilledSession[]>): {
  readonly bills?: Readonly<Record<string, BillData>>;
} {
  const bills = [...billed].flatMap(([id, turns]) => {
    const bill = billData(turns);
    return bill ? [[id, bill] as const] : [];
  });
  return bills.length === 0 ? {} : { bills: Object.fromEntries(bills) };
}

/** Several turns have the session's title in common; of a session without one the prompt has to do. */
function titleOf([first]: readonly TraceData[]): string {
  return first?.sessionTitle || first?.prompt.slice(0, 80) || "opencode";
}

function traceData(trace: LoopTrace, packer: Packer, texts: SegmentTexts): TraceData {
  const { session, loop } = trace;
  const { rows, errors, series, tools, path, prompts } = traceRows(trace, packer, texts);
  const gaps = gapsOf([trace]);
  return {
    traceId: trace.traceId,
    sessionId: session.id,
    sessionTitle: session.title,
    directory: session.directory,
    opencodeVersion: session.opencodeVersion,
    turn: session.turn,
    turns: session.turns,
    prompt: promptOf(loop, Number.POSITIVE_INFINITY),
    outcome: loop.outcome,
    errorCode: loop.error?.code ?? null,
    model: modelName(loop.model),
    agent: loop.agent,
    startedAt: loop.start,
    duration: loop.end - loop.start,
    exact: loop.timing === "exact",
    totals: totalsData(trace),
    notes: [...gapTexts.doubts(gaps), ...gapTexts.otherCalls(gaps), ...unreadNotes(session.unread), ...loop.notes],
    rows,
    errors,
    series,
    tools: toolLatencies(tools),
    slowest: slowestCalls(tools),
    account: accountParts(loop),
    path,
    ...(prompts ? { prompts } : {}),
  };
}

function totalsData({ loop }: LoopTrace): TotalsData {
  const { usage, ...totals } = loop.totalsWithSubagents;
  const { cached, fresh, output, reasoning } = partsOf(usage);
  return {
    ...totals,
    tokens: knownTokens(totals.calls, totalTokens(usage)),
    input: cached + fresh,
    cached,
    output,
    reasoning,
  };
}

function unreadNotes(unread: Readonly<Record<string, number>>): string[] {
  const parts = Object.entries(unread).map(([what, times]) => `${what} (${times})`);
  return parts.length === 0 ? [] : [`The export holds what this version does not read: ${parts.join(", ")}`];
}
