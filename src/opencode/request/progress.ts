import { classifyTool } from "../../errors/tool-failure.js";
import { isOfTitle } from "../read/log-evidence.js";
import type { LogLine } from "../read/log-line.js";
import type { RunEvent } from "../schema/run-event.js";
import { toolFacts } from "../v1/tool-facts.js";
import { permissionOf } from "./permission-policy.js";

/** What the run is doing right now. */
export type Phase =
  /**
   * opencode's process begins, or one of an earlier run is looked for. `since`: epoch, ms; `isBegun`: there was none, or
   * none of use; `why`: why, where that is known by then, as in `UsedServer`.
   */
  | { readonly kind: "starting"; readonly since?: number; readonly isBegun?: boolean; readonly why?: string }
  /**
   * It loads the project: configuration, plugins, agents. `since`: epoch, ms; `isWarm`: it is a server that an earlier
   * run left, so that none was started; `why`: why one was, as in `UsedServer`.
   */
  | { readonly kind: "loading"; readonly since: number; readonly isWarm?: boolean; readonly why?: string }
  /** It asks the MCP servers for their tools. `since`: epoch, ms; `servers`: their names, as configured. */
  | { readonly kind: "mcp"; readonly since: number; readonly servers: readonly string[] }
  /** It takes the prompt in, or puts the next request together. `since`: epoch, ms. */
  | { readonly kind: "prompt"; readonly since: number }
  /** A request was sent to the model, nothing has come back yet. `since`: epoch, ms. */
  | { readonly kind: "waiting-for-model"; readonly since: number }
  /** `tail`: the end of what it has written so far, where that is known. */
  | { readonly kind: "streaming"; readonly tail?: string }
  /** The last entry began last; `since`: epoch, ms; `detail`: what it works on (a command, a path). */
  | { readonly kind: "tools"; readonly running: readonly RunningTool[] }
  /** An attempt failed; opencode waits before the next one. */
  | ({
      readonly kind: "retrying" /** When it asks again, where that is known; epoch, ms. */;
      readonly until?: number;
    } & FailedAttempt)
  | { readonly kind: "finishing" };

/** A tool that is at work. */
export interface RunningTool {
  /**
   * Of a run on a server the tool's name; else the permission that it needs, which for most tools is the same, and
   * `edit` for all that change files.
   */
  readonly name: string;
  /** What it works on: a command, a path. */
  readonly detail: string;
  /** ms since the epoch. */
  readonly since: number;
}

/** A subagent that is at work. */
export interface RunningSubagent {
  /** The session that it is. */
  readonly sessionId: string;
  /** The title of its session: what it is to do. */
  readonly title: string;
  /** What it is at; what it has started in turn is inside of that. */
  readonly progress: Progress;
}

/** A request to the model that failed. `since`: epoch, ms; `reason`: the provider's message. */
export interface FailedAttempt {
  /** ms since the epoch. */
  readonly since: number;
  /** What went wrong, one line. */
  readonly reason: string;
}

/** A permission that opencode asks for. `since`: epoch, ms; `detail`: the patterns, as JSON. */
export interface Asking {
  /** What it wants to do, such as `bash`. */
  readonly permission: string;
  /** What with: a command, a path. */
  readonly detail: string;
  /** ms since the epoch. */
  readonly since: number;
}

/** How far a run has come. Tokens and cost are those of the root session's finished calls. */
export interface Progress {
  /** The session; null before there is one. */
  readonly sessionId: string | null;
  /** Which iteration of the loop, from 0; null before the first. */
  readonly step: number | null;
  /** What it is at. */
  readonly phase: Phase;
  /**
   * Asked since the last request to the model. In the root session opencode answers by itself at once; what a subagent
   * asks is never answered by 1.15 and 1.17, not even with automatic approval: the run then hangs until its deadline.
   */
  readonly asking: Asking | null;
  /** Tools that came to an end, failed ones included. */
  readonly toolsDone: number;
  /** How many of these failed. */
  readonly toolsFailed: number;
  /** Attempts to reach the model that failed and were, or will be, made again. */
  readonly failedAttempts: number;
  /** The last of them, in a subagent or not; it stays when the model has been asked again. */
  readonly lastFailure: FailedAttempt | null;
  /** Sessions that subagents have started. */
  readonly subagents: number;
  /** Of a run on a server those that the session has started and that are at work, the first one first. */
  readonly inside: readonly RunningSubagent[];
  /** Tokens of the root session's finished calls. */
  readonly tokens: {
    readonly input: number;
    readonly output: number;
    readonly reasoning: number;
    readonly cacheRead: number;
    readonly cacheWrite: number;
  };
  /** USD, as far as opencode knows prices. */
  readonly cost: number;
}

