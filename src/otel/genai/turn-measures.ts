import type { Attributes } from "@opentelemetry/api";
import type { Call, Loop, LoopTrace, ModelFacts, OtherCall, Step, Usage, WireFacts } from "../../trace/model.js";
import { type CallTokens, promptTokens, recordedUsage, usageOfHalf } from "../../trace/usage.js";
import { callVerdict, loopVerdict, toolVerdict } from "../facts/verdicts.js";
import { agentAttributes, chatAttributes, modelAttributes, toolAttributes } from "./common-attributes.js";
import { type MetricName, metricAttributeNames, names, operations } from "./conventions.js";
import { seconds } from "./seconds.js";

/** One value of a metric: each becomes part of a histogram, or of a sum. */
export interface Measure {
  readonly metric: MetricName;
  readonly value: number;
  readonly attributes: Attributes;
}

/**
 * All that a turn is measured by, in the order of its spans. What a fork copied from another session was measured
 * there, and is left out.
 */
export function turnMeasures({ loop }: LoopTrace): readonly Measure[] {
  return loopMeasures(loop);
}

function loopMeasures(loop: Loop): Measure[] {
  if (loop.copied) return [];
  return [
    {
      metric: "agentDuration",
      value: seconds(loop.end - loop.start),
      attributes: {
        [names.operationName]: operations.agent,
        ...agentAttributes(loop.agent),
        ...modelAttributes(loop.model),
        ...errorAttributes(loopVerdict(loop).error?.code),
      },
    },
    ...loop.steps.flatMap((step) => stepMeasures(step, loop)),
    ...(loop.otherCalls ?? []).flatMap(otherCallMeasures),
    ...loop.loops.flatMap(loopMeasures),
  ];
}

function stepMeasures(step: Step, loop: Loop): Measure[] {
  const { call, retries, tools, loops } = step;
  return [
    ...retries.map((retry): Measure => {
      const error = errorAttributes(retry.error?.code ?? "_OTHER");
      const attributes = { ...metricsOf(call?.model ?? null, retry), ...error };
      return { metric: "chatDuration", value: seconds(retry.end - retry.start), attributes };
    }),
    ...(call ? callMeasures(call, step, loop) : []),
    ...tools.flatMap((tool): Measure[] => [
      {
        metric: "toolDuration",
        value: seconds(tool.end - tool.start),
        attributes: { ...toolAttributes(tool.name, tool.origin), ...errorAttributes(toolVerdict(tool).error?.code) },
      },
      ...tool.loops.flatMap(loopMeasures),
    ]),
    ...loops.flatMap(loopMeasures),
  ];
}

function callMeasures(call: Call, step: Step, loop: Loop): Measure[] {
  const attributes = metricsOf(call.model, call);
  const firstChunkAt = call.wire?.firstByteAt ?? call.firstTokenAt;
  return [
    {
      metric: "chatDuration",
      value: seconds(call.end - call.start),
      attributes: { ...attributes, ...errorAttributes(callVerdict(call, step, loop).error?.code) },
    },
    ...(firstChunkAt === null
      ? []
      : [{ metric: "timeToFirstChunk" as const, value: seconds(firstChunkAt - call.start), attributes }]),
    ...usageMeasures(call, attributes),
    ...spentMeasures(recordedUsage(call), call.cost, attributes, "step"),
  ];
}

/** Of a call beside the steps it is often known what it used, and not how long it took. */
function otherCallMeasures(call: OtherCall): Measure[] {
  const { model, usage, cost, wire, start, end } = call;
  const attributes = metricsOf(model, call);
  const status = (wire?.status ?? 0) >= 400 ? String(wire?.status) : undefined;
  return [
    ...(wire
      ? [
          {
            metric: "chatDuration" as const,
            value: seconds(end - start),
            attributes: { ...attributes, ...errorAttributes(status) },
          },
        ]
      : []),
    ...usageMeasures({ usage, usageDoubt: null }, attributes),
    ...(usage ? spentMeasures(usage, cost, attributes, "other") : []),
  ];
}

/** By the conventions: input contains what came from the cache, output contains reasoning. */
function usageMeasures(call: CallTokens, attributes: Attributes): Measure[] {
  const [read, written] = [usageOfHalf("prompt", call), usageOfHalf("output", call)];
  const of = (type: string, value: number): Measure => {
    return { metric: "tokenUsage", value, attributes: { ...attributes, [metricAttributeNames.tokenType]: type } };
  };
  return [
    ...(read ? [of("input", promptTokens(read))] : []),
    ...(written ? [of("output", written.output + written.reasoning)] : []),
  ];
}

const KINDS: readonly (readonly [kind: string, of: keyof Usage])[] = [
  ["input", "input"],
  ["output", "output"],
  ["reasoning", "reasoning"],
  ["cache_read", "cacheRead"],
  ["cache_write", "cacheWrite"],
];

/** What the sums of a trace are made of: the same tokens, the same cost. */
function spentMeasures(usage: Usage, cost: number | null, attributes: Attributes, of: "step" | "other"): Measure[] {
  const own = { ...attributes, "looptrace.call": of };
  const tokens = KINDS.flatMap(([kind, name]): Measure[] => {
    const value = usage[name];
    return value === 0 ? [] : [{ metric: "tokens", value, attributes: { ...own, "looptrace.token.kind": kind } }];
  });
  return cost === null ? tokens : [...tokens, { metric: "cost", value: cost, attributes: own }];
}

/** No id of an answer: each would be a series of its own. */
function metricsOf(model: ModelFacts | null, { wire }: { readonly wire?: WireFacts }): Attributes {
  const answered = wire?.responseModel === undefined ? {} : { [names.responseModel]: wire.responseModel };
  return { ...chatAttributes(model), ...answered };
}

function errorAttributes(code: string | undefined): Attributes {
  return code === undefined ? {} : { [names.errorType]: code };
}
