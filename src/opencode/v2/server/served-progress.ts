import { errorObjectOf } from "../../../errors/opencode2-error.js";
import { isFields } from "../../../text/json-fields.js";
import {
  type FailedAttempt,
  initialProgress,
  type Progress,
  type RunningTool,
  reduceProgress,
} from "../../request/progress.js";
import { type RunEvent, readRunEventJson } from "../../schema/run-event.js";
import { type FollowedRun, mainArgument, type ServedProgress, TAIL_LENGTH } from "../../server/served-progress.js";
import { type ServerEvent2, sessionIdOf2 } from "./server-event.js";

/** A tool call, from its name on. */
interface Call {
  readonly name: string;
  readonly messageID: string;
  readonly created: number;
  readonly input: unknown;
  /** When it began to run, ms since the epoch. */
  readonly ran: number | undefined;
}

/**
 * How a run on a server of opencode 2 comes along, from the server's events.
 *
 * @param startedAt when the run began, ms since the epoch: what a session that is continued did before is no progress
 */
export function servedProgress2(
  { sessionId, promptedAt }: FollowedRun,
  startedAt: number,
): ServedProgress<ServerEvent2> {
  let progress: Progress = { ...initialProgress, sessionId, phase: { kind: "prompt", since: promptedAt } };
  const ours = new Set([sessionId]);
  const told = new Set<string>();
  const calls = new Map<string, Call>();
  const steps = new Set<string>();
  let texts = 0;
  const change = (part: Partial<Progress>): void => {
    progress = { ...progress, ...part };
  };
  const running = (): readonly RunningTool[] =>
    [...calls.values()].flatMap(({ name, input, ran }) =>
      ran === undefined ? [] : [{ name, detail: mainArgument(input), since: ran }],
    );
  const toTools = (): void => {
    const tools = running();
    if (tools.length > 0 || progress.phase.kind === "tools") change({ phase: { kind: "tools", running: tools } });
  };
  const toStreaming = (tail?: string): void => {
    if (running().length === 0) change({ phase: { kind: "streaming", ...(tail === undefined ? {} : { tail }) } });
  };
  const tell = (id: string, json: object): readonly RunEvent[] => {
    if (told.has(id)) return [];
    const event = readRunEventJson(json);
    if (!event) return [];
    told.add(id);
    progress = reduceProgress(progress, { from: "stream", event });
    return [event];
  };
  /** As `opencode run --format json` tells it. */
  const part = (type: string, { at }: ServerEvent2, messageID: string, id: string, rest: object): object => {
    const own = { id, sessionID: sessionId, messageID, type: type === "tool_use" ? "tool" : type.replace("_", "-") };
    return { type, timestamp: at, sessionID: sessionId, part: { ...own, ...rest } };
  };

  const takeStep = (event: Extract<ServerEvent2, { type: "session.step.started" }>): readonly RunEvent[] => {
    const { assistantMessageID: id, started = event.at } = event.data;
    if (event.at < startedAt) return [];
    if (!steps.has(id)) change({ step: steps.size });
    steps.add(id);
    texts = 0;
    const events = tell(`${id} begins`, part("step_start", event, id, `${id}-0`, {}));
    change({ asking: null, phase: { kind: "waiting-for-model", since: started } });
    return events;
  };

  const takeTool = (
    event: Extract<ServerEvent2, { type: "session.tool.success" | "session.tool.failed" }>,
  ): readonly RunEvent[] => {
    const { id, assistantMessageID, content = [], metadata, executed } = event.data;
    const { name, input, ran, created } = calls.get(id) ?? {
      ...{ name: "tool", input: {}, ran: undefined, created: event.at, messageID: assistantMessageID },
    };
    calls.delete(id);
    const output = content.flatMap(({ text }) => (typeof text === "string" ? [text] : [])).join("\n");
    const failure = event.type === "session.tool.failed" ? event.data.error.message : undefined;
    const state = {
      status: failure === undefined ? "completed" : "error",
      input: isFields(input) ? input : {},
      ...(failure === undefined ? { output } : { error: failure }),
      title: name,
      metadata,
      time: { start: ran ?? created, end: event.at },
    };
    const rest = { callID: id, tool: name, state, ...(executed ? { metadata: { providerExecuted: true } } : {}) };
    const events = tell(`${assistantMessageID} ${id}`, part("tool_use", event, assistantMessageID, id, rest));
    toTools();
    return events;
  };

  /** Of the run's own session. */
  const takeOwn = (event: ServerEvent2): readonly RunEvent[] => {
    switch (event.type) {
      case "session.step.started":
        return takeStep(event);
      case "session.text.delta":
        toStreaming(
          ((progress.phase.kind === "streaming" ? progress.phase.tail : undefined) ?? "")
            .concat(event.data.delta)
            .slice(-TAIL_LENGTH),
        );
        return [];
      case "session.text.started":
      case "session.reasoning.started":
        if (steps.has(event.data.assistantMessageID)) toStreaming();
        return [];
      case "session.text.ended":
      case "session.reasoning.ended": {
        const { assistantMessageID, text } = event.data;
        texts += 1;
        const type = event.type === "session.text.ended" ? "text" : "reasoning";
        const id = `${assistantMessageID}-${texts}`;
        return tell(id, part(type, event, assistantMessageID, id, { text, time: { start: event.at, end: event.at } }));
      }
      case "session.tool.input.started": {
        const { id, name, assistantMessageID: messageID } = event.data;
        if (told.has(`${messageID} ${id}`)) return [];
        toStreaming();
        calls.set(id, { name, messageID, created: event.at, input: {}, ran: undefined });
        return [];
      }
      case "session.tool.called": {
        const { id, input } = event.data;
        const call = calls.get(id);
        if (call) calls.set(id, { ...call, input, ran: event.at });
        toTools();
        return [];
      }
      case "session.tool.success":
      case "session.tool.failed":
        return takeTool(event);
      case "session.step.ended":
      case "session.step.failed": {
        const { assistantMessageID: id, cost = 0, tokens } = event.data;
        // What its tools have not told they will not tell any more.
        for (const [call, { messageID }] of calls) if (messageID === id) calls.delete(call);
        const reason = event.type === "session.step.ended" ? event.data.finish : "error";
        if (reason === "tool-calls") change({ phase: { kind: "prompt", since: event.at } });
        if (tokens === undefined) return [];
        return tell(`${id} ends`, part("step_finish", event, id, `${id}-9`, { reason, cost, tokens }));
      }
      case "session.execution.started":
        change({ phase: { kind: "prompt", since: event.at } });
        return [];
      case "session.execution.failed": {
        const error = errorObjectOf(event.data.error);
        change({ phase: { kind: "finishing" }, asking: null });
        return tell(`error ${event.at}`, { timestamp: event.at, sessionID: sessionId, type: "error", error });
      }
      case "session.execution.succeeded":
      case "session.execution.interrupted":
        calls.clear();
        change({ phase: { kind: "finishing" }, asking: null });
        return [];
      default:
        return [];
    }
  };

  return {
    get progress() {
      return progress;
    },
    isOurs: (id) => ours.has(id),
    take: (event) => {
      const id = sessionIdOf2(event);
      if (event.type === "session.created") {
        const { parentID } = event.data;
        if (!parentID || !ours.has(parentID) || ours.has(id)) return [];
        ours.add(id);
        change({ subagents: ours.size - 1 });
        return [];
      }
      if (!ours.has(id)) return [];
      switch (event.type) {
        case "session.retry.scheduled": {
          const lastFailure: FailedAttempt = { since: event.at, reason: event.data.error.message };
          change({
            failedAttempts: progress.failedAttempts + 1,
            lastFailure,
            ...(id === sessionId ? { phase: { kind: "retrying", ...lastFailure, until: event.data.at } } : {}),
          });
          return [];
        }
        case "permission.asked": {
          const { action, resources } = event.data;
          change({ asking: { permission: action, detail: JSON.stringify(resources), since: event.at } });
          return [];
        }
        case "permission.replied":
          change({ asking: null });
          return [];
        default:
          return id === sessionId ? takeOwn(event) : [];
      }
    },
  };
}