/** Something that was seen while a run went on: an event of its stream, or a line of its log. */
export type RunSign =
  | { readonly from: "stream"; readonly event: RunEvent }
  | {
      readonly from: "log";
      readonly line: LogLine;
      /** The names of the MCP servers that opencode has. */
      readonly mcpServers?: readonly string[] | undefined;
    };

export const initialProgress: Progress = {
  sessionId: null,
  step: null,
  phase: { kind: "starting" },
  asking: null,
  toolsDone: 0,
  toolsFailed: 0,
  failedAttempts: 0,
  lastFailure: null,
  subagents: 0,
  inside: [],
  tokens: { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 },
  cost: 0,
};

/**
 * The progress after one more piece of evidence; the same object when it says nothing new.
 *
 * The stream knows what is finished (tools, calls with their tokens), the log knows what begins (steps, requests,
 * failed attempts, tools). The log's lines about tools name no session, so a subagent's tools are among the running
 * ones.
 */
export function reduceProgress(progress: Progress, evidence: RunSign): Progress {
  if (evidence.from === "stream") return afterEvent(progress, evidence.event);
  const { line, mcpServers = [] } = evidence;
  const phase = ownWork(progress.phase, line, mcpServers);
  return phase ? { ...progress, phase } : afterLine(progress, line);
}

/** What opencode is at by itself before a request, as far as a line of its log tells; undefined where it does not. */
export function ownWork(phase: Phase, line: LogLine, mcpServers: readonly string[]): Phase | undefined {
  switch (line.message) {
    case "creating instance":
      return phase.kind === "starting" ? { kind: "loading", since: line.at } : undefined;
    // Its own tools are known; those of the servers come next.
    case "shell tool using shell":
      return phase.kind === "prompt" && mcpServers.length > 0
        ? { kind: "mcp", since: line.at, servers: mcpServers }
        : undefined;
    // The skills, which follow on the servers' tools.
    case "init":
      return phase.kind === "mcp" && line.fields.count !== undefined ? { kind: "prompt", since: line.at } : undefined;
    default:
      return undefined;
  }
}

/** Whether opencode has yet to ask the model. */
export function isBeforeRequest({ kind }: Phase): boolean {
  return kind === "starting" || kind === "loading" || kind === "mcp" || kind === "prompt";
}

function afterEvent(before: Progress, event: RunEvent): Progress {
  const sessionId = before.sessionId ?? event.sessionID ?? null;
  const progress = sessionId === before.sessionId ? before : { ...before, sessionId };
  switch (event.type) {
    case "step_start":
    case "text":
    case "reasoning":
      // The stream lags behind the log; a tool that runs already is the newer news.
      return progress.phase.kind === "waiting-for-model" || isBeforeRequest(progress.phase)
        ? { ...progress, phase: { kind: "streaming" } }
        : progress;
    case "tool_use":
      return {
        ...progress,
        toolsDone: progress.toolsDone + 1,
        toolsFailed: progress.toolsFailed + (classifyTool(toolFacts(event.part)) ? 1 : 0),
        phase: withoutTool(progress.phase, permissionOf(event.part.tool)),
      };
    case "step_finish": {
      const { tokens, cost } = event.part;
      return {
        ...progress,
        tokens: {
          input: progress.tokens.input + tokens.input,
          output: progress.tokens.output + tokens.output,
          reasoning: progress.tokens.reasoning + tokens.reasoning,
          cacheRead: progress.tokens.cacheRead + tokens.cache.read,
          cacheWrite: progress.tokens.cacheWrite + tokens.cache.write,
        },
        cost: progress.cost + cost,
      };
    }
    case "error":
      return progress;
  }
}

