/**
 * What the report's page is made of: plain data, computed before the page is written, so that the page only draws.
 *
 * Times are milliseconds since the trace's start unless it says otherwise, costs USD, usage tokens. Every text that a
 * person, a model or a tool wrote is as hostile here as it was in the session.
 */

import type { PathSegment } from "../../analysis/critical-path.js";
import type { Tone } from "../../analysis/tone.js";
import type { CallFigures, RowFacts } from "../../analysis/tree-rows.js";
import type { Outcome, Totals } from "../../trace/model.js";
import type { OwnerGroup } from "../../wire/segments/owner-names.js";

/** All that the page holds but the rows' details, which lie beside it in chunks. */
export interface ReportData {
  readonly title: string;
  /** looptrace's own. */
  readonly version: string;
  readonly traces: readonly TraceData[];
  /** Requests to models were recorded, of some of the turns at least. */
  readonly recorded?: true;
  /** What else is kept where the report comes from; a page by itself knows of nothing else. */
  readonly kept?: SessionNeighbours;
  /** What could have been spared, by session. */
  readonly findings?: Readonly<Record<string, readonly FindingData[]>>;
  /** By session; of those whose requests were recorded. */
  readonly bills?: Readonly<Record<string, BillData>>;
}

/** The sessions that were recorded before and after this one, where there are any. */
export interface SessionNeighbours {
  readonly before?: SessionLink;
  readonly after?: SessionLink;
}

export interface SessionLink {
  readonly id: string;
  readonly title: string;
}

/** What could have been spared in a session: clean lines. */
export interface FindingData {
  readonly title: string;
  /** What it has cost. */
  readonly price: string;
  readonly evidence: readonly string[];
  readonly advice: string;
  /** Where it is; empty where it is in all requests. */
  readonly where: readonly FindingPlaceData[];
}

export interface FindingPlaceData {
  /** From 0. */
  readonly turn: number;
  /** As `show --step` takes it. */
  readonly step: string;
  readonly spanId: string;
}

/** One turn of a session. */
export interface TraceData {
  readonly traceId: string;
  readonly sessionId: string;
  readonly sessionTitle: string;
  readonly directory: string;
  readonly opencodeVersion: string;
  /** From 0 among the session's turns. */
  readonly turn: number;
  readonly turns: number;
  readonly prompt: string;
  readonly outcome: Outcome;
  /** Of the error that it ended in; null without one. */
  readonly errorCode: string | null;
  readonly model: string | null;
  readonly agent: string | null;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly duration: number;
  readonly exact: boolean;
  readonly totals: TotalsData;
  readonly notes: readonly string[];
  /** The waterfall from top to bottom; the turn's own loop is row 0. */
  readonly rows: readonly ReportRow[];
  readonly errors: readonly ErrorEntry[];
  /** One for each loop that called the model, the turn's own first. */
  readonly series: readonly TokenSeries[];
  readonly tools: readonly ToolLatency[];
  readonly slowest: readonly SlowCall[];
  readonly account: readonly AccountPart[];
  /** What the turn's end really waited for, in the order of time; from its start to its end without a gap. */
  readonly path: readonly PathPart[];
  /** What its prompts were made of; not there where requests were not recorded. */
  readonly prompts?: PromptsData;
}

/** A stretch of time that the turn's end waited for. */
export interface PathPart {
  /** That was at work; of opencode's own time the step or loop in which it passed, where it has no row of its own. */
  readonly row: number;
  readonly of: PathSegment["of"];
  /** What opencode itself was at. */
  readonly phase?: PathSegment["phase"];
  readonly start: number;
  readonly end: number;
}

/** What prompts were made of. */
export interface PromptsData {
  /** Each once, in the order in which they were first sent. */
  readonly parts: readonly PromptPart[];
  /** By their rows. */
  readonly calls: readonly PromptCall[];
}

/** A part of prompts that stays what it is from call to call. */
export interface PromptPart extends Place {
  readonly group: OwnerGroup;
  /** Whose it is, and what: clean lines. */
  readonly owner: string;
  readonly name: string;
  /** UTF-8. */
  readonly bytes: number;
  /** The row of the call that sent it first. */
  readonly row: number;
}

/** A call with the place of its parts, see `PromptParts`. */
export interface PromptCall extends Place {
  readonly row: number;
  readonly name: string;
  /** Of its prompt. */
  readonly tokens: number;
}

/** Where a part's text lies; the chunk is -1 where it was not recorded. */
export interface PartText {
  readonly text: string;
}

/** What a prompt was made of, in its order: a part's index and its tokens, again and again. */
export interface PromptParts {
  readonly parts: readonly number[];
}

