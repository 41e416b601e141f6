import { isOwnTool } from "../../opencode/model.js";
import { fieldsOf } from "../../text/json-fields.js";
import type { Call, Cumulative, Loop, Outcome, Step, Tool } from "../../trace/model.js";
import { timeAccount } from "../../trace/time-account.js";
import { totalsOf } from "../../trace/totals.js";
import { accumulate } from "../../trace/usage.js";
import type { Observation } from "../api/observation.js";
import { foreignCost, foreignUsage } from "./call-figures.js";
import { chatInput, foreignOutput } from "./call-texts.js";
import type { ObservationTree } from "./observation-tree.js";
import { sentMetadata, structureOf, textOf } from "./stored-values.js";

/** Types that Langfuse gives to calls of models. */
const CALLS: ReadonlySet<string> = new Set(["GENERATION", "EMBEDDING"]);

/** Who made a trace that looptrace did not make, in words. */
export function tracerOf({ all }: ObservationTree): string {
  return all.some(({ name }) => name === "opencode.turn" || name === "opencode.generation")
    ? "Langfuse's plugin for opencode"
    : "another tracer";
}

/**
 * A loop of what another tracer has sent: each call of a model is a step, with the tools that stand below it or came
 * after it. What such a trace does not tell, such as when a model was asked within a step, what it cost or why the
 * context grew, is unknown here.
 */
export function foreignLoop(tree: ObservationTree): { readonly loop: Loop; readonly root: Observation | undefined } {
  const { roots, all } = tree;
  const root = roots.find(({ type }) => type === "AGENT") ?? roots[0];
  const calls = all.filter(({ type }) => CALLS.has(type));
  const tools = all.filter(({ type }) => type === "TOOL");
  // In their order; as arguments of one call their times could be too many.
  const start = all[0]?.startTime ?? 0;
  const end = all.reduce((last, { startTime, endTime }) => Math.max(last, endTime ?? startTime), start);
  const owned = ownersOf(tools, calls, tree);
  let before: Cumulative | null = null;
  const steps = calls.map((observation, index): Step => {
    const own = (owned.get(observation.id) ?? []).map(readTool);
    const call = readCall(observation, index, own, before);
    before = call.cumulative;
    return stepOf(observation, index, call, own);
  });
  // Without a call nothing tells which step a tool belongs to.
  const [first] = tools;
  if (calls.length === 0 && first) steps.push(stepOf(first, 0, null, tools.map(readTool)));
  const metadata = sentMetadata(root?.metadata ?? {});
  const failed = root?.level === "ERROR";
  const totals = totalsOf(steps);
  const account = timeAccount(
    { start, end },
    {
      model: steps.flatMap(({ call }) => call ?? []),
      tools: steps.flatMap((step) => step.tools),
      waiting: [],
      retries: [],
    },
  );
  const loop: Loop = {
    spanId: root?.id ?? "",
    start,
    end,
    timing: "bounded",
    sessionId: root?.sessionId ?? "",
    userMessageId: textOf(metadata.messageID) ?? "",
    agent: textOf(metadata.agent),
    model: steps.findLast(({ call }) => call?.model)?.call?.model ?? null,
    input: chatInput(root?.input),
    unanswered: [],
    output: foreignOutput(root?.output).text ?? structureOf(root?.output),
    outcome: failed ? "failed" : "completed",
    error: failed
      ? {
          code: "unknown",
          message: root?.statusMessage ?? "the turn failed",
          retryable: false,
          evidence: "export",
        }
      : null,
    failedStep: null,
    steps,
    totals,
    totalsWithSubagents: totals,
    account,
    phases: [],
    ownTime: { other: account.other },
    around: [],
    loops: [],
    run: null,
    copied: false,
    notes: [`Made by ${tracerOf(tree)}, not by looptrace: what it does not tell is unknown here.`],
  };
  return { loop, root };
}

/** @param observation what it begins with */
function stepOf(observation: Observation, index: number, call: Call | null, tools: readonly Tool[]): Step {
  const { id, startTime: start, endTime, metadata } = observation;
  const bounds = {
    start,
    end: tools.reduce((last, tool) => Math.max(last, tool.end), Math.max(start, endTime ?? call?.end ?? start)),
  };
  return {
    ...bounds,
    spanId: id,
    timing: "bounded",
    index,
    messageId: textOf(sentMetadata(metadata).messageID) ?? "",
    agent: call?.agent ?? null,
    kind: "answer",
    outcome: call?.outcome ?? "completed",
    recovered: false,
    call,
    retries: [],
    tools,
    loops: [],
    events: [],
    patches: [],
    account: timeAccount(bounds, { model: call ? [call] : [], tools, waiting: [], retries: [] }),
    phases: [],
    notes: [],
  };
}

