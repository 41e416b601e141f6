import type { Mask } from "../masking/mask.js";
import type { WorkingSession } from "../opencode/server.js";
import { duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/** Says on a terminal what the sessions of a server are at, on one line that changes. */
export interface FollowLine {
  /** @param working tells the sessions when they are painted */
  readonly show: (working: () => readonly WorkingSession[], mask: Mask) => void;
  /** Makes room for a line of something else, below which it goes on. */
  readonly clear: () => void;
  readonly stop: () => void;
}

/** @param terminal undefined, and one whose stderr is none, for no line */
export function followLine(terminal: Terminal | undefined): FollowLine {
  if (!terminal?.errIsTty) return { show: () => undefined, clear: () => undefined, stop: () => undefined };
  let latest: { readonly working: () => readonly WorkingSession[]; readonly mask: Mask } | undefined;
  /** Most of the time nothing that is seen has changed; looking for secrets costs more than all else here. */
  let painted: { readonly text: string; readonly mask: Mask; readonly masked: string } | undefined;
  // Not at each event: they come by the hundred, faster than people read.
  const { clear, stop } = changingLine(terminal, () => {
    if (!latest) return "";
    const { working, mask } = latest;
    const text = followText(working(), Date.now());
    if (text !== painted?.text || mask !== painted.mask) painted = { text, mask, masked: mask(text) };
    return painted.masked;
  });
  return {
    show: (working, mask) => {
      latest = { working, mask };
    },
    clear,
    stop,
  };
}

/** @param now ms since the epoch @returns the empty string when nothing is at work */
export function followText(working: readonly WorkingSession[], now: number): string {
  const roots = working.filter(({ isSubagent }) => !isSubagent);
  const [first, ...others] = roots;
  if (!first) return "";
  const subagents = working.length - roots.length;
  return [
    first.title === undefined ? first.id : oneLine(first.title.slice(0, 60)),
    sessionText(first, now),
    subagents > 0 ? plural(subagents, "subagent") : "",
    others.length > 0 ? `and ${plural(others.length, "session")} more` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

function sessionText(session: WorkingSession, now: number): string {
  const { step, retry } = session;
  if (retry === undefined) return `step ${step} · ${phaseText(session)}`;
  const waits = duration(Math.max(0, retry.next - now));
  return `step ${step} · a request failed: ${oneLine(retry.message.slice(0, 200))}; again in ${waits}`;
}

function phaseText({ tools, isAnswering }: WorkingSession): string {
  const tool = tools.at(-1);
  if (tool !== undefined) return `${oneLine(tool)}${tools.length > 1 ? ` and ${tools.length - 1} more` : ""}`;
  return isAnswering ? "the model answers" : "waiting for the model";
}
