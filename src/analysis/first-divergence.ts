import type { Loop, LoopTrace, Step } from "../trace/model.js";
import { signatureOf } from "../trace/signature.js";
import { areOfBoth, callIn2 } from "./same-tools.js";

/** What the model said in a step. */
export interface StepOutput {
  /** Its text; null where it wrote none. */
  readonly text: string | null;
  /** What it called, in order. */
  readonly toolCalls: readonly { readonly name: string; readonly arguments: unknown }[];
}

/** The first step in which two loops are not the same; plain data, as `--json` prints it. */
export interface Divergence {
  /** The subagents that the step is in, from outside in; empty for a step of the turn itself. */
  readonly within: readonly { readonly step: number; readonly agent: string | null }[];
  /** From 0 in its loop. */
  readonly step: number;
  /** `tool-calls`: other tools, or other arguments; `text`: the same tools, another text; `steps`: one lacks the step. */
  readonly differs: "tool-calls" | "text" | "steps";
  /** null where that side has no such step. */
  readonly a: StepOutput | null;
  /** The same of the other side. */
  readonly b: StepOutput | null;
  /** What differs, from a little before where it begins to; null where that side has nothing there. */
  readonly excerpt: { readonly a: string | null; readonly b: string | null };
}

/**
 * Where two turns part: the first step that calls other tools, or the same with other arguments, or says something
 * else. What subagents do is compared as well, before the step after them. Thinking is not, nor what tools answered.
 *
 * The order of arguments' keys does not matter, nor where sessions of both generations of opencode are compared what
 * one of them calls otherwise: `bash` is `shell`, and `filePath` is `path`. Paths below a session's directory count as relative to it, so that two
 * checkouts of the same project can be compared.
 *
 * @returns null where all steps say and call the same
 */
export function firstDivergence(a: LoopTrace, b: LoopTrace): Divergence | null {
  const call = areOfBoth([a, b]) ? callIn2 : (one: SaidCall) => one;
  const words = {
    a: { inText: inDirectory(a.session.directory), call },
    b: { inText: inDirectory(b.session.directory), call },
  };
  return divergenceOf(a.loop, b.loop, words, []);
}

type SaidCall = StepOutput["toolCalls"][number];

/** How what is said on one side is put, so that it can be compared with the other's. */
interface SideWords {
  readonly inText: (text: string) => string;
  readonly call: (call: SaidCall) => SaidCall;
}
type Words = Readonly<Record<"a" | "b", SideWords>>;

function divergenceOf(a: Loop, b: Loop, words: Words, within: Divergence["within"]): Divergence | null {
  for (let step = 0; step < Math.max(a.steps.length, b.steps.length); step += 1) {
    const [stepA, stepB] = [a.steps[step], b.steps[step]];
    const told = { a: stepA && toldIn(stepA, words.a), b: stepB && toldIn(stepB, words.b) };
    const difference = differenceOf(told.a, told.b);
    if (difference) {
      const said = { a: stepA ? saidIn(stepA) : null, b: stepB ? saidIn(stepB) : null };
      return { within, step, ...difference, ...said };
    }
    const below = stepA && stepB ? divergenceBelow(stepA, stepB, words, within) : null;
    if (below) return below;
  }
  // Those that were started between steps stand beside the last one.
  const last = Math.max(0, Math.min(a.steps.length, b.steps.length) - 1);
  return divergenceOfLoops(a.loops, b.loops, words, (loop) => [...within, { step: last, agent: loop.agent }]);
}

/** Only what is there on both sides can be compared: of files, one side may lack its subagents' sessions. */
function divergenceBelow(a: Step, b: Step, words: Words, within: Divergence["within"]): Divergence | null {
  const inside = (loop: Loop): Divergence["within"] => [...within, { step: a.index, agent: loop.agent }];
  for (const [index, tool] of a.tools.entries()) {
    const found = divergenceOfLoops(tool.loops, b.tools[index]?.loops ?? [], words, inside);
    if (found) return found;
  }
  return divergenceOfLoops(a.loops, b.loops, words, inside);
}

