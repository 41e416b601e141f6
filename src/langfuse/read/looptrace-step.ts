import { z } from "zod";
import { isOwnTool } from "../../opencode/model.js";
import { fieldsOf } from "../../text/json-fields.js";
import type {
  Call,
  FileFacts,
  InnerCall,
  ModelFacts,
  OtherCall,
  Retry,
  Step,
  StepEvent,
  Tool,
} from "../../trace/model.js";
import { totalTokens } from "../../trace/usage.js";
import type { Observation } from "../api/observation.js";
import { accountOf, causesOf, cumulativeOf, doubtOf, errorOf, sentCost, storedUsage, usageOf } from "./call-figures.js";
import { callOutput, chatInput, fileOf } from "./call-texts.js";
import type { LoopReader } from "./loop-reader.js";
import { readPhases } from "./read-phases.js";
import { objectsIn, outcomeOf, spanOf } from "./span-of.js";
import { momentOf, numberOf, objectOf, sentMetadata, structureOf, textOf, textsOf } from "./stored-values.js";

/** Names that looptrace gives, with their numbers. */
export const STEP = /^loop\.step-(\d+)$/;
const CALL = /^llm-call-(\d+)$/;

/** A step with all that stands below it. */
export function readStep(observation: Observation, reader: LoopReader): Step {
  const metadata = sentMetadata(observation.metadata);
  const below = reader.tree.below(observation);
  const call = below.find(({ name }) => CALL.test(name ?? ""));
  const kind = z.enum(["answer", "compaction", "subtask", "command"]).safeParse(metadata.kind).data ?? "answer";
  const files = textsOf(metadata.filesChanged);
  const span = spanOf(observation, metadata.timing);
  const made = call ? readCall(call, reader, observation.level === "ERROR") : null;
  const tools = below.filter(({ type }) => type === "TOOL").map((one) => readTool(one, reader));
  return {
    ...span,
    index: Number(STEP.exec(observation.name ?? "")?.[1] ?? 0),
    messageId: textOf(metadata.message) ?? "",
    agent: textOf(metadata.agent) ?? reader.agent,
    kind,
    outcome: outcomeOf(metadata.outcome),
    recovered: metadata.recovered === true,
    call: made,
    retries: below
      .filter(({ name }) => name === "retry")
      .map(readRetry)
      .sort((a, b) => a.attempt - b.attempt),
    tools: inAskedOrder(tools, made),
    loops: reader.loopsBelow(observation),
    events: below.flatMap((one) => readEvent(one)),
    // Which snapshot they were seen in was not sent.
    patches: files.length > 0 ? [{ hash: "", files }] : [],
    account: accountOf(metadata) ?? reader.accountWithin(span, made, tools),
    phases: readPhases(below),
    notes: textsOf(metadata.notes),
  };
}

/** Tools that began in the same millisecond stand in the order in which the model asked for them. */
function inAskedOrder(tools: readonly Tool[], call: Call | null): readonly Tool[] {
  const asked = call?.output.toolCalls.map(({ id }) => id) ?? [];
  const place = ({ callId }: Tool): number => {
    const at = asked.indexOf(callId);
    return at < 0 ? asked.length : at;
  };
  return [...tools].sort((a, b) => place(a) - place(b) || a.start - b.start);
}

/** @param decisive whether the turn failed on its step: an unfinished call then tells the turn's error */
function readCall(observation: Observation, { copied }: LoopReader, decisive: boolean): Call {
  const metadata = sentMetadata(observation.metadata);
  const outcome = outcomeOf(metadata.outcome);
  const usageDoubt = doubtOf(metadata);
  const sent = copied ? storedUsage(metadata.copiedUsage) : usageOf(observation);
  const isKnown = metadata.usage === undefined || metadata.usage === "contradiction";
  const error = errorOf(metadata.error);
  return {
    ...spanOf(observation, metadata.timing),
    index: Number(CALL.exec(observation.name ?? "")?.[1] ?? 0),
    outcome,
    model: modelOf(observation, metadata),
    agent: textOf(metadata.agent) ?? textOf(objectOf(observation.modelParameters).agent),
    mode: textOf(metadata.mode) ?? textOf(objectOf(observation.modelParameters).mode),
    firstTokenAt: observation.completionStartTime,
    input: chatInput(observation.input),
    output: callOutput(observation.output),
    finish: textOf(metadata.finish),
    usage: isKnown && sent && totalTokens(sent) > 0 ? sent : null,
    usageDoubt,
    cost: sentCost(observation),
    cumulative: cumulativeOf(metadata),
    contextCauses: causesOf(metadata),
    outputTokensPerSecond: numberOf(metadata.outputTokensPerSecond),
    error: outcome === "unfinished" && decisive ? null : error,
  };
}

function modelOf(
  { model, modelParameters }: Observation,
  metadata: Readonly<Record<string, unknown>>,
): ModelFacts | null {
  if (model === null) return null;
  const parameters = objectOf(modelParameters);
  return {
    providerId: textOf(metadata.provider) ?? textOf(parameters.provider) ?? "",
    modelId: model,
    variant: textOf(metadata.variant) ?? textOf(parameters.variant),
  };
}

