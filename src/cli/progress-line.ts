import type { Phase, Progress } from "../opencode/progress.js";
import { count, duration, plural } from "../view/format.js";
import { oneLine, shortenTo } from "../view/terminal-text.js";
import type { Terminal } from "./terminal.js";

/** Says on stderr what a run is doing: one line that changes on a terminal, a line for each new step elsewhere. */
export interface ProgressLine {
  readonly show: (progress: Progress) => void;
  /** Makes room for a line of something else, below which it goes on. */
  readonly clear: () => void;
  /** Takes the line away, before anything else is written. */
  readonly stop: () => void;
}

const TICK_MS = 250;

export function progressLine(terminal: Terminal): ProgressLine {
  return terminal.errIsTty ? changingLine(terminal) : plainLines(terminal);
}

function changingLine(terminal: Terminal): ProgressLine {
  const startedAt = Date.now();
  let progress: Progress | undefined;
  let stopped = false;
  const paint = (): void => {
    if (!progress) return;
    const text = shortenTo(
      `${duration(Date.now() - startedAt)}  ${progressText(progress, Date.now())}`,
      terminal.errWidth - 1,
    );
    terminal.err(`\r\x1b[2K${text}`);
  };
  const clear = (): void => {
    if (progress) terminal.err("\r\x1b[2K");
  };
  // A tool that runs for minutes sends no event, but its clock goes on.
  const ticking = setInterval(paint, TICK_MS);
  ticking.unref();
  return {
    show: (next) => {
      if (stopped) return;
      progress = next;
      paint();
    },
    clear,
    stop: () => {
      if (stopped) return;
      stopped = true;
      clearInterval(ticking);
      clear();
    },
  };
}

/** In a log file every line stays, so only a new step or a retry is worth one. */
function plainLines(terminal: Terminal): ProgressLine {
  let said = "";
  return {
    show: (progress) => {
      const { step, failedAttempts } = progress;
      const key = `${step} ${failedAttempts}`;
      if (step === null || key === said) return;
      said = key;
      terminal.err(`${progressText(progress, Date.now())}\n`);
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
    phaseText(progress.phase, now),
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

function phaseText(phase: Phase, now: number): string {
  const since = (at: number): string => duration(Math.max(0, now - at));
  switch (phase.kind) {
    case "starting":
      return "";
    case "waiting-for-model":
      return `waiting for the model ${since(phase.since)}`;
    case "streaming":
      return "the model answers";
    case "tools": {
      const last = phase.running.at(-1);
      if (!last) return "";
      const others = phase.running.length > 1 ? ` and ${phase.running.length - 1} more` : "";
      return `${oneLine(last.name)} ${oneLine(last.detail.slice(0, 80))} ${since(last.since)}${others}`;
    }
    case "retrying":
      return `attempt failed (${oneLine(phase.reason)}), trying again, ${since(phase.since)}`;
    case "finishing":
      return "finishing";
    default:
      return phase satisfies never;
  }
}
