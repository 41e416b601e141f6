import type { LogLine } from "../read/log-line.js";
import type { FailedAttempt, Phase, Progress, RunningTool } from "../request/progress.js";
import { initialProgress, isBeforeRequest, ownWork, reduceProgress } from "../request/progress.js";
import { type RunEvent, readRunEventJson } from "../schema/run-event.js";
import { type RawPart, type ServerEvent, sessionIdOf } from "../schema/server-event.js";

/** How a run on a server comes along, from the server's events. */
export interface ServedProgress<Event = ServerEvent> {
  /** The state after all events so far; another object when one has changed it. */
  readonly progress: Progress;
  /**
   * Takes one event of any session.
   *
   * @returns what `opencode run --format json` would have written about it
   */
  take(event: Event): readonly RunEvent[];
  /** Takes one line of the server's log, where that tells of what the server is at before a request. */
  takeLine?(line: LogLine): void;
  /** Whether a session is the run's own or one of its subagents'. */
  isOurs(sessionId: string): boolean;
}

/** More of a streamed answer than a line shows: a secret in what is shown has to be whole to be found and masked. */
export const TAIL_LENGTH = 200;

/** A run that is followed: its root session, its MCP servers' names, and when the prompt was handed over, epoch, ms. */
export interface FollowedRun {
  readonly sessionId: string;
  readonly mcpServers: readonly string[];
  readonly promptedAt: number;
}

/**
 * @param startedAt when the run began, ms since the epoch: what a session that is continued did before is no progress
 */
