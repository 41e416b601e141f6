import { attempt } from "../errors/thrown.js";
import { toolDefinitions } from "../otel/genai/messages.js";
import { defined, isFields } from "../text/json-fields.js";
import type { ChatMessage, ContentPart, Loop, LoopTrace, Step, Tool, Totals, WireTables } from "../trace/model.js";
import { addTotals, subagentsOfStep, totalsOf } from "../trace/totals.js";
import { promptTokens } from "../trace/usage.js";
import { LOOPTRACE_VERSION } from "../version.js";
import {
  ATIF_VERSION,
  type AtifFinalMetrics,
  type AtifMetrics,
  type AtifResult,
  type AtifStep,
  type AtifToolCall,
  type AtifTrajectory,
} from "./atif.js";

/**
 * A session's turns as one trajectory, with those of its subagents in it. The same turns give the same trajectory.
 * Secrets are not masked here.
 *
 * @param traces turns of one session, in their order; one at least
 * @throws {RangeError} when there is none, or they are of several sessions
 */
export function atifTrajectory(traces: readonly LoopTrace[]): AtifTrajectory {
  const [first] = traces;
  if (!first) throw new RangeError("a trajectory needs a turn at least");
  const { session } = first;
  if (traces.some((trace) => trace.session.id !== session.id)) {
    throw new RangeError("a trajectory is of one session: give each session's turns by themselves");
  }
  const turns = traces.map(({ loop, wire }) => ({ loop, tables: wire }));
  return trajectoryOf(turns, session.opencodeVersion, session.id, {
    looptrace_version: LOOPTRACE_VERSION,
    title: session.title,
    directory: session.directory,
    turns: traces.map(({ traceId, loop: { outcome, error } }) => {
      return defined({ trace_id: traceId, outcome, error: error ?? undefined });
    }),
  });
}

interface TurnOfSession {
  readonly loop: Loop;
  readonly tables: WireTables | undefined;
}

function trajectoryOf(
  turns: readonly TurnOfSession[],
  version: string,
  trajectoryId: string,
  extra: Readonly<Record<string, unknown>>,
): AtifTrajectory {
  const loops = turns.map(({ loop }) => loop);
  const steps = turns.flatMap((turn, index) => stepsOf(turn, index === 0));
  const below = turns.flatMap(({ loop, tables }) => subagentsIn(loop).map((one) => ({ loop: one, tables })));
  const last = loops.at(-1);
  const notes = loops.flatMap((loop) => [...loop.notes, ...loop.steps.flatMap((step) => step.notes)]);
  return {
    schema_version: ATIF_VERSION,
    session_id: last?.sessionId ?? trajectoryId,
    trajectory_id: trajectoryId,
    agent: {
      name: "opencode",
      version,
      ...defined({ model_name: last?.model?.modelId, tool_definitions: toolDefinitionsOf(turns) }),
      extra: defined({ agent: last?.agent ?? undefined, provider: last?.model?.providerId }),
    },
    steps: steps.map((step, index) => ({ step_id: index + 1, ...step })),
    ...(notes.length > 0 ? { notes: [...new Set(notes)].join("\n") } : {}),
    final_metrics: finalMetrics(loops, steps.length),
    ...(below.length > 0
      ? {
          subagent_trajectories: below.map((turn) =>
            trajectoryOf([turn], version, idOf(turn.loop), outcomeOf(turn.loop)),
          ),
        }
      : {}),
    extra,
  };
}

/** A subagent's session may be continued: each of its runs is a trajectory. */
function idOf({ sessionId, userMessageId }: Loop): string {
  return `${sessionId}/${userMessageId}`;
}

function outcomeOf({ outcome, error }: Loop): Readonly<Record<string, unknown>> {
  return defined({ outcome, error: error ?? undefined });
}

function subagentsIn({ steps, loops }: Loop): readonly Loop[] {
  return [...steps.flatMap(subagentsOfStep), ...loops];
}

type StepWithoutId = Omit<AtifStep, "step_id">;

function stepsOf({ loop, tables }: TurnOfSession, isFirst: boolean): readonly StepWithoutId[] {
  const copied = loop.copied ? { is_copied_context: true as const } : {};
  const system = isFirst ? systemPromptOf(loop, tables) : undefined;
  return [
    ...(system === undefined ? [] : [{ source: "system" as const, message: system, ...copied }]),
    ...loop.input.map((message): StepWithoutId => {
      return { timestamp: isoOf(loop.start), source: "user", message: textOf(message), ...copied };
    }),
    ...loop.steps.map((step) => ({ ...agentStep(step, loop), ...copied })),
    ...(loop.loops.length > 0
      ? [
          {
            timestamp: isoOf(loop.end),
            source: "system" as const,
            message: "",
            observation: { results: [referenceTo(loop.loops)] },
            ...copied,
          },
        ]
      : []),
  ];
}

