import { eventTone } from "../analysis/event-tone.js";
import { subagentsByStep } from "../analysis/loop-parts.js";
import { eventText, innerCallText, loopText, modelName, permissionWaitText, retryText } from "../analysis/row-texts.js";
import type { PlacedStep } from "../analysis/step-path.js";
import { modelParts, ownTimeParts, timeParts, toolsLabel } from "../analysis/time-parts.js";
import { tokenParts } from "../analysis/token-parts.js";
import type { Tone } from "../analysis/tone.js";
import { bytesText, cost, count, duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type {
  Call,
  InnerCall,
  Loop,
  LoopTrace,
  Retry,
  Span,
  Step,
  StepEvent,
  Tool,
  WireFacts,
} from "../trace/model.js";
import { ownTimeOf } from "../trace/phases.js";
import { recordedUsage, sureUsageOf } from "../trace/usage.js";
import { argumentText } from "./argument-text.js";
import { errorDetails } from "./error-lines.js";
import { ESTIMATED, type LabelledLine, listed, parted, worded } from "./labelled-line.js";

/** One step of a turn as a page to read, before anything is measured or painted. */
export interface StepView {
  readonly title: string;
  readonly facts: readonly LabelledLine[];
  readonly sections: readonly StepSection[];
}

/** What the model thought or said, a tool's call, what happened beside: whole, nothing is cut. */
export interface StepSection {
  readonly heading: string;
  readonly tone: Tone;
  readonly blocks: readonly TextBlock[];
}

export interface TextBlock {
  /** Stands above the text; null: the section's heading says it all. */
  readonly label: string | null;
  /** Of any number of lines; not cleaned for a terminal yet. */
  readonly text: string;
}

export function stepView(trace: LoopTrace, placed: PlacedStep): StepView {
  const { step, loop } = placed;
  const sections = [
    ...step.retries.map((retry) => retrySection(retry, trace)),
    ...(step.call ? outputSections(step.call) : []),
    ...toolSections(placed, trace),
    ...step.events.map(eventSection),
  ];
  return { title: titleOf(placed, trace), facts: factsOf(step, loop, trace), sections };
}

function eventSection(event: StepEvent): StepSection {
  const tone = eventTone(event);
  const blocks = [{ label: null, text: eventText(event) }];
  return { heading: event.name, tone: tone === "muted" ? "plain" : tone, blocks };
}

function titleOf({ path, loop, step }: PlacedStep, { loop: root }: LoopTrace): string {
  const who = loop === root ? "" : `subagent ${path.slice(0, path.lastIndexOf("/"))} (${loop.agent ?? "?"})`;
  const kind = step.kind === "answer" ? "" : step.kind;
  const how = step.outcome === "completed" ? "" : step.outcome;
  return [`Step ${path}`, who, kind, how].filter(Boolean).map(oneLine).join(" · ");
}

function factsOf(step: Step, loop: Loop, trace: LoopTrace): LabelledLine[] {
  const { call, tools } = step;
  const withSubagents =
    step.loops.length > 0 || tools.some(({ loops, subagentMissing }) => loops.length > 0 || subagentMissing);
  const own = ownTimeParts(step.account, ownTimeOf(step.account, step.phases));
  const began = `${duration(step.start - trace.loop.start)} into the turn, at ${new Date(step.start).toISOString()}`;
  return [
    ...errorFacts(step, loop),
    ...(step.recovered ? [worded("note", "A request of this step failed, and the turn got over it.", "warning")] : []),
    worded("began", began, "plain"),
    parted("time", timeParts(step.account, toolsLabel(tools.length > 0, withSubagents))),
    ...(own.length > 0 ? [parted("opencode", own)] : []),
    ...(call ? callFacts(call, step, trace) : [worded("call", "none: the step asked no model", "plain")]),
    ...step.patches.map(({ files }) => parted("changed", files.map(oneLine))),
    ...step.notes.map((note) => worded("note", oneLine(note), "warning")),
    ...(isEstimated(step) ? [ESTIMATED] : []),
  ];
}

/** The call's own error, else the one that the loop ended in here, of which the turn tells the details. */
function errorFacts({ call, index }: Step, loop: Loop): LabelledLine[] {
  const error = call?.error ?? (loop.failedStep === index ? loop.error : null);
  if (!error) return [];
  const line = worded("error", `${error.code}: ${oneLine(error.message)}`, "failed");
  return call?.error ? [line, parted("", listed(errorDetails(error).map(oneLine)))] : [line];
}

function callFacts(call: Call, { account }: Step, trace: LoopTrace): LabelledLine[] {
  const { model, cumulative, usageDoubt: doubt, outputTokensPerSecond: speed } = call;
  const asked = [
    modelName(model) ?? "unknown model",
    ...(call.agent === null ? [] : [`agent ${call.agent}`]),
    ...(call.finish === null ? [] : [`finish ${call.finish}`]),
  ];
  const ratio = cumulative.cacheHitRatio;
  const context = [
    `${count(cumulative.contextTokens)} after the call`,
    ...(cumulative.contextGrowth === null ? [] : [growthText(cumulative.contextGrowth)]),
    ...(ratio === null ? [] : [`${Math.round(ratio * 100)}% of the prompt from the cache`]),
  ];
  return [
    parted("call", listed([`llm-call-${call.index}`, timeText(call, trace), ...asked].map(oneLine))),
    ...(account.model > 0
      ? [parted("model", [...modelParts(account), ...(speed ? [`(${count(speed)} tokens/s)`] : [])])]
      : []),
    parted("tokens", tokenParts(recordedUsage(call), [call])),
    ...(doubt ? [worded("note", doubt.reason, "warning")] : []),
    ...(sureUsageOf("prompt", call) ? [parted("context", listed(context))] : []),
    parted("cost", [cost(call.cost)]),
    ...(call.wire ? [parted("request", listed(requestParts(call.wire).map(oneLine)))] : []),
  ];
}

/** What the wire tells of a request; `looptrace wire` shows it whole. */
function requestParts({ status, requestId, requestBytes, sentAt, firstByteAt }: WireFacts): readonly string[] {
  return [
    status === null ? "no answer" : `HTTP ${status}`,
    ...(requestId === null ? [] : [`id ${requestId}`]),
    `${bytesText(requestBytes)} sent`,
    ...(firstByteAt === null ? [] : [`first byte after ${duration(Math.max(0, firstByteAt - sentAt))}`]),
  ];
}

function growthText(tokens: number): string {
  return tokens < 0 ? `${count(-tokens)} less than before` : `${count(tokens)} more than before`;
}

function retrySection(retry: Retry, trace: LoopTrace): StepSection {
  const { thinking, text, toolCalls } = retry.output;
  return {
    heading: `retry ${retry.attempt} · ${timeText(retry, trace)}`,
    tone: "warning",
    blocks: [
      { label: null, text: retryText(retry) },
      ...(retry.wire ? [{ label: null, text: requestParts(retry.wire).join(", ") }] : []),
      ...(retry.error ? [{ label: "of the failure", text: errorDetails(retry.error).join("\n") }] : []),
      ...textBlock("thinking until then", thinking),
      ...textBlock("text until then", text),
      ...toolCalls.map((call) => ({ label: `asked for ${oneLine(call.name)}`, text: argumentText(call.arguments) })),
    ],
  };
}

function outputSections({ output }: Call): StepSection[] {
  const section = (heading: string, text: string | null): StepSection[] =>
    text ? [{ heading, tone: "plain", blocks: [{ label: null, text }] }] : [];
  return [...section("thinking", output.thinking), ...section("text", output.text)];
}

function toolSections({ path, step, loop: own }: PlacedStep, trace: LoopTrace): StepSection[] {
  const all = subagentsByStep(own)(step);
  const told = step.tools.map((tool): StepSection => {
    const files = tool.attachments.map(({ mime, filename }) => `${filename ?? "a file"} (${mime})`);
    return {
      heading: [`tool.${tool.name}`, timeText(tool, trace), tool.status, tool.callId].map(oneLine).join(" · "),
      tone: tool.failure || tool.notes.length > 0 ? "warning" : "plain",
      blocks: [
        ...(tool.failure ? [{ label: null, text: `${tool.failure.kind}: ${tool.failure.message}` }] : []),
        ...tool.notes.map((note) => ({ label: null, text: note })),
        ...(tool.permissionWaitMs === null ? [] : [{ label: null, text: permissionWaitText(tool) }]),
        { label: "arguments", text: argumentText(tool.input) || "(none)" },
        ...textBlock("called by its script", tool.innerCalls.map(innerCallLine).join("\n")),
        { label: "result", text: resultText(tool) },
        ...textBlock("attached", files.join("\n")),
        ...tool.loops.map((loop) => subagentBlock(loop, `${path}/${all.indexOf(loop)}`)),
      ],
    };
  });
  const beside = all.slice(step.tools.flatMap(({ loops }) => loops).length);
  if (beside.length === 0) return told;
  const blocks = beside.map((loop) => subagentBlock(loop, `${path}/${all.indexOf(loop)}`));
  return [...told, { heading: "started by no tool", tone: "plain", blocks }];
}

function innerCallLine(call: InnerCall): string {
  const took = call.durationMs === null ? [] : [duration(call.durationMs)];
  return [oneLine(call.name), ...took, innerCallText(call)].filter(Boolean).join(" · ");
}

function resultText({ output }: Tool): string {
  if (output === null) return "(none)";
  return output.trim() === "" ? "(empty)" : output.trimEnd();
}

function subagentBlock(loop: Loop, path: string): TextBlock {
  const { steps, cost: spent } = loop.totalsWithSubagents;
  const sums = [plural(steps, "step"), duration(loop.end - loop.start), ...(spent === null ? [] : [cost(spent)])];
  const last = loop.steps.length - 1;
  const open =
    last < 0
      ? "It has no step."
      : `--step ${path}/0${last > 0 ? ` … ${path}/${last}` : ""} opens ${last > 0 ? "them" : "it"}.`;
  return { label: `subagent ${path}`, text: `${loopText(loop, false)}\n${sums.join(", ")}. ${open}` };
}

function timeText({ start, end, timing }: Span, { loop }: LoopTrace): string {
  return `${timing === "exact" ? "" : "~"}${duration(end - start)} from ${duration(start - loop.start)} on`;
}

function isEstimated({ retries, call, tools }: Step): boolean {
  return [...retries, ...(call ? [call] : []), ...tools].some(({ timing }) => timing === "bounded");
}

function textBlock(label: string, text: string | null): TextBlock[] {
  return text ? [{ label, text }] : [];
}