/** A call beside the steps. */
export function readOtherCall(observation: Observation): OtherCall {
  const metadata = sentMetadata(observation.metadata);
  const isKnown = textOf(metadata.usage) !== "unknown";
  return {
    ...spanOf(observation, metadata.timing),
    kind: z.enum(["title", "compaction", "unknown"]).safeParse(metadata.kind).data ?? "unknown",
    model: modelOf(observation, metadata),
    usage: isKnown ? usageOf(observation) : null,
    cost: sentCost(observation),
    ...(observation.output ? { output: callOutput(observation.output) } : {}),
  };
}

function readRetry(observation: Observation): Retry {
  const metadata = sentMetadata(observation.metadata);
  return {
    ...spanOf(observation, metadata.timing),
    attempt: numberOf(metadata.attempt) ?? 0,
    error: errorOf(metadata.error),
    output: callOutput(observation.output),
  };
}

const statusOfTool = z.enum(["pending", "running", "completed", "error"]);
const failureKinds = z.enum([
  "failed",
  "invalid_arguments",
  "unknown_tool",
  "permission_rejected",
  "aborted",
  "timed_out",
  "nonzero_exit",
]);

function readTool(observation: Observation, reader: LoopReader): Tool {
  const metadata = sentMetadata(observation.metadata);
  const name = nameOfTool(observation);
  const span = spanOf(observation, metadata.timing);
  const { output, attachments } = outputOf(observation.output);
  const outcome = outcomeOf(metadata.outcome);
  const exitCode = numberOf(objectOf(metadata.error).exitCode);
  const failed = objectOf(metadata.error);
  const server = textOf(metadata.mcpServer);
  const isProviders = metadata.providerExecuted === true;
  const isExact = span.timing === "exact";
  const below = reader.tree.below(observation);
  return {
    ...span,
    // opencode's own id is not sent; the span's stands for it.
    partId: observation.id,
    callId: textOf(metadata.tool_call_id) ?? observation.id,
    name,
    status: statusOfTool.safeParse(metadata.status).data ?? (outcome === "unfinished" ? "running" : "completed"),
    outcome,
    title: textOf(metadata.title),
    input: structureOf(observation.input),
    output,
    attachments,
    metadata: objectOf(metadata.result),
    failure:
      textOf(failed.message) === null && textOf(failed.kind) === null
        ? null
        : {
            kind: failureKinds.safeParse(failed.kind ?? failed.code).data ?? "failed",
            tool: textOf(failed.tool) ?? name,
            message: textOf(failed.message) ?? "failed",
            ...(exitCode === null ? {} : { exitCode }),
          },
    atLeastMs: isExact ? span.end - span.start : 0,
    atMostMs: isExact ? span.end - span.start : null,
    argumentsAt: momentOf(metadata.argumentsStreamedFrom),
    permissionWaitMs: numberOf(metadata.permissionWaitMs),
    childSessionId: textOf(metadata.subagentSession),
    origin: isProviders
      ? "provider"
      : server !== null
        ? "mcp"
        : isOwnTool(name, reader.generation)
          ? "opencode"
          : "unknown",
    server,
    innerCalls: below.filter(({ type }) => type === "TOOL").map(readInnerCall),
    loops: reader.loopsBelow(observation),
    subagentMissing: metadata.subagentMissing === true,
    notes: textsOf(metadata.notes),
  };
}

function readInnerCall(observation: Observation, index: number): InnerCall {
  const metadata = sentMetadata(observation.metadata);
  return {
    spanId: observation.id,
    index,
    name: nameOfTool(observation),
    server: textOf(metadata.mcpServer),
    outcome: outcomeOf(metadata.outcome),
    input: structureOf(observation.input),
    durationMs: numberOf(metadata.durationMs),
  };
}

function nameOfTool({ name }: Observation): string {
  return (name ?? "").replace(/^tool\./, "");
}

/** With files the output stands in an object beside them. */
function outputOf(output: unknown): { readonly output: string | null; readonly attachments: readonly FileFacts[] } {
  const read = fieldsOf(structureOf(output));
  const files = objectsIn(read.attachments);
  if (files.length === 0 || !("output" in read)) return { output: textOf(output), attachments: [] };
  return { output: textOf(read.output), attachments: files.flatMap(fileOf) };
}

const eventName = z.enum([
  ...(["compaction", "doom-loop", "cache-break", "plan", "permission", "skill"] as const),
  ...(["agent-switched", "model-switched", "location-switched", "system"] as const),
]);
/** Attributes that are JSON, or may look like it. */
const TEXTS: ReadonlySet<string> = new Set([
  ...["arguments", "owner", "answer", "lastError", "cause", "before", "after", "error", "file", "current", "tool"],
  ...["skill", "agent", "model", "directory", "previous", "description", "permission", "by", "callId", "finish"],
]);

function readEvent(observation: Observation): StepEvent[] {
  const name = eventName.safeParse(observation.name);
  if (observation.type !== "EVENT" || !name.success) return [];
  const attributes: Record<string, string | number | boolean | readonly string[]> = {};
  for (const [key, value] of Object.entries(sentMetadata(observation.metadata))) {
    const at = key === "askedAt" ? momentOf(value) : null;
    if (at !== null) attributes[key] = at;
    else if (typeof value === "number" || typeof value === "boolean")
      attributes[key] = TEXTS.has(key) ? String(value) : value;
    else if (Array.isArray(value) && !TEXTS.has(key)) attributes[key] = textsOf(value);
    else attributes[key] = textOf(value) ?? "";
  }
  return [{ spanId: observation.id, name: name.data, at: observation.startTime, attributes }];
}
