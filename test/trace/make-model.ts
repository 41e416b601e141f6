/** Sessions as the readers of exports hand them to the trace, made by hand. What is given wins over what is filled in. */
import type {
  Answer,
  ModelCall,
  RecordedTokens,
  Session,
  Told,
  ToolRun,
  Turn,
  TurnEnd,
  Usage,
} from "../../src/opencode/model.js";
import { SESSION, T0 } from "./make-session.js";

export const MODEL = { providerId: "scripted", modelId: "m1", variant: null };
export const USED: Usage = { input: 100, output: 10, reasoning: 2, cacheRead: 0, cacheWrite: 0 };

/** All times given to the functions below are ms since the session's beginning. */
export function sessionOf(turns: readonly Turn[], more: Partial<Session> = {}): Session {
  return {
    id: SESSION,
    title: "made",
    directory: "/home/dev/project",
    opencodeVersion: "2.0.26",
    projectId: null,
    parentId: null,
    createdAt: T0,
    turns,
    children: [],
    counted: null,
    unread: {},
    ...more,
  };
}

export function turnOf(at: number, rest: Turn["rest"], more: Partial<Turn> = {}): Turn {
  const prompt = told(at, "Go.");
  return {
    id: prompt.id,
    at: T0 + at,
    origin: "prompt",
    agent: "build",
    model: MODEL,
    context: [],
    prompts: [prompt],
    rest,
    copied: false,
    end: null,
    run: null,
    otherCalls: [],
    ownWork: { within: [], around: [] },
    ...more,
  };
}

export function endAt(at: number, outcome: TurnEnd["outcome"], error: TurnEnd["error"] = null): TurnEnd {
  return { at: T0 + at, outcome, error };
}

export function told(at: number, text: string): Told {
  return { kind: "told", id: `msg_told_${at}`, at: T0 + at, content: [{ type: "text", text }] };
}

/** An answered step: the request is sent when the message begins, and the output ends a moment before it does. */
export function answerAt(at: number, to: number | null, more: Partial<Answer> = {}): Answer {
  return {
    kind: "answer",
    id: `msg_${at}`,
    index: at,
    created: T0 + at,
    completed: to === null ? null : T0 + to,
    lastMoment: T0 + (to ?? at),
    agent: "build",
    mode: null,
    step: "answer",
    summary: null,
    answers: null,
    call: callAt(at, to === null ? null : to - 5),
    dead: [],
    tools: [],
    patches: [],
    error: null,
    finish: "stop",
    structured: null,
    notes: [],
    ...more,
  };
}

export function callAt(at: number, to: number | null, more: Partial<ModelCall> = {}): ModelCall {
  return {
    model: MODEL,
    request: { at: T0 + at, timing: "exact" },
    firstContentAt: null,
    outputEnd: to === null ? null : { at: T0 + to, timing: "exact" },
    finished: to !== null,
    answered: to !== null,
    output: { thinking: null, text: "Done.", toolCalls: [] },
    finish: "stop",
    rawFinish: null,
    failure: null,
    tooLarge: false,
    recorded: recorded(USED),
    ...more,
  };
}

export function recorded(usage: Usage, cost = 0): RecordedTokens {
  return { usage, total: null, untrue: { prompt: false, output: false }, elsewhere: null, cost };
}

export function toolAt(at: number, to: number, more: Partial<ToolRun> = {}): ToolRun {
  const name = more.name ?? "shell";
  return {
    id: `tool_${at}`,
    callId: `call_${at}`,
    name,
    status: "completed",
    title: null,
    input: { command: "true" },
    output: "done",
    attachments: [],
    metadata: {},
    facts: { tool: name, status: "completed", input: { command: "true" }, output: "done" },
    start: T0 + at,
    end: T0 + to,
    timing: "exact",
    argumentsAt: null,
    atLeastMs: to - at,
    atMostMs: to - at,
    provider: null,
    own: true,
    subagent: null,
    innerCalls: [],
    ...more,
  };
}
