import type { Progress } from "../opencode/drive.js";
import { count, duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/**
 * Says on stderr what a run is doing: one line that changes on a terminal, a line for each new step
 * elsewhere.
 */
export interface ProgressLine {
  readonly show: (progress: Progress) => void;
  /** Makes room for a line of something else, below which it goes on. */
  readonly clear: () => void;
  /** Takes the line away, before anything else is written. */
  readonly stop: () => void;
}

const TAIL_LENGTH = 60;

export function progressLine(terminal: Terminal): ProgressLine {
  return terminal.errIsTty ? onTerminal(terminal) : plainLines(terminal);
}

function onTerminal(terminal: Terminal): ProgressLine {
  const startedAt = Date.now();
  let progress: Progress | undefined;
  const { paint, clear, stop } = changingLine(terminal, () => {
    const now = Date.now();
    return progress ? `${duration(now - startedAt)}  ${progressText(progress, now)}` : "";
  });
  return {
    show: (next) => {
      progress = next;
      paint();
    },
    clear,
    stop,
  };
}

/** In a log file every line stays, so only a new step or a failed request is worth one. */
function plainLines(terminal: Terminal): ProgressLine {
  let saidStep: number | null = null;
  let saidFailures = 0;
  return {
    show: (progress) => {
      const { step, failedAttempts, lastFailure } = progress;
      if (step === null) return;
      const isNewStep = step !== saidStep;
      saidStep = step;
      // The next attempt counts from 0 again.
      saidFailures = Math.min(saidFailures, failedAttempts);
      if (lastFailure && failedAttempts > saidFailures) {
        // opencode may be at the next request already; what failed is what matters here.
        terminal.err(`step ${step} · ${failureText(lastFailure.reason, failedAttempts)}\n`);
        saidFailures = failedAttempts;
      } else if (isNewStep) {
        terminal.err(`${progressText(progress, Date.now())}\n`);
      }
    },
    clear: () => undefined,
    stop: () => undefined,
  };
}

/** @param now ms since the epoch */
export function progressText(progress: Progress, now: number): string {
  const { tokens, step } = progress;
  const input = tokens.input + tokens.cacheRead + tokens.cacheWrite;
  return [
    step === null ? "starting" : `step ${step}`,
    phaseText(progress, now),
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
      return "";
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
      return "finishing";
    default:
      return phase satisfies never;
  }
}
