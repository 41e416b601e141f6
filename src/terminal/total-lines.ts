import { gapsOf, gapTexts } from "../analysis/gaps.js";
import { callsIn, hasSubagents, toolsIn } from "../analysis/loop-parts.js";
import { eventText } from "../analysis/row-texts.js";
import { placedSteps } from "../analysis/step-path.js";
import { modelParts, ownTimeParts, timeParts, toolsLabel } from "../analysis/time-parts.js";
import { tokenParts } from "../analysis/token-parts.js";
import { isTrouble, type RowFacts } from "../analysis/tree-rows.js";
import { cost, count, duration, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import type { Call, Loop, LoopTrace, Tool } from "../trace/model.js";
import { ESTIMATED, type LabelledLine, listed, parted, worded } from "./labelled-line.js";
import { BAR_SIGNS, TROUBLE_SIGN } from "./time-bar.js";

/** Which signs stand in the tree; those are explained, the others are not. */
export interface Signs {
  /** `~` before a time. */
  readonly estimated: boolean;
  /** `!` behind a name. */
  readonly marked: boolean;
  /** The rows that have bars; none: the tree has no bars. */
  readonly bars: readonly RowFacts[];
}

/** @param decimals with how many the tree tells costs */
export function totalLines(trace: LoopTrace, decimals: number): LabelledLine[] {
  const { traceId, session, loop } = trace;
  const totals = loop.totalsWithSubagents;
  const tools = toolsIn(loop);
  const failed = totals.toolFailures > 0 ? ` (${totals.toolFailures} failed)` : "";
  const counts = [
    ...[plural(totals.steps, "step"), plural(totals.calls, "call"), `${plural(totals.tools, "tool")}${failed}`],
    ...(totals.retries > 0 ? [plural(totals.retries, "retry", "retries")] : []),
  ];
  const withSubagents = hasSubagents(loop);
  const error = loop.error && `${loop.error.code}: ${shortenTo(oneLine(loop.error.message), MOST_TEXT)}`;
  return [
    ...(error === null ? [] : [worded("error", error, "failed")]),
    ...doomLoops(loop).map((text) => worded("warning", text, "alarm")),
    parted("time", timeParts(loop.account, toolsLabel(tools.length > 0, withSubagents))),
    ...modelLine(loop, withSubagents),
    ...toolsLine(loop),
    ...ownLine(loop, withSubagents),
    ...(totals.calls > 0 ? [parted("tokens", tokenParts(totals.usage, callsIn(loop)))] : []),
    parted("total", listed([...counts, `cost ${cost(totals.cost, decimals)}`])),
    parted("trace", [oneLine(traceId)]),
    parted("session", [oneLine(session.id)]),
    ...notesOf(trace, tools).map((note) => worded("note", note, "warning")),
  ];
}

/** What signs mean; they stand below the totals. */
export function signLines(signs: Signs): LabelledLine[] {
  return [
    ...(signs.estimated ? [ESTIMATED] : []),
    ...(signs.bars.length > 0 ? [parted("bar", barParts(signs.bars))] : []),
    ...(signs.marked ? [worded("!", "something went wrong here; a wider tree says what", "muted")] : []),
  ];
}

function modelLine({ account, steps }: Loop, withSubagents: boolean): LabelledLine[] {
  const calls = steps.flatMap(({ call }) => (call?.outputTokensPerSecond ? [call] : []));
  if (account.model === 0 || calls.length === 0) return [];
  const secondsOf = (call: Call): number => (call.end - (call.firstTokenAt ?? call.end)) / 1000;
  const seconds = calls.reduce((sum, call) => sum + secondsOf(call), 0);
  const written = calls.reduce((sum, call) => sum + (call.outputTokensPerSecond ?? 0) * secondsOf(call), 0);
  const own = withSubagents ? "the turn's own calls, " : "";
  return [parted("model", [...modelParts(account), `(${own}${count(written / seconds)} tokens/s)`])];
}

/** As much of the tools' time is worth telling that the sum above has elsewhere, or once only. */
const LEAST_ELSEWHERE_MS = 100;
const LEAST_SHARE = 0.05;

/** A moment with a tool at work counts once, and for the model where that still answered; `tools` adds all up. */
function toolsLine({ account: { tools, toolsSummed } }: Loop): LabelledLine[] {
  const elsewhere = toolsSummed - tools;
  if (elsewhere < LEAST_ELSEWHERE_MS || elsewhere < toolsSummed * LEAST_SHARE) return [];
  const text = `${duration(toolsSummed)} added up; ${duration(elsewhere)} of it while the model answered or side by side`;
  return [worded("tools", text, "plain")];
}

/** The tree shows phases of subagents too, and those around the turn, and leaves out short ones. */
function ownLine({ account, ownTime, around }: Loop, withSubagents: boolean): LabelledLine[] {
  const parts = ownTimeParts(account, ownTime);
  if (parts.length === 0) return [];
  const without = [
    ...(withSubagents ? ["subagents"] : []),
    ...(around.length > 0 ? ["what is before and after it"] : []),
  ];
  const what = without.length > 0 ? `(within the turn, without ${without.join(" and ")})` : "(within the turn)";
  return [parted("opencode", [...parts, ...what.split(" ")])];
}

/** Of a doom loop the tree shows where it began, and cut; it is worth a line of its own. */
function doomLoops(loop: Loop): string[] {
  return placedSteps(loop).flatMap(({ path, step }) =>
    step.events.flatMap((event) =>
      event.name === "doom-loop" ? [`doom loop in step ${path}: ${shortenTo(eventText(event), MOST_TEXT)}`] : [],
    ),
  );
}

function barParts(rows: readonly RowFacts[]): string[] {
  const has = (...kinds: RowFacts["kind"][]): boolean => rows.some(({ kind }) => kinds.includes(kind));
  return listed([
    ...(has("call") ? [`${BAR_SIGNS.call} model`] : []),
    ...(has("tool") ? [`${BAR_SIGNS.tool} tool`] : []),
    ...(has("retry") ? [`${BAR_SIGNS.retry} retry`] : []),
    ...(has("loop", "step") ? [`${BAR_SIGNS.loop} loop or step`] : []),
    ...(has("phase") ? [`${BAR_SIGNS.phase} opencode itself`] : []),
    ...(has("event") ? [`${BAR_SIGNS.event} event`] : []),
    ...(rows.some(isTrouble) ? [`${TROUBLE_SIGN} something went wrong`] : []),
  ]);
}

/** What the tree and its totals lack comes first. */
function notesOf(trace: LoopTrace, tools: readonly Tool[]): string[] {
  const { session, loop } = trace;
  const gaps = gapsOf([trace]);
  const missing = loop.totalsWithSubagents.missingSubagents;
  const ids = [...new Set(tools.flatMap((tool) => (tool.subagentMissing ? (tool.childSessionId ?? []) : [])))];
  const named = ids.length > 0 ? `: ${ids.slice(0, MOST_IDS).map(oneLine).join(", ")}` : "";
  const more = ids.length > MOST_IDS ? ", …" : "";
  const unread = Object.entries(session.unread).map(([what, times]) => `${oneLine(what)} (${count(times)})`);
  return [
    ...(missing > 0 ? [`totals without ${plural(missing, "subagent session")} not in the input${named}${more}`] : []),
    ...gapTexts.doubts(gaps),
    ...gapTexts.userPrices(gaps),
    ...gapTexts.otherCalls(gaps),
    ...(unread.length > 0 ? [`the export holds what this version does not read: ${unread.join(", ")}`] : []),
    ...loop.notes.map(oneLine),
  ];
}

/** More ids than this are not named one by one; their tools' rows have them. */
const MOST_IDS = 5;

/** A provider may answer with a whole page; its head says what happened. */
const MOST_TEXT = 600;