/** Which call each tool belongs to: the one that it stands below, else the last one that began before it. */
function ownersOf(
  tools: readonly Observation[],
  calls: readonly Observation[],
  { all }: ObservationTree,
): ReadonlyMap<string, readonly Observation[]> {
  const byId = new Map(all.map((one) => [one.id, one]));
  const callIds = new Set(calls.map(({ id }) => id));
  const owned = new Map<string, Observation[]>();
  for (const tool of tools) {
    const seen = new Set<string>();
    let above = tool.parentObservationId;
    while (above !== null && !callIds.has(above) && !seen.has(above)) {
      seen.add(above);
      above = byId.get(above)?.parentObservationId ?? null;
    }
    const isBelow = above !== null && callIds.has(above);
    const owner = isBelow ? above : (calls.findLast(({ startTime }) => startTime <= tool.startTime) ?? calls[0])?.id;
    if (owner === undefined || owner === null) continue;
    owned.set(owner, [...(owned.get(owner) ?? []), tool]);
  }
  return owned;
}

function readCall(observation: Observation, index: number, tools: readonly Tool[], before: Cumulative | null): Call {
  const metadata = sentMetadata(observation.metadata);
  const parameters = fieldsOf(observation.modelParameters);
  const { startTime: start, model } = observation;
  const written = observation.endTime ?? start;
  // Some end a call when its tools have ended: the model wrote no longer than until the first one began.
  const end = tools.reduce((first, tool) => (tool.start >= start ? Math.min(first, tool.start) : first), written);
  const usage = foreignUsage(observation);
  const cost = foreignCost(observation);
  const failed = observation.level === "ERROR";
  const message = observation.statusMessage ?? "the call failed";
  return {
    spanId: observation.id,
    start,
    end: Math.max(start, end),
    timing: "bounded",
    index,
    outcome: endingOf(observation),
    model:
      model === null
        ? null
        : {
            providerId: textOf(metadata.providerID) ?? textOf(parameters.provider) ?? "unknown",
            modelId: model,
            variant: textOf(metadata.variant),
          },
    agent: textOf(metadata.agent),
    mode: textOf(metadata.mode),
    firstTokenAt: observation.completionStartTime,
    input: chatInput(observation.input),
    output: foreignOutput(observation.output),
    finish: textOf(metadata.finish),
    usage,
    usageDoubt: null,
    cost,
    cumulative: accumulate(before, { usage, usageDoubt: null }, cost),
    contextCauses: [],
    outputTokensPerSecond: null,
    error: failed ? { code: "unknown", message, retryable: false, evidence: "export" } : null,
  };
}

function readTool(observation: Observation): Tool {
  const metadata = sentMetadata(observation.metadata);
  const name = textOf(metadata.tool) ?? (observation.name ?? "").replace(/^tool\./, "");
  const { startTime: start, endTime } = observation;
  const said = fieldsOf(structureOf(observation.output));
  const outcome = endingOf(observation);
  const error = observation.statusMessage ?? textOf(said.error) ?? "failed";
  return {
    spanId: observation.id,
    start,
    end: Math.max(start, endTime ?? start),
    timing: "bounded",
    partId: observation.id,
    callId: textOf(metadata.callID) ?? observation.id,
    name,
    status: outcome === "unfinished" ? "running" : outcome === "failed" ? "error" : "completed",
    outcome,
    title: textOf(said.title),
    input: structureOf(observation.input),
    output: "output" in said ? textOf(said.output) : textOf(observation.output),
    attachments: [],
    metadata: {},
    failure: outcome === "failed" ? { kind: "failed", tool: name, message: error } : null,
    atLeastMs: 0,
    atMostMs: null,
    argumentsAt: null,
    permissionWaitMs: null,
    childSessionId: null,
    origin: isOwnTool(name, 1) || isOwnTool(name, 2) ? "opencode" : "unknown",
    server: null,
    innerCalls: [],
    loops: [],
    subagentMissing: false,
    notes: [],
  };
}

function endingOf({ level, endTime }: Observation): Outcome {
  if (level === "ERROR") return "failed";
  return endTime === null ? "unfinished" : "completed";
}