function divergenceOfLoops(
  a: readonly Loop[],
  b: readonly Loop[],
  words: Words,
  within: (loop: Loop) => Divergence["within"],
): Divergence | null {
  for (const [position, loop] of a.entries()) {
    const other = b[position];
    const found = other && divergenceOf(loop, other, words, within(loop));
    if (found) return found;
  }
  return null;
}

function saidIn({ call, tools }: Step): StepOutput {
  if (!call) return { text: null, toolCalls: tools.map(({ name, input }) => ({ name, arguments: input })) };
  const { text, toolCalls } = call.output;
  return { text, toolCalls: toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given })) };
}

/** What was said, in words that can be compared. */
interface Told {
  readonly text: string;
  readonly toolCalls: readonly { readonly shown: string; readonly compared: string }[];
}

function toldIn(step: Step, { inText, call }: SideWords): Told {
  const { text, toolCalls } = saidIn(step);
  const callText = ({ name, arguments: given }: SaidCall) =>
    `${name} ${inText(signatureOf(given) ?? "(nested too deeply)")}`;
  return {
    text: inText(text ?? ""),
    toolCalls: toolCalls.map((one) => ({ shown: callText(one), compared: callText(call(one)) })),
  };
}

function differenceOf(a: Told | undefined, b: Told | undefined): Pick<Divergence, "differs" | "excerpt"> | null {
  if (!a || !b) return { differs: "steps", excerpt: { a: a ? headOf(a) : null, b: b ? headOf(b) : null } };
  const most = Math.max(a.toolCalls.length, b.toolCalls.length);
  for (let index = 0; index < most; index += 1) {
    const [callA, callB] = [a.toolCalls[index], b.toolCalls[index]];
    if (callA?.compared !== callB?.compared)
      return { differs: "tool-calls", excerpt: excerptsOf(callA?.shown, callB?.shown, nameOf(callA?.shown)) };
  }
  return a.text === b.text ? null : { differs: "text", excerpt: excerptsOf(a.text || undefined, b.text || undefined) };
}

/** No line shows more. */
const MOST_TEXT = 400;
/** So much of what is the same stands before what is not. */
const LEAD = 24;

function headOf({ text, toolCalls }: Told): string {
  return (toolCalls.length > 0 ? toolCalls.map(({ shown }) => shown).join(", ") : text)
    .slice(0, MOST_TEXT)
    .toWellFormed();
}

/** @param lead stands before what is cut, so that a tool's name stays in sight */
function excerptsOf(a: string | undefined, b: string | undefined, lead = ""): Divergence["excerpt"] {
  let same = 0;
  while (a !== undefined && b !== undefined && same < a.length && a[same] === b[same]) same += 1;
  const start = same > LEAD * 2 + lead.length ? same - LEAD : 0;
  const head = start > 0 ? `${lead}…` : "";
  const excerpt = (text: string | undefined): string | null =>
    text === undefined ? null : `${head}${text.slice(start, start + MOST_TEXT)}`.toWellFormed();
  return { a: excerpt(a), b: excerpt(b) };
}

function nameOf(call = ""): string {
  return call.slice(0, call.indexOf(" ") + 1);
}

/** Takes a directory out of texts, also of JSON: `/home/dev/project/src` becomes `./src`. */
function inDirectory(directory: string): (text: string) => string {
  const path = directory.replace(/[\\/]+$/, "");
  if (path.length < 2) return (text) => text;
  const forms = [...new Set([path, JSON.stringify(path).slice(1, -1)])];
  const literal = forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  const whole = new RegExp(`(?<![\\p{L}\\p{N}_.-])(?:${literal})(?![\\p{L}\\p{N}_-]|\\.[\\p{L}\\p{N}_])`, "gu");
  return (text) => text.replace(whole, ".");
}