export function servedProgress({ sessionId, mcpServers, promptedAt }: FollowedRun, startedAt: number): ServedProgress {
  let progress: Progress = { ...initialProgress, sessionId, phase: { kind: "prompt", since: promptedAt } };
  /** When the last request was sent, as the log has it. */
  let requestedAt = Number.NEGATIVE_INFINITY;
  const ours = new Set([sessionId]);
  const told = new Set<string>();
  const running = new Map<string, RunningTool>();
  const steps = new Set<string>();
  const subtasks = new Map<string, string>();
  const change = (part: Partial<Progress>): void => {
    progress = { ...progress, ...part };
  };
  const toTools = (): void => {
    if (running.size > 0 || progress.phase.kind === "tools")
      change({ phase: { kind: "tools", running: [...running.values()] } });
  };
  const tell = (id: string, json: object): readonly RunEvent[] => {
    if (told.has(id)) return [];
    const event = readRunEventJson(json);
    if (!event) return [];
    told.add(id);
    progress = reduceProgress(progress, { from: "stream", event });
    return [event];
  };

  const takePart = (part: RawPart, at: number): readonly RunEvent[] => {
    const base = { timestamp: at, sessionID: sessionId, part };
    switch (part.type) {
      case "step-start":
        if (running.size === 0) change({ phase: { kind: "streaming" } });
        return tell(part.id, { ...base, type: "step_start" });
      case "step-finish":
        return tell(part.id, { ...base, type: "step_finish" });
      case "text":
      case "reasoning": {
        if (!hasEnded(part)) {
          // The prompt is a text too, without times.
          if (running.size === 0 && steps.has(part.messageID)) change({ phase: { kind: "streaming" } });
          return [];
        }
        return tell(part.id, { ...base, type: part.type });
      }
      case "tool": {
        const tool = toolOf(part, at);
        if (tool === undefined) return [];
        if (tool.state === "running") {
          // Read from the server a moment before its end was told.
          if (told.has(part.id)) return [];
          running.set(part.id, running.get(part.id) ?? tool.running);
          toTools();
          return [];
        }
        running.delete(part.id);
        const events = tell(part.id, { ...base, type: "tool_use" });
        toTools();
        return events;
      }
      default:
        return [];
    }
  };

  const phaseOfNew = (created: number, at: number): Phase => {
    if (requestedAt >= created) return { kind: "waiting-for-model", since: requestedAt };
    return isBeforeRequest(progress.phase) ? progress.phase : { kind: "prompt", since: at };
  };

  const takeMessage = (message: Extract<ServerEvent, { type: "message.updated" }>): void => {
    const { info } = message.properties;
    if (info.role !== "assistant" || steps.has(info.id) || createdAt(info) < startedAt) return;
    steps.add(info.id);
    change({
      step: steps.size - 1,
      asking: null,
      // Its message is there before its request is put together; the log may have told of that already.
      phase: phaseOfNew(createdAt(info), message.at),
    });
  };

  const takeStatus = ({ properties, at }: Extract<ServerEvent, { type: "session.status" }>): void => {
    const isRoot = properties.sessionID === sessionId;
    const { status } = properties;
    if (status.type === "retry") {
      const lastFailure: FailedAttempt = { since: at, reason: status.message };
      change({
        failedAttempts: progress.failedAttempts + 1,
        lastFailure,
        ...(isRoot ? { phase: { kind: "retrying", ...lastFailure, until: status.next } } : {}),
      });
    } else if (isRoot && status.type === "busy" && progress.phase.kind === "retrying") {
      change({ phase: { kind: "waiting-for-model", since: at } });
    } else if (isRoot && status.type === "idle") {
      change({ phase: { kind: "finishing" }, asking: null });
    }
  };

  return {
    get progress() {
      return progress;
    },
    isOurs: (id) => ours.has(id),
    takeLine: (line) => {
      const { message, fields, at } = line;
      if (message !== "stream") {
        const phase = ownWork(progress.phase, line, mcpServers);
        if (phase) change({ phase });
        return;
      }
      if (fields["session.id"] !== sessionId || fields.small === "true") return;
      requestedAt = at;
      // The answer's first words may be here already.
      if (isBeforeRequest(progress.phase)) change({ phase: { kind: "waiting-for-model", since: at } });
    },
    take: (event) => {
      switch (event.type) {
        case "session.created": {
          const { id, parentID } = event.properties.info;
          if (!parentID || !ours.has(parentID) || ours.has(id)) return [];
          ours.add(id);
          subtasks.set(id, parentID);
          change({ subagents: subtasks.size });
          return [];
        }
        case "session.status":
          if (ours.has(event.properties.sessionID)) takeStatus(event);
          return [];
        case "session.error": {
          const { sessionID, error } = event.properties;
          if (sessionID !== sessionId || !error) return [];
          return tell(`error ${event.at}`, { timestamp: event.at, sessionID, type: "error", error });
        }
        case "message.updated":
          if (sessionIdOf(event) === sessionId) takeMessage(event);
          return [];
        case "message.part.updated":
          return sessionIdOf(event) === sessionId ? takePart(event.properties.part, event.at) : [];
        case "message.part.delta": {
          const { sessionID, delta, field } = event.properties;
          if (sessionID !== sessionId || field !== "text" || running.size > 0) return [];
          const before = progress.phase.kind === "streaming" ? (progress.phase.tail ?? "") : "";
          change({ phase: { kind: "streaming", tail: (before + delta).slice(-TAIL_LENGTH) } });
          return [];
        }
        case "permission.asked": {
          const { sessionID, permission, patterns } = event.properties;
          if (!ours.has(sessionID)) return [];
          change({ asking: { permission, detail: JSON.stringify(patterns), since: event.at } });
          return [];
        }
        case "permission.replied":
          if (ours.has(event.properties.sessionID)) change({ asking: null });
          return [];
        default:
          return [];
      }
    },
  };
}

function createdAt({ time }: { readonly [key: string]: unknown }): number {
  if (typeof time !== "object" || time === null || !("created" in time)) return Number.POSITIVE_INFINITY;
  return typeof time.created === "number" ? time.created : Number.POSITIVE_INFINITY;
}

function hasEnded({ time }: RawPart): boolean {
  return typeof time === "object" && time !== null && "end" in time && time.end !== undefined;
}

function toolOf(
  { tool, state }: RawPart,
  at: number,
): { readonly state: "running"; readonly running: RunningTool } | { readonly state: "ended" } | undefined {
  if (typeof tool !== "string" || typeof state !== "object" || state === null || !("status" in state)) return undefined;
  if (state.status === "completed" || state.status === "error") return { state: "ended" };
  if (state.status !== "running") return undefined;
  const input: unknown = "input" in state ? state.input : undefined;
  return { state: "running", running: { name: tool, detail: mainArgument(input), since: at } };
}

/** A command, a path, a pattern: the first text among the arguments. */
export function mainArgument(input: unknown): string {
  if (typeof input !== "object" || input === null) return "";
  return Object.values(input).find((value): value is string => typeof value === "string") ?? "";
}
