import type { Call, Loop, LoopTrace, Tool, Usage } from "../trace/model.js";
import { promptTokens, totalTokens } from "../trace/usage.js";
import { columnsOf } from "./columns.js";
import { cost, count, plural } from "./format.js";
import { callsIn, toolsIn } from "./loop-parts.js";
import { oneLine, padEnd, shortenTo } from "./terminal-text.js";
import { modelParts, timeParts } from "./time-parts.js";
import type { Tone } from "./tree-rows.js";

/** What stands below the tree: a label, and parts between which a line is folded first. */
export interface TotalLine {
  readonly label: string;
  readonly parts: readonly string[];
  readonly tone: Tone;
}

/** Which signs stand in the tree; those are explained, the others are not. */
export interface Signs {
  /** `~` before a time. */
  readonly estimated: boolean;
  /** `!` behind a name. */
  readonly marked: boolean;
}

/** @param decimals with how many the tree tells costs */
export function totalLines(trace: LoopTrace, decimals: number, signs: Signs): TotalLine[] {
  const { traceId, session, loop } = trace;
  const totals = loop.totalsWithSubagents;
  const tools = toolsIn(loop);
  const failed = totals.toolFailures > 0 ? ` (${totals.toolFailures} failed)` : "";
  const withSubagents = tools.some(({ loops, subagentMissing }) => loops.length > 0 || subagentMissing);
  const error = loop.error && `${loop.error.code}: ${shortenTo(oneLine(loop.error.message), MOST_TEXT)}`;
  return [
    ...(error === null ? [] : [worded("error", error, "failed")]),
    parted(
      "time",
      timeParts(loop.account, tools.length === 0 ? null : withSubagents ? "tools and subagents" : "tools"),
    ),
    ...modelLine(loop),
    parted("tokens", tokenParts(totals.usage, callsIn(loop))),
    parted("total", [
      `${plural(totals.steps, "step")},`,
      `${plural(totals.calls, "call")},`,
      `${plural(totals.tools, "tool")}${failed},`,
      ...(totals.retries > 0 ? [`${plural(totals.retries, "retry", "retries")},`] : []),
      `cost ${totals.cost === null ? "unknown" : cost(totals.cost, decimals)}`,
    ]),
    parted("trace", [traceId]),
    parted("session", [oneLine(session.id)]),
    ...notesOf(trace, tools).map((note) => worded("note", note, "warning")),
    ...(signs.estimated ? [worded("~", "estimated: opencode recorded no exact moment", "muted")] : []),
    ...(signs.marked ? [worded("!", "something went wrong here; a wider tree says what", "muted")] : []),
  ];
}

function modelLine({ account, steps }: Loop): TotalLine[] {
  const calls = steps.flatMap(({ call }) => (call?.outputTokensPerSecond ? [call] : []));
  if (account.model === 0 || calls.length === 0) return [];
  const written = calls.reduce((sum, { usage }) => sum + (usage ? usage.output + usage.reasoning : 0), 0);
  const seconds = calls.reduce((sum, call) => sum + (call.end - (call.firstTokenAt ?? call.end)), 0) / 1000;
  return [parted("model", [...modelParts(account), `(${count(written / seconds)} tokens/s)`])];
}

/** A line that is folded between its parts where that is possible. */
function parted(label: string, parts: readonly string[]): TotalLine {
  return { label, parts, tone: "plain" };
}

/** A line that is folded between words. */
function worded(label: string, text: string, tone: Tone): TotalLine {
  return { label, parts: text.split(" "), tone };
}

/** What the tree and its totals lack comes first. */
function notesOf({ session, loop }: LoopTrace, tools: readonly Tool[]): string[] {
  const missing = loop.totalsWithSubagents.missingSubagents;
  const ids = [
    ...new Set(tools.flatMap((tool) => (tool.subagentMissing ? (tool.childSessionId ?? []) : []))),
  ];
  const named = ids.slice(0, MOST_IDS).map(oneLine).join(", ");
  const unread = Object.entries(session.unread).map(([what, times]) => `${oneLine(what)} (${count(times)})`);
  return [
    ...(missing > 0
      ? [
          `totals without ${plural(missing, "subagent session")} not in the input${named === "" ? "" : `: ${named}`}${
            ids.length > MOST_IDS ? ", …" : ""
          }`,
        ]
      : []),
    ...(unread.length > 0 ? [`the export holds what this version does not read: ${unread.join(", ")}`] : []),
    ...loop.notes.map(oneLine),
  ];
}

/** More ids than this are not named one by one; their tools' rows have them. */
const MOST_IDS = 5;

/** A provider may answer with a whole page; its head says what happened. */
const MOST_TEXT = 600;

/** Labels are padded to this many columns. */
const LABEL_WIDTH = 9;

/**
 * A line that goes on, indented, where the next part does not fit any more; no line is wider than the width. A word that
 * is too long for the indented lines, an id say, stands alone from the very left: cut in two it could not be copied.
 */
export function folded({ label, parts }: TotalLine, width: number): string[] {
  const room = width - LABEL_WIDTH;
  const lines: { readonly indented: boolean; readonly text: string }[] = [];
  for (const part of parts.flatMap((one) => (columnsOf(one) > room ? one.split(" ") : [one]))) {
    const last = lines.at(-1);
    const longer = last?.indented ? `${last.text} ${part}` : undefined;
    if (longer !== undefined && columnsOf(longer) <= room)
      lines[lines.length - 1] = { indented: true, text: longer };
    else lines.push({ indented: columnsOf(part) <= room || columnsOf(part) > width, text: part });
  }
  if (lines[0]?.indented !== true) lines.unshift({ indented: true, text: "" });
  return lines.map(({ indented, text }, index) => {
    const start = indented ? padEnd(index === 0 ? label : "", LABEL_WIDTH) : "";
    return shortenTo(`${start}${text}`.trimEnd(), width);
  });
}

/** In the words and sums of the tree's columns: what was cached is part of the input. */
function tokenParts(usage: Usage, calls: readonly Call[]): string[] {
  const unknown = calls.filter((call) => call.usage === null).length;
  if (calls.length > 0 && unknown === calls.length) return ["unknown:", "opencode recorded none"];
  const ofInput = [
    ...(usage.cacheRead > 0 ? [`cached ${count(usage.cacheRead)}`] : []),
    ...(usage.cacheWrite > 0 ? [`cache write ${count(usage.cacheWrite)}`] : []),
  ];
  return [
    count(totalTokens(usage)),
    `= in ${count(promptTokens(usage))}${ofInput.length > 0 ? ` (${ofInput.join(", ")})` : ""}`,
    `+ out ${count(usage.output)}`,
    ...(usage.reasoning > 0 ? [`+ think ${count(usage.reasoning)}`] : []),
    ...(unknown > 0 ? [`– without ${plural(unknown, "call")}`, "of unknown usage"] : []),
  ];
}
