import { isBeforeRequest, type Progress, type RunEvent } from "../opencode/drive.js";
import { afterEvent, afterProgress, failedToolText, liveTurn } from "../terminal/live-turn.js";
import { paintFinished, paintLive } from "../terminal/paint-live.js";
import { phaseWords, startingText } from "../terminal/phase-words.js";
import { count, duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { changingLines } from "./changing-line.js";
import { colorsFor } from "./colors.js";
import type { Terminal } from "./terminal.js";

/**
 * Says on stderr what a run is doing: on a terminal what opencode starts with, then the tree as it grows; a line for each
 * new step elsewhere.
 */
export interface RunProgress {
  readonly show: (progress: Progress) => void;
  /** Something is finished: a call, a tool. */
  readonly take: (event: RunEvent) => void;
  /** Another attempt begins. */
  readonly again: () => void;
  /** Leaves the finished turn's tree in its place, unless it is very tall. */
  readonly leave: (trace: LoopTrace) => void;
  /** Makes room for a line of something else, below which it goes on. */
  readonly clear: () => void;
  /** Takes it away, before anything else is written. May be called more than once. */
  readonly stop: () => void;
}

/** What is run. */
export interface RunAbout {
  readonly message: string;
  /** Where opencode works. */
  readonly directory: string;
}

const TAIL_LENGTH = 60;

export function runProgress(terminal: Terminal, about: RunAbout): RunProgress {
  return terminal.errIsTty && terminal.env.TERM !== "dumb" ? onTerminal(terminal, about) : plainLines(terminal, about);
}

/** The same terminal, on which what is said makes room for itself. */
export function aboveProgress(terminal: Terminal, { clear }: RunProgress): Terminal {
  return {
    ...terminal,
    err: (text) => {
      clear();
      terminal.err(text);
    },
    get errWidth() {
      return terminal.errWidth;
    },
    get errHeight() {
      return terminal.errHeight;
    },
  };
}

function onTerminal(terminal: Terminal, { message, directory }: RunAbout): RunProgress {
  const startedAt = Date.now();
  const colors = colorsFor(terminal, true);
  let turn = liveTurn(startedAt);
  const { paint, clear, stop } = changingLines(terminal, (width, height) => {
    const now = Date.now();
    const status = turn.progress ? `${duration(now - startedAt)}  ${standingText(turn.progress, now)}` : "";
    return paintLive(turn, { message, directory, now, width, height, colors, status });
  });
  paint();
  return {
    show: (progress) => {
      turn = afterProgress(turn, progress, Date.now());
      paint();
    },
    take: (event) => {
      turn = afterEvent(turn, event);
    },
    again: () => {
      clear();
      turn = liveTurn(Date.now());
    },
    leave: (trace) => {
      stop();
      const lines = paintFinished(trace, { width: terminal.errWidth, colors });
      if (lines.length > 0) terminal.err(`${lines.join("\n")}\n\n`);
    },
    clear,
    stop,
  };
}

/** In a log file every line stays, so only the start, a new step or a failed request is worth one. */
function plainLines(terminal: Terminal, { directory }: RunAbout): RunProgress {
  let saidStep: number | null = null;
  let saidFailures = 0;
  let turn = liveTurn(Date.now());
  let saidBegin: "finding" | "starting" | undefined;
  const showBegin = ({ phase }: Progress): void => {
    // What an earlier run has left is still looked for.
    if (phase.kind === "starting" && phase.isBegun !== true) return;
    if (saidBegin === undefined) {
      const isFound = phase.kind === "loading" && phase.isWarm === true;
      saidBegin = isFound ? "finding" : "starting";
      terminal.err(`${phaseWords(isFound ? { kind: "finding", since: phase.since } : { kind: "starting" })}\n`);
    } else if (saidBegin === "finding" && phase.kind === "starting") {
      saidBegin = "starting";
      const why = phase.why ?? "the one that an earlier run left could not be used";
      terminal.err(`${phaseWords(phase)}: ${oneLine(why)}\n`);
    }
  };
  return {
    show: (progress) => {
      const now = Date.now();
      showBegin(progress);
      turn = afterProgress(turn, progress, now);
      const { step, failedAttempts, lastFailure } = progress;
      if (step === null || isBeforeRequest(progress.phase)) return;
      const isNewStep = step !== saidStep;
      // Whose opencode it is has been said already.
      if (saidStep === null) terminal.err(`${startingText(turn.starting, now, true)}\n`);
      saidStep = step;
      // The next attempt counts from 0 again.
      saidFailures = Math.min(saidFailures, failedAttempts);
      if (lastFailure && failedAttempts > saidFailures) {
        // opencode may be at the next request already; what failed is what matters here.
        terminal.err(`step ${step} · ${failureText(lastFailure.reason, failedAttempts)}\n`);
        saidFailures = failedAttempts;
      } else if (isNewStep) {
        terminal.err(`${progressText(progress, now)}\n`);
      }
    },
    take: (event) => {
      const failed = failedToolText(event, directory);
      if (failed !== undefined)
        terminal.err(`${saidStep === null ? "" : `step ${saidStep} · `}a tool failed: ${failed}\n`);
    },
    again: () => {
      saidStep = null;
      turn = liveTurn(Date.now());
    },
    leave: () => undefined,
    clear: () => undefined,
    stop: () => undefined,
  };
}

/** @param now ms since the epoch */
export function progressText(progress: Progress, now: number): string {
  return sumsText(progress, phaseText(progress, now));
}

/** The same below a tree that has in it what goes on; what keeps the model from answering has no row. */
function standingText(progress: Progress, now: number): string {
  const { kind } = progress.phase;
  return sumsText(progress, kind === "retrying" || kind === "finishing" ? phaseText(progress, now) : "");
}

function sumsText(progress: Progress, phase: string): string {
  const { tokens, step } = progress;
  const input = tokens.input + tokens.cacheRead + tokens.cacheWrite;
  return [
    step === null ? "" : `step ${step}`,
    phase,
    progress.toolsDone > 0
      ? `${plural(progress.toolsDone, "tool")} done${progress.toolsFailed > 0 ? ` (${progress.toolsFailed} failed)` : ""}`
      : "",
    progress.subagents > 0 ? plural(progress.subagents, "subagent") : "",
    input > 0 ? `${count(input)} tokens in, ${count(tokens.output + tokens.reasoning)} out` : "",
    progress.cost > 0 ? `$${progress.cost.toFixed(4)}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** @param failures how many requests have failed by now, this one included */
function failureText(reason: string, failures: number): string {
  // Whether it will, its log does not say: a refused key it takes for final, a full server not.
  const all = failures > 1 ? ` (${failures} so far)` : "";
  // The SDK's class in front of the provider's message tells a person nothing.
  const said = oneLine(reason).replace(/^\w+Error: /, "");
  return `a request failed: ${said}${all} · opencode may ask again`;
}

/** The end of what is being written, as much as fits beside the rest. */
function endOf(text: string): string {
  const line = oneLine(text.slice(-TAIL_LENGTH));
  return text.length > TAIL_LENGTH ? `…${line}` : line;
}

function phaseText({ phase, failedAttempts }: Progress, now: number): string {
  const since = (at: number): string => duration(Math.max(0, now - at));
  switch (phase.kind) {
    case "starting":
    case "loading":
    case "mcp":
    case "prompt":
      return `${phaseWords(phase)}${phase.since === undefined ? "" : ` ${since(phase.since)}`}`;
    case "waiting-for-model":
      return `waiting for the model ${since(phase.since)}`;
    case "streaming":
      return phase.tail ? `the model answers: ${endOf(phase.tail)}` : "the model answers";
    case "tools": {
      const last = phase.running.at(-1);
      if (!last) return "";
      const others = phase.running.length > 1 ? ` and ${phase.running.length - 1} more` : "";
      return `${oneLine(last.name)} ${oneLine(last.detail.slice(0, 80))} ${since(last.since)}${others}`;
    }
    case "retrying":
      return phase.until === undefined
        ? `${failureText(phase.reason, failedAttempts)}, has waited ${since(phase.since)}`
        : `${failureText(phase.reason, failedAttempts)} in ${duration(Math.max(0, phase.until - now))}`;
    case "finishing":
      return "ending";
    default:
      return phase satisfies never;
  }
}
