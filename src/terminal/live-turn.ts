/** A turn as it comes along: what opencode's stream and the run's progress tell, as rows like those of the whole trace. */
import { toolText } from "../analysis/row-texts.js";
import type { RowFacts, TreeRow } from "../analysis/tree-rows.js";
import { classifyTool, type ToolFailure } from "../errors/tool-failure.js";
import { type Phase, type Progress, type RunEvent, type RunningSubagent, toolFacts } from "../opencode/drive.js";
import { plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { toolFailureText } from "../trace/tool-failure-text.js";

/** Work of opencode's own before the first request, times in ms since the epoch. */
export interface StartingStretch {
  readonly phase: StartingPhase;
  readonly start: number;
  /** Null while it goes on. */
  readonly end: number | null;
}

/** What opencode is at before a model is asked. */
export type StartingPhase =
  | Extract<Phase, { readonly kind: "starting" | "loading" | "mcp" | "prompt" }>
  /** looptrace loads itself, before it counts opencode's start. */
  | { readonly kind: "looptrace"; readonly since: number }
  /** A server that an earlier run left was found, and none was started. */
  | { readonly kind: "finding"; readonly since: number };

interface LiveCall {
  /** When the request was sent. */
  readonly start: number;
  readonly firstTokenAt: number | null;
  /** Null while it goes on. */
  readonly end: number | null;
  readonly text: string;
  readonly tokens: RowFacts["tokens"];
  readonly cost: number | null;
}

interface LiveTool {
  readonly callId: string;
  readonly name: string;
  readonly title: string | null;
  readonly input: unknown;
  readonly failure: ToolFailure | null;
  readonly start: number;
  readonly end: number;
}

interface LiveStep {
  /** opencode's message; null until one of its parts has told it. */
  readonly messageId: string | null;
  readonly start: number;
  readonly end: number | null;
  readonly call: LiveCall | null;
  readonly tools: readonly LiveTool[];
  readonly failures: readonly { readonly at: number; readonly reason: string }[];
}

/** Where a turn stands; plain data, changed by {@link afterProgress} and {@link afterEvent} alone. */
export interface LiveTurn {
  /** What opencode did before its first request, in time's order. */
  readonly starting: readonly StartingStretch[];
  readonly steps: readonly LiveStep[];
  readonly progress: Progress | null;
}

/** @param at when opencode was called, ms since the epoch */
export function liveTurn(at: number): LiveTurn {
  return { starting: [{ phase: { kind: "starting", since: at }, start: at, end: null }], steps: [], progress: null };
}

/** @param at when it was told, ms since the epoch */
export function afterProgress(turn: LiveTurn, progress: Progress, at: number): LiveTurn {
  const { phase } = progress;
  const told = { ...turn, progress, starting: startingAfter(turn, phase, at) };
  const failed = progress.lastFailure;
  const isNewFailure = failed !== null && failed.since !== turn.progress?.lastFailure?.since;
  const asked = phase.kind === "waiting-for-model" ? withRequest(told, progress.step ?? 0, phase.since) : told;
  const heard =
    phase.kind === "streaming" ? withLast(asked, (step) => ({ ...step, call: answering(step, at) })) : asked;
  if (!isNewFailure) return heard;
  const failure = { at: failed.since, reason: failed.reason };
  return withLast(heard, (step) => ({ ...step, failures: [...step.failures, failure] }));
}

/** A finished piece of the root session's. */
export function afterEvent(turn: LiveTurn, event: RunEvent): LiveTurn {
  switch (event.type) {
    case "step_start":
    case "error":
      return turn;
    case "text":
    case "reasoning": {
      const { text, time } = event.part;
      return withStep(turn, event.part, event.timestamp, (step) => {
        const call = answering(step, event.timestamp);
        const isThought = event.type === "reasoning" && call.text !== "";
        return { ...step, call: { ...call, end: time?.end ?? event.timestamp, text: isThought ? call.text : text } };
      });
    }
    case "tool_use": {
      const { part } = event;
      const tool = toolOf(part, event.timestamp);
      return withStep(turn, part, tool.start, (step) => {
        const call = step.call && { ...step.call, end: step.call.end ?? Math.max(step.call.start, tool.start) };
        return { ...step, call, tools: [...step.tools, tool] };
      });
    }
    case "step_finish": {
      const { tokens, cost } = event.part;
      const { input, output, reasoning, cache } = tokens;
      const figures = { input: input + cache.read + cache.write, cached: cache.read, output, reasoning };
      return withStep(turn, event.part, event.timestamp, (step) => {
        const call = answering(step, event.timestamp);
        const told = { ...call, end: call.end ?? event.timestamp, tokens: figures, cost };
        return { ...step, end: event.timestamp, call: told };
      });
    }
    default:
      return event satisfies never;
  }
}

/**
 * What a finished tool failed at, on one line: `bash npm test: exit 1`; undefined for all else.
 *
 * @param directory the session's
 */
export function failedToolText(event: RunEvent, directory: string): string | undefined {
  if (event.type !== "tool_use") return undefined;
  const tool = toolOf(event.part, event.timestamp);
  const text = toolFailureText(tool, directory);
  return text === null ? undefined : `${oneLine(tool.name)} ${text}`;
}

function startingAfter({ starting, steps }: LiveTurn, phase: Phase, at: number): readonly StartingStretch[] {
  const last = starting.at(-1);
  if (last === undefined || last.end !== null) return starting;
  // What it does between two steps is no start.
  if (!isStarting(phase) || steps.length > 0) return [...starting.slice(0, -1), { ...last, end: sinceOf(phase) ?? at }];
  if (phase.kind === "starting" && last.phase.kind === "starting" && starting.length === 1) {
    // The turn's tree counts from there too.
    const begun = Math.max(last.start, phase.since ?? last.start);
    const own = { phase: { kind: "looptrace", since: last.start }, start: last.start, end: begun } as const;
    return [...(begun > last.start ? [own] : []), { phase, start: begun, end: null }];
  }
  if (phase.kind === last.phase.kind) return starting;
  const start = Math.max(last.start, phase.since ?? at);
  const isFound = phase.kind === "loading" && phase.isWarm === true && last.phase.kind === "starting";
  const before = isFound ? { ...last, phase: { kind: "finding", since: last.start } as const } : last;
  return [...starting.slice(0, -1), { ...before, end: start }, { phase, start, end: null }];
}

function isStarting(phase: Phase): phase is Extract<Phase, StartingPhase> {
  return ["starting", "loading", "mcp", "prompt"].includes(phase.kind);
}

function sinceOf(phase: Phase): number | undefined {
  return phase.kind === "waiting-for-model" ? phase.since : undefined;
}

const NO_CALL = { firstTokenAt: null, end: null, text: "", tokens: null, cost: null };

function newStep(start: number): LiveStep {
  return { messageId: null, start, end: null, call: null, tools: [], failures: [] };
}

/** A request of a step, the step's first or one more after a failure. */
function withRequest(turn: LiveTurn, index: number, since: number): LiveTurn {
  const { steps } = turn;
  const isNew = steps.length === 0 || (index >= steps.length && steps.at(-1)?.end !== null);
  if (isNew) return { ...turn, steps: [...steps, { ...newStep(since), call: { ...NO_CALL, start: since } }] };
  return withLast(turn, (step) => {
    if (step.call && (step.call.firstTokenAt !== null || step.call.end !== null)) return step;
    return { ...step, call: { ...NO_CALL, start: since } };
  });
}

function answering(step: LiveStep, at: number): LiveCall {
  const call = step.call ?? { ...NO_CALL, start: step.start };
  return { ...call, firstTokenAt: call.firstTokenAt ?? at };
}

function withLast(turn: LiveTurn, change: (step: LiveStep) => LiveStep): LiveTurn {
  const last = turn.steps.at(-1);
  return last ? { ...turn, steps: [...turn.steps.slice(0, -1), change(last)] } : turn;
}

/** The step of a message: the one that is known by it, else the last where that is not known by any, else a new one. */
function withStep(
  turn: LiveTurn,
  { messageID }: { readonly [key: string]: unknown },
  at: number,
  change: (step: LiveStep) => LiveStep,
): LiveTurn {
  const { steps } = turn;
  const messageId = typeof messageID === "string" ? messageID : null;
  const known = steps.findIndex((step) => step.messageId === messageId);
  const index = known >= 0 ? known : steps.findIndex((step) => step.messageId === null);
  if (index < 0) return { ...turn, steps: [...steps, change({ ...newStep(at), messageId })] };
  return { ...turn, steps: steps.map((step, at) => (at === index ? change({ ...step, messageId }) : step)) };
}

function toolOf(part: Extract<RunEvent, { type: "tool_use" }>["part"], at: number): LiveTool {
  const facts = toolFacts(part);
  const failure = classifyTool(facts);
  const { state } = part;
  const time = state.status === "pending" ? undefined : state.time;
  return {
    callId: part.callID,
    name: failure?.tool ?? part.tool,
    title: state.status === "completed" ? (state.title ?? null) : null,
    input: facts.input,
    failure,
    start: time?.start ?? at,
    end: state.status === "completed" || state.status === "error" ? state.time.end : at,
  };
}

/** What a live tree is of. */
export interface LiveContext {
  /** What was asked. */
  readonly message: string;
  /** The session's. */
  readonly directory: string;
  /** ms since the epoch */
  readonly now: number;
}

const NOTHING = { longest: null, tokens: null, cost: null, aside: "", exact: true, detail: "" } as const;
/** A line shows less. */
const MOST_TEXT = 400;

/** The rows of a turn that goes on, like those of its trace. */
export interface LiveRows {
  /** The turn's own, and those of its last steps; none before its first step. */
  readonly rows: readonly TreeRow[];
  /** How many rows the steps before have. */
  readonly before: number;
}

/** @param mostSteps how many steps, the last ones, have rows: a screen shows no more */
export function liveRows(turn: LiveTurn, { message, directory, now }: LiveContext, mostSteps: number): LiveRows {
  const { progress } = turn;
  const [first] = turn.steps;
  if (!first) return { rows: [], before: 0 };
  const from = Math.max(0, turn.steps.length - mostSteps);
  const steps = turn.steps.slice(from);
  const isOver = progress?.phase.kind === "finishing";
  const end = isOver ? Math.max(...steps.map((step) => step.end ?? step.start)) : now;
  const costs = turn.steps.flatMap(({ call }) => call?.cost ?? []);
  const loop: TreeRow = {
    ...NOTHING,
    ...timeOf(first.start, end),
    ...{ kind: "loop", name: "opencode.loop", tone: "plain", more: [] },
    cost: costs.length > 0 ? costs.reduce((sum, cost) => sum + cost, 0) : null,
    detail: quoted(message),
  };
  const rows = [
    loop,
    ...steps.flatMap((step, at): TreeRow[] => {
      const isLast = at === steps.length - 1;
      const index = from + at;
      const below = rowsBelow(step, { directory, now, running: isLast ? progress : null });
      const row = { ...NOTHING, ...timeOf(step.start, step.end ?? end), kind: "step", tone: "plain" } as const;
      return [
        { ...row, name: `loop.step-${index}`, more: [!isLast] },
        ...below.flatMap(({ rowOf, inside }, place): TreeRow[] => {
          const more = [!isLast, place < below.length - 1];
          return [{ ...rowOf(index), more }, ...(inside ? rowsInside(inside, { now, more }) : [])];
        }),
      ];
    }),
  ];
  return { rows, before: turn.steps.slice(0, from).reduce((sum, step) => sum + rowCount(step), 0) };
}

function rowCount({ call, tools, failures }: LiveStep): number {
  return 1 + (call ? 1 : 0) + tools.length + failures.length;
}

type RowOf = (index: number) => RowFacts;

interface BelowStep {
  readonly rowOf: RowOf;
  /** What the tool has started. */
  readonly inside?: RunningSubagent | undefined;
}

function rowsBelow(
  step: LiveStep,
  { directory, now, running }: { readonly directory: string; readonly now: number; readonly running: Progress | null },
): readonly BelowStep[] {
  const { call, tools, failures } = step;
  const phase = running?.phase;
  return [
    ...failures.map(({ at, reason }): BelowStep => {
      const row = { ...NOTHING, ...timeOf(at, at), kind: "retry", name: "retry", tone: "warning" } as const;
      return { rowOf: () => ({ ...row, duration: null, detail: oneLine(reason).replace(/^\w+Error: /, "") }) };
    }),
    ...(call ? [{ rowOf: (index: number) => callRow(call, step, { index, now, phase }) }] : []),
    ...tools.map((tool): BelowStep => {
      const tone = tool.failure ? "warning" : "plain";
      const row = { ...NOTHING, ...timeOf(tool.start, tool.end), kind: "tool", tone } as const;
      const detail = toolText({ ...tool, notes: [] }, directory);
      return { rowOf: () => ({ ...row, name: `tool.${oneLine(tool.name)}`, detail }) };
    }),
    ...(running ? toolsAtWork(running, now) : []),
  ];
}

/** Tools that start subagents, as opencode calls them. */
const STARTERS: ReadonlySet<string> = new Set(["task", "subagent"]);

/** The tools that are running; subagents began in the order of those that have started them. */
function toolsAtWork({ phase, inside }: Progress, now: number): readonly BelowStep[] {
  if (phase.kind !== "tools") return [];
  const waiting = [...inside];
  return phase.running.map(({ name, detail, since }) => ({
    rowOf: () => ({
      ...{ ...NOTHING, ...timeOf(since, now), kind: "tool", tone: "plain" },
      ...{ name: `tool.${oneLine(name)}`, detail: oneLine(detail.slice(0, MOST_TEXT)) },
    }),
    inside: STARTERS.has(name) ? waiting.shift() : undefined,
  }));
}

/** What a subagent is at: how much is done, and its step with what runs in it. */
function rowsInside(
  { title, progress }: RunningSubagent,
  { now, more }: { readonly now: number; readonly more: readonly boolean[] },
): readonly TreeRow[] {
  const { step, phase, toolsDone } = progress;
  const untimed = { ...NOTHING, start: now, end: now, duration: null, tone: "plain" } as const;
  const done = toolsDone > 0 ? `${plural(toolsDone, "tool")} done` : "";
  const detail = [done, oneLine(title.slice(0, MOST_TEXT))].filter(Boolean).join(" · ");
  const loop: TreeRow = { ...untimed, kind: "loop", name: "opencode.loop", detail, more: [...more, false] };
  if (step === null) return [loop];
  const inStep = [...more, false, false];
  const at: TreeRow = { ...untimed, kind: "step", name: `loop.step-${step}`, more: inStep };
  const call = callInside(phase, now);
  const tools = toolsAtWork(progress, now);
  return [
    loop,
    at,
    ...(call
      ? [{ ...untimed, ...call, kind: "call", name: `llm-call-${step}`, more: [...inStep, false] } as const]
      : []),
    ...tools.flatMap(({ rowOf, inside }, place): readonly TreeRow[] => {
      const own = [...inStep, place < tools.length - 1];
      return [{ ...rowOf(step), more: own }, ...(inside ? rowsInside(inside, { now, more: own }) : [])];
    }),
  ];
}

/** A subagent's request, while it is answered. */
function callInside(phase: Phase, now: number): Partial<RowFacts> | undefined {
  if (phase.kind === "waiting-for-model") return { ...timeOf(phase.since, now), detail: "waiting for the model" };
  return phase.kind === "streaming" ? { detail: quoted(phase.tail ?? "") } : undefined;
}

function callRow(
  call: LiveCall,
  { tools }: LiveStep,
  { index, now, phase }: { readonly index: number; readonly now: number; readonly phase: Phase | undefined },
): RowFacts {
  const asked = tools.map(({ name }) => name).join(", ");
  const isWaited = call.firstTokenAt === null && call.end === null;
  const tail = phase?.kind === "streaming" && call.end === null ? (phase.tail ?? "") : "";
  return {
    ...NOTHING,
    ...timeOf(
      call.start,
      call.end ?? (phase?.kind === "tools" ? Math.min(now, ...phase.running.map(({ since }) => since)) : now),
    ),
    ...{ kind: "call", name: `llm-call-${index}`, tone: "plain", tokens: call.tokens, cost: call.cost },
    detail: isWaited
      ? "waiting for the model"
      : [quoted(tail === "" ? call.text : tail), asked === "" ? "" : `→ ${oneLine(asked)}`].filter(Boolean).join(" · "),
  };
}

function timeOf(start: number, end: number): Pick<RowFacts, "start" | "end" | "duration"> {
  return { start, end: Math.max(start, end), duration: Math.max(0, end - start) };
}

function quoted(text: string): string {
  const line = oneLine(text.slice(0, MOST_TEXT));
  return line === "" ? "" : `“${line}”`;
}
