import type { Mask } from "../masking/mask.js";
import type { Mirror, MirroredSession, RawPart } from "../opencode/server.js";
import { duration, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/** Says on a terminal what the sessions of a server are at, on one line that changes. */
export interface FollowLine {
  readonly show: (mirror: Mirror, mask: Mask) => void;
  /** Makes room for a line of something else, below which it goes on. */
  readonly clear: () => void;
  readonly stop: () => void;
}

/** @param terminal undefined, and one whose stderr is none, for no line */
export function followLine(terminal: Terminal | undefined): FollowLine {
  if (!terminal?.errIsTty) return { show: () => undefined, clear: () => undefined, stop: () => undefined };
  let latest: { readonly mirror: Mirror; readonly mask: Mask } | undefined;
  // Not at each event: they come by the hundred, faster than people read.
  const { clear, stop } = changingLine(terminal, () =>
    latest ? latest.mask(followText(latest.mirror, Date.now())) : "",
  );
  return {
    show: (mirror, mask) => {
      latest = { mirror, mask };
    },
    clear,
    stop,
  };
}

/** @param now ms since the epoch @returns the empty string when nothing is at work */
export function followText(mirror: Mirror, now: number): string {
  const busy = [...mirror.values()].filter(({ status }) => status.type !== "idle");
  const roots = busy.filter(({ info }) => !info.parentID);
  const [first, ...others] = roots;
  if (!first) return "";
  const subagents = busy.length - roots.length;
  return [
    typeof first.info.title === "string" ? oneLine(first.info.title.slice(0, 60)) : first.info.id,
    sessionText(first, now),
    subagents > 0 ? plural(subagents, "subagent") : "",
    others.length > 0 ? `and ${plural(others.length, "session")} more` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

function sessionText({ messages, status }: MirroredSession, now: number): string {
  const prompt = messages.findLastIndex(({ info }) => info.role === "user");
  const steps = messages.length - prompt - 1;
  const step = `step ${Math.max(0, steps - 1)}`;
  if (status.type === "retry") {
    const waits = duration(Math.max(0, status.next - now));
    return `${step} · a request failed: ${oneLine(status.message.slice(0, 200))}; again in ${waits}`;
  }
  const last = messages.at(-1);
  return `${step} · ${steps > 0 ? phaseText(last?.parts ?? []) : "waiting for the model"}`;
}

function phaseText(parts: readonly RawPart[]): string {
  const tools = parts.filter(({ type, state }) => type === "tool" && statusOf(state) === "running");
  const tool = tools.at(-1)?.tool;
  if (typeof tool === "string") {
    return `${oneLine(tool)}${tools.length > 1 ? ` and ${tools.length - 1} more` : ""}`;
  }
  const answers = parts.some(({ type }) => type === "text" || type === "reasoning" || type === "tool");
  return answers ? "the model answers" : "waiting for the model";
}

function statusOf(state: unknown): unknown {
  return typeof state === "object" && state !== null && "status" in state ? state.status : undefined;
}
