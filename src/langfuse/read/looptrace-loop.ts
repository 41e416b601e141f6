import type { Interval } from "../../opencode/model.js";
import type { Loop, ModelFacts, Step, TimeAccount } from "../../trace/model.js";
import { ownTimeOf } from "../../trace/phases.js";
import { timeAccount } from "../../trace/time-account.js";
import { addTotals, subagentsOfLoop, totalsOf } from "../../trace/totals.js";
import type { Observation } from "../api/observation.js";
import { accountOf, errorOf } from "./call-figures.js";
import { chatInput } from "./call-texts.js";
import type { LoopReader } from "./loop-reader.js";
import { readOtherCall, readStep, STEP } from "./looptrace-step.js";
import type { ObservationTree } from "./observation-tree.js";
import { readPhases } from "./read-phases.js";
import { outcomeOf, spanOf } from "./span-of.js";
import { numberOf, objectOf, sentMetadata, structureOf, textOf, textsOf } from "./stored-values.js";

/** Whether looptrace made a trace: only it names steps so. */
export function isLooptraces({ all }: ObservationTree): boolean {
  return all.some(({ name }) => STEP.test(name ?? "") || name === "opencode.loop");
}

/** Whether an observation is a loop: the turn's own, or a subagent's, whatever its name says of the agent. */
export function isLoop({ type, name }: Observation): boolean {
  return type === "AGENT" && (name ?? "").startsWith("opencode.loop");
}

/**
 * A loop with all that stands below it.
 *
 * @param root what is known of the turn's own loop; undefined where its span is not there (yet)
 * @param parts what stands right below it
 * @param session the one that it is in
 */
export function readLoop(
  observation: Observation | undefined,
  parts: readonly Observation[],
  { tree, generation }: Pick<LoopReader, "tree" | "generation">,
  session: string,
): Loop {
  const metadata = sentMetadata(observation?.metadata ?? {});
  const copied = metadata.copied === true;
  const loopsIn = (some: readonly Observation[]): readonly Loop[] =>
    some
      .filter(isLoop)
      .map((one) => readLoop(one, tree.below(one), { tree, generation }, sessionOf(one) ?? session))
      .sort((a, b) => a.start - b.start);
  const reader: LoopReader = {
    tree,
    generation,
    agent: textOf(metadata.agent),
    copied,
    loopsBelow: (one) => loopsIn(tree.below(one)),
    accountWithin: (bounds, call, tools) =>
      timeAccount(bounds, { model: call ? [call] : [], tools, waiting: [], retries: [] }),
  };
  const steps = parts
    .filter(({ name }) => STEP.test(name ?? ""))
    .map((one) => readStep(one, reader))
    .sort((a, b) => a.index - b.index);
  const span = observation ? spanOf(observation, metadata.timing) : extentOf(parts);
  const loops = loopsIn(parts);
  const others = parts.filter(({ name }) => name === "other-call").map(readOtherCall);
  const totals = totalsOf(steps);
  const error = errorOf(metadata.error);
  const decisive = parts.find(({ name, level }) => level === "ERROR" && STEP.test(name ?? ""));
  const run = textOf(metadata.run);
  const account = accountOf(metadata) ?? summedAccount(span, steps);
  const sentPhases = readPhases(parts);
  const phases = sentPhases.filter((phase) => isWithin(phase, span));
  return {
    ...span,
    sessionId: session,
    userMessageId: textOf(metadata.userMessage) ?? "",
    agent: textOf(metadata.agent) ?? steps[0]?.agent ?? null,
    model: steps.findLast(({ call }) => call)?.call?.model ?? taggedModel(observation),
    input: chatInput(observation?.input),
    unanswered: chatInput(metadata.unanswered),
    output: finalOutput(observation?.output, error !== null),
    outcome: observation ? outcomeOf(metadata.outcome) : "unfinished",
    error,
    failedStep: error && decisive ? Number(STEP.exec(decisive.name ?? "")?.[1]) : null,
    steps,
    totals,
    totalsWithSubagents: subagentsOfLoop({ steps, loops }).reduce(
      (sum, loop) => addTotals(sum, loop.totalsWithSubagents),
      totals,
    ),
    account,
    phases,
    ownTime: ownTimeOf(account, [...phases, ...steps.flatMap((step) => step.phases)]),
    around: sentPhases.filter((phase) => !isWithin(phase, span)),
    ...(others.length > 0 ? { otherCalls: others } : {}),
    loops,
    run: run === null ? null : { id: run, attempt: numberOf(metadata.attempt) ?? 0 },
    copied,
    notes: [
      ...textsOf(metadata.notes),
      ...(observation ? [] : ["Langfuse has no span of the turn itself: it is not over, or was not sent yet."]),
    ],
  };
}

function isWithin({ start, end }: Interval, bounds: Interval): boolean {
  return start >= bounds.start && end <= bounds.end;
}

/** A subagent's session. */
function sessionOf({ metadata }: Observation): string | null {
  return textOf(sentMetadata(metadata).subagentSession);
}

/** The final text, or a structured value; a failed turn's stands beside its error, and a silent one's is told as null. */
function finalOutput(output: unknown, hasFailed: boolean): unknown {
  const read = structureOf(output);
  const fields = objectOf(read);
  if (hasFailed && "error" in fields) return fields.text ?? null;
  const isSilent = Object.keys(fields).length === 1 && "text" in fields && fields.text === null;
  return isSilent ? null : read;
}

/** Of a loop without a call the tags tell which model was asked for: `provider/model`. */
function taggedModel(observation: Observation | undefined): ModelFacts | null {
  for (const tag of observation?.tags ?? []) {
    const slash = tag.indexOf("/");
    if (slash > 0) return { providerId: tag.slice(0, slash), modelId: tag.slice(slash + 1), variant: null };
  }
  return null;
}

function extentOf(parts: readonly Observation[]) {
  const start = parts.reduce((first, { startTime }) => Math.min(first, startTime), parts[0]?.startTime ?? 0);
  const end = parts.reduce((last, { startTime, endTime }) => Math.max(last, endTime ?? startTime), start);
  return { spanId: parts[0]?.parentObservationId ?? "", start, end, timing: "bounded" as const };
}

/** What its steps tell; what lies between them is opencode's own. */
function summedAccount(bounds: Interval, steps: readonly Step[]): TimeAccount {
  return timeAccount(bounds, {
    model: steps.flatMap(({ call }) => call ?? []),
    tools: steps.flatMap(({ tools }) => tools),
    waiting: [],
    retries: steps.flatMap(({ retries }) => retries),
  });
}