/** What prompts have cost over a session. */
export interface BillData {
  readonly calls: number;
  readonly rows: readonly BillRowData[];
  readonly paidTokens: number;
  readonly cachedTokens: number;
  /** USD. */
  readonly cost: number | null;
  /** What was sent and never used, a line each. */
  readonly unused: readonly string[];
  /** How good the figures are. */
  readonly error: string;
}

export interface BillRowData {
  readonly group: OwnerGroup;
  readonly name: string;
  readonly calls: number;
  readonly paidTokens: number;
  readonly cachedTokens: number;
  /** USD. */
  readonly cost: number | null;
}

/** In which chunk something is, and where in it. */
export interface Place {
  readonly chunk: number;
  readonly place: number;
}

/** Sums over the turn and all subagents in it. */
export interface TotalsData extends Omit<Totals, "usage"> {
  /** null where nothing is known of any call's. */
  readonly tokens: number | null;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

/** One line of the waterfall. */
export interface ReportRow extends Place {
  /** The span's: 16 hexadecimal digits, the same in each report of the session, so that a link can name the row. */
  readonly id: string;
  /** Of a step: the way to it, as `show --step` takes it. */
  readonly step?: string;
  /** Of a call: `provider/model`. */
  readonly model?: string;
  /** Of a loop: whose it is; a clean line. */
  readonly agent?: string;
  /** The index of the row that it stands below; -1 for the first. */
  readonly parent: number;
  readonly depth: number;
  readonly kind: RowFacts["kind"];
  readonly name: string;
  /** What the row is recognised by, or what went wrong; one clean line. */
  readonly text: string;
  readonly tone: Exclude<Tone, "alarm" | "muted">;
  readonly start: number;
  readonly end: number;
  /** Whether both ends are moments that opencode recorded. */
  readonly exact: boolean;
  /** When the call's first content came. */
  readonly firstToken: number | null;
  readonly tokens: CallFigures | null;
  readonly cost: number | null;
}

/** What the panel shows of one row. */
export interface Detail {
  /** Labels with what stands behind them. */
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
}

export type Fact = readonly [label: string, value: string];

/** A piece of content. `text` is prose, `code` and `diff` are set in columns, `value` is any JSON. */
export type Section =
  | { readonly title: string; readonly form: "text" | "code" | "diff"; readonly text: string }
  | { readonly title: string; readonly form: "value"; readonly value: unknown };

/** A failure with its typed state. */
export interface ErrorEntry {
  readonly row: number;
  /** The name of that row. */
  readonly where: string;
  /** The turn's own error, that of a call, of a dead attempt, or of a tool. */
  readonly of: "turn" | "subagent" | "call" | "retry" | "tool";
  /** The error's class, of a tool's failure its kind. */
  readonly code: string;
  readonly message: string;
  readonly advice: string | null;
  /** All other fields by their names, nested ones with dots. */
  readonly state: readonly Fact[];
}

/** How a loop's context grew. */
export interface TokenSeries {
  readonly row: number;
  readonly name: string;
  readonly calls: readonly TokenPoint[];
}

export interface TokenPoint extends TokenParts {
  readonly row: number;
  readonly name: string;
  /** Whether anything is known of its usage; without it all figures are 0. */
  readonly known: boolean;
  /** What speaks against the recorded tokens. */
  readonly doubt: string | null;
  /** What the context holds after the call. */
  readonly context: number;
  /** Against the call before; null on the first. */
  readonly growth: number | null;
  readonly cacheHitRatio: number | null;
  readonly cost: number | null;
  /** Sums up to and including this call. */
  readonly sum: TokenParts;
  readonly causes: readonly { readonly text: string; readonly tokens: number }[];
}

/** Disjoint parts of what a call used. */
export interface TokenParts {
  readonly cached: number;
  /** Input that did not come from the cache, what was written to the cache included. */
  readonly fresh: number;
  readonly output: number;
  readonly reasoning: number;
}

/** How long a tool took, over all its calls that ended. */
export interface ToolLatency {
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  /** Calls whose end is unknown; they are in `count` only. */
  readonly unfinished: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  readonly sum: number;
  /** Durations for the chart, sorted; of many a sample that keeps both ends. */
  readonly sample: readonly number[];
}

export interface SlowCall {
  readonly row: number;
  readonly name: string;
  readonly duration: number;
  readonly failed: boolean;
  /** The head of the arguments as JSON. */
  readonly arguments: string;
}

/** A part of where the time went; the parts add up to the duration, their percents to 100. */
export interface AccountPart {
  readonly kind: "firstToken" | "answering" | "tools" | "waiting" | "retries" | "other";
  readonly label: string;
  readonly ms: number;
  readonly percent: number;
}

/** The details of some rows, with the long texts that are first met in them. */
export interface Chunk {
  readonly texts: readonly string[];
  /** Details, and what prompts were made of, in which strings may stand for texts of this or an earlier chunk; see `unpack`. */
  readonly details: readonly unknown[];
}