function afterLine(progress: Progress, line: LogLine): Progress {
  const session = line.fields["session.id"];
  const isRoot = session !== undefined && (progress.sessionId === null || session === progress.sessionId);
  switch (line.message) {
    case "created":
      return line.fields.parentID?.startsWith("ses_") ? { ...progress, subagents: progress.subagents + 1 } : progress;
    case "loop":
      // The first loop of all is the root session's.
      return isRoot
        ? {
            ...progress,
            ...{ sessionId: session, step: stepOf(line) ?? progress.step },
            phase: { kind: "prompt", since: line.at },
          }
        : progress;
    case "exiting loop":
      // opencode opens one more iteration to find out that there is nothing left to do.
      return isRoot
        ? {
            ...progress,
            step: progress.step ? progress.step - 1 : null,
            phase: { kind: "finishing" },
            asking: null,
          }
        : progress;
    case "stream":
      return afterRequest(progress, line, isRoot);
    case "stream error": {
      if (isOfTitle(line)) return progress;
      const lastFailure = { since: line.at, reason: reasonOf(line) };
      return {
        ...progress,
        failedAttempts: progress.failedAttempts + 1,
        lastFailure,
        phase: isRoot ? { kind: "retrying", ...lastFailure } : progress.phase,
      };
    }
    case "evaluated":
      return afterPermission(progress, line);
    case "asking":
      return {
        ...progress,
        asking: {
          permission: line.fields.permission ?? "",
          detail: line.fields.patterns ?? "",
          since: line.at,
        },
      };
    default:
      return progress;
  }
}

function stepOf(line: LogLine): number | undefined {
  return /^\d{1,9}$/.test(line.fields.step ?? "") ? Number(line.fields.step) : undefined;
}

function afterRequest(before: Progress, line: LogLine, isRoot: boolean): Progress {
  if (line.fields.small === "true") return before;
  const progress = before.asking ? { ...before, asking: null } : before;
  if (isRoot) return { ...progress, phase: { kind: "waiting-for-model", since: line.at } };
  // A subagent asks its model again, so the tools that it ran before are done; its own task goes on.
  if (progress.phase.kind !== "tools") return progress;
  const task = progress.phase.running.findIndex((tool) => tool.name === "task");
  if (task < 0) return progress;
  return { ...progress, phase: { kind: "tools", running: progress.phase.running.slice(0, task + 1) } };
}

/** A tool that may run is about to: this is the only trace of a beginning tool outside of opencode's database. */
function afterPermission(progress: Progress, line: LogLine): Progress {
  const { permission, pattern = "" } = line.fields;
  if (permission === undefined || permission === "external_directory" || permission === "doom_loop") {
    return progress;
  }
  if (actionOf(line) !== "allow") return progress;
  const running = progress.phase.kind === "tools" ? progress.phase.running : [];
  const tool = { name: permission, detail: pattern, since: line.at };
  // One command line is evaluated part by part: `sleep 1; echo hi` gives two lines in the same moment.
  const last = running.at(-1);
  if (last?.name === permission && line.at - last.since < 5) {
    const merged = { ...last, detail: `${last.detail}; ${pattern}` };
    return { ...progress, phase: { kind: "tools", running: [...running.slice(0, -1), merged] } };
  }
  return { ...progress, phase: { kind: "tools", running: [...running, tool] } };
}

function actionOf(line: LogLine): string | undefined {
  const logfmt = line.fields["action.action"];
  if (logfmt !== undefined) return logfmt;
  return /"action":"(\w+)"/.exec(line.fields.action ?? "")?.[1];
}

/** One line for a person. 1.15 logs the whole request with the error; only its message is taken from that. */
function reasonOf(line: LogLine): string {
  const logfmt = line.fields["error.error"];
  if (logfmt !== undefined) return logfmt.slice(0, 300);
  const json = line.fields.error ?? "";
  const messages = [...json.matchAll(/"message":"((?:[^"\\]|\\.){1,300})"/g)];
  return messages.at(-1)?.[1] ?? "the request failed";
}

function withoutTool(phase: Phase, name: string): Phase {
  if (phase.kind !== "tools") return phase;
  const index = phase.running.findIndex((tool) => tool.name === name);
  if (index < 0) return phase;
  return { kind: "tools", running: phase.running.filter((_, at) => at !== index) };
}