function agentStep(step: Step, loop: Loop): StepWithoutId {
  const { call, tools, retries, kind, outcome, messageId } = step;
  const results = resultsOf(step);
  const observation = results.length > 0 ? { observation: { results } } : {};
  const extra = defined({
    message: messageId,
    kind,
    outcome,
    finish: call?.finish ?? undefined,
    error: call?.error ?? undefined,
  });
  // A command that a person ran: no model was asked.
  if (!call && kind === "command") {
    const message = tools.map(({ name, input }) => `${name}: ${JSON.stringify(input)}`).join("\n");
    return { timestamp: isoOf(step.start), source: "user", message, ...observation, extra };
  }
  const calls = toolCallsOf(step);
  return {
    timestamp: isoOf(call?.start ?? step.start),
    source: "agent",
    ...defined({ model_name: call?.model?.modelId, reasoning_effort: call?.model?.variant ?? undefined }),
    message: call?.output.text ?? "",
    ...defined({ reasoning_content: call?.output.thinking ?? undefined }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...observation,
    ...(loop.copied ? {} : defined({ metrics: metricsOf(step) })),
    llm_call_count: retries.length + (call ? 1 : 0),
    extra,
  };
}

/** Those that ran, then those that the model asked for and that never ran. */
function toolCallsOf({ call, tools }: Step): readonly AtifToolCall[] {
  const ran = new Set(tools.map(({ callId }) => callId));
  return [
    ...tools.map(({ callId, name, input }) => toolCall(callId, name, input)),
    ...(call?.output.toolCalls ?? [])
      .filter(({ id }) => !ran.has(id))
      .map(({ id, name, arguments: input }) => toolCall(id, name, input)),
  ];
}

/** The format wants an object; a model may have written anything. */
function toolCall(id: string, name: string, input: unknown): AtifToolCall {
  const args = isFields(input) ? input : input === null || input === undefined ? {} : { value: input };
  return { tool_call_id: id, function_name: name, arguments: args };
}

function resultsOf({ tools, loops }: Step): readonly AtifResult[] {
  return [...tools.map(resultOf), ...(loops.length > 0 ? [referenceTo(loops)] : [])];
}

function resultOf({ callId, output, failure, loops, outcome, start, end, timing }: Tool): AtifResult {
  return {
    source_call_id: callId,
    ...defined({ content: output ?? undefined }),
    ...(loops.length > 0 ? referenceTo(loops) : {}),
    extra: defined({ outcome, duration_ms: end - start, timing, error: failure ?? undefined }),
  };
}

function referenceTo(loops: readonly Loop[]): Pick<AtifResult, "subagent_trajectory_ref"> {
  return {
    subagent_trajectory_ref: loops.map((loop) => ({ trajectory_id: idOf(loop), session_id: loop.sessionId })),
  };
}

function metricsOf({ call }: Step): AtifMetrics | undefined {
  if (!call) return undefined;
  const { usage, cost, firstTokenAt, start, end, timing } = call;
  return {
    ...(usage
      ? {
          prompt_tokens: promptTokens(usage),
          completion_tokens: usage.output + usage.reasoning,
          cached_tokens: usage.cacheRead,
        }
      : {}),
    ...defined({ cost_usd: cost ?? undefined }),
    extra: defined({
      reasoning_tokens: usage?.reasoning,
      cache_write_tokens: usage?.cacheWrite,
      duration_ms: end - start,
      time_to_first_token_ms: firstTokenAt === null ? undefined : firstTokenAt - start,
      timing,
    }),
  };
}

function finalMetrics(loops: readonly Loop[], steps: number): AtifFinalMetrics {
  // What a fork copied was used elsewhere.
  const counted = loops.filter(({ copied }) => !copied);
  const own = counted.map(({ totals }) => totals).reduce(addTotals, totalsOf([]));
  const all = counted.map(({ totalsWithSubagents }) => totalsWithSubagents).reduce(addTotals, totalsOf([]));
  return {
    ...sumsOf(own),
    total_steps: steps,
    extra: {
      llm_calls: own.calls,
      failed_llm_calls: own.retries,
      tool_calls: own.tools,
      failed_tool_calls: own.toolFailures,
      total_reasoning_tokens: own.usage.reasoning,
      total_cache_write_tokens: own.usage.cacheWrite,
      with_subagents: sumsOf(all),
    },
  };
}

function sumsOf({ usage, cost }: Totals): Omit<AtifFinalMetrics, "total_steps" | "extra"> {
  return {
    total_prompt_tokens: promptTokens(usage),
    total_completion_tokens: usage.output + usage.reasoning,
    total_cached_tokens: usage.cacheRead,
    ...defined({ total_cost_usd: cost ?? undefined }),
  };
}

function systemPromptOf({ steps }: Loop, tables: WireTables | undefined): string | undefined {
  const hash = steps.flatMap(({ call }) => call?.wire?.request?.systemHash ?? [])[0];
  return hash === undefined ? undefined : tables?.texts[hash];
}

/** The first list that a model was told of. */
function toolDefinitionsOf(turns: readonly TurnOfSession[]): readonly Readonly<Record<string, unknown>>[] | undefined {
  for (const { loop, tables } of turns) {
    const hash = loop.steps.flatMap(({ call }) => call?.wire?.request?.toolsHash ?? [])[0];
    const text = hash === undefined ? undefined : tables?.texts[hash];
    if (text !== undefined) return toolsIn(text);
  }
  return undefined;
}

/** As OpenAI's function calling has them. Masking may have left no JSON. */
function toolsIn(text: string): readonly Readonly<Record<string, unknown>>[] | undefined {
  const list = attempt((): unknown => JSON.parse(text));
  if (!Array.isArray(list)) return undefined;
  return toolDefinitions(list).map(({ type, ...told }) =>
    type === "function" ? { type, function: told } : { type, ...told },
  );
}

function textOf({ content }: ChatMessage): string {
  return typeof content === "string" ? content : content.map(partText).join("\n\n");
}

function partText(part: ContentPart): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "file":
      return `[${part.mime}: ${part.filename ?? "without a name"}]`;
    case "compaction":
      return "[the conversation is summed up]";
    case "subtask":
      return part.prompt;
    default:
      return part satisfies never;
  }
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
