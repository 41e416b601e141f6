import type { AssistantMessage, Message, SessionTreeV1 as SessionTree } from "../opencode/session.js";
import type { Subagent } from "./build-tool.js";
import { userInput } from "./chat-input.js";
import type { RunEvidence } from "./evidence.js";
import type { Interval } from "./intervals.js";
import { isAskedByHand, isAssistant, isUser } from "./message-kinds.js";
import type { ChatMessage, Loop, Outcome, Step, TimeAccount } from "./model.js";
import { outliving } from "./outliving.js";
import { withoutOwnAbort } from "./own-abort.js";
import { type AskedPermission, permissionsByMessage } from "./permissions.js";
import type { SessionLog } from "./session-log.js";
import { spanIdOf } from "./span-id.js";
import { isCounted, modelAsked, neighboursOf, stepsOfTurn, type TurnContext } from "./steps-of-turn.js";
import { type SubagentTurn, subagentTurns } from "./subagents.js";
import { timeAccount } from "./time-account.js";
import { addTotals, subagentsOfLoop, totalsOf } from "./totals.js";
import { answerText, type TurnFailure, turnError } from "./turn-error.js";
import { type Turn, turnsOf } from "./turns.js";
import { toolWork } from "./waiting.js";

export interface LoopContext {
  readonly logs: ReadonlyMap<string, SessionLog>;
  /** What each session asked permission for. */
  readonly permissions: ReadonlyMap<string, readonly AskedPermission[]>;
  /** The MCP servers that opencode had, as configured. */
  readonly servers: readonly string[];
  /** How the processes ended that ran the session's turns, where that is known. */
  readonly runs: readonly RunEvidence[];
}

/** A session's loops, one a turn, with the loops of its subagents inside the tools that started them. */
export function loopsOf(
  tree: SessionTree,
  context: LoopContext,
): { readonly loops: readonly Loop[]; readonly unclaimed: readonly SessionTree[] } {
  const { runs } = context;
  const { id } = tree.session.info;
  const turns = turnsOf(tree.session, (at) => runAt(at, runs));
  const subagents = subagentTurns(tree, turns);
  const neighbours = neighboursOf(tree.session);
  const { byPart, byMessage, byTurn } = subagents;
  const placed = [byPart, byMessage, byTurn].flatMap((places) => [...places.values()].flat());
  const children = new Map(
    [...new Set(placed.map(({ tree: child }) => child))].map((child) => [
      child,
      loopsOf(child, { ...context, runs: [] }),
    ]),
  );
  const loopsAt = (places: ReadonlyMap<string, readonly SubagentTurn[]>, key: string): readonly Loop[] =>
    (places.get(key) ?? []).flatMap(({ tree: child, turn }) => children.get(child)?.loops[turn] ?? []);
  const subagentOf = (partId: string): Subagent => ({
    loops: loopsAt(byPart, partId),
    missing: subagents.missing.has(partId),
  });
  const permissions = permissionsByMessage(
    tree.session.messages.filter(isAssistant),
    context.permissions.get(id) ?? [],
  );
  const answered = new Set<RunEvidence>();
  const loops = turns.map((turn) => {
    const runThen = runAt(turn.at, runs);
    const isAnswered = turn.rest.some(isAssistant);
    // A run has one prompt: what came after its answer came from a plugin, say, and nothing is known of it.
    const run = runThen && (isAnswered || !answered.has(runThen)) ? runThen : undefined;
    if (run && isAnswered) answered.add(run);
    return buildLoop(withoutOwnAbort(turn, run), tree, {
      log: context.logs.get(id),
      servers: context.servers,
      permissions,
      run,
      neighbours,
      subagentOf,
      startedIn: (messageId) => byStart(loopsAt(byMessage, messageId)),
      startedBeside: (turnId) => byStart(loopsAt(byTurn, turnId)),
    });
  });
  const unclaimedBelow = [...children.values()].flatMap(({ unclaimed }) => unclaimed);
  return { loops, unclaimed: [...subagents.unclaimed, ...unclaimedBelow] };
}

/** A session that was prompted again has turns before and after those of others. */
function byStart(loops: readonly Loop[]): readonly Loop[] {
  return loops.toSorted((a, b) => a.start - b.start);
}

function buildLoop(turn: Turn, tree: SessionTree, context: TurnContext): Loop {
  const sessionId = tree.session.info.id;
  const { copied, origin } = turn;
  const { steps: built, notes } = stepsOfTurn(turn, tree, context);
  const assistants = turn.rest.filter(isAssistant);
  const asked = modelAsked(turn);
  const summaries = askedSummaries(turn);
  const isOpen = assistants.length === 0 && context.run === undefined && tree.session.info.parentID === undefined;
  const isSummedUp = assistants.length > 0 && assistants.every((one) => summaries.has(one));
  const verdict =
    isOpen || origin === "command" || (isSummedUp && isUntroubled(context.run))
      ? NO_VERDICT
      : turnError({
          sessionId,
          assistants,
          asked: summaries,
          steps: built,
          run: context.run,
          model: asked ? `${asked.providerId}/${asked.modelId}` : undefined,
        });
  const { error, failedStep } = verdict;
  const steps = built.map((step) => judged(step, verdict));
  const start = steps.reduce((first, step) => Math.min(first, step.start), turn.at);
  const end = steps.reduce(
    (last, step) => Math.max(last, step.end),
    steps.length === 0 ? Math.max(start, context.run?.endedAt ?? start) : start,
  );
  const lastCall = steps.findLast((step) => step.call)?.call;
  const totals = totalsOf(steps);
  const loops = context.startedBeside(turn.id);
  const unanswered = unansweredIn(turn);
  // What opencode has put there for the model goes to the model, unless the process ends before.
  const goesOn = unanswered.length > 0 && !error && !context.run;
  const unfinished = steps.length === 0 ? context.run === undefined : goesOn || steps.at(-1)?.outcome === "unfinished";
  const outcome: Outcome = unfinished ? "unfinished" : error ? "failed" : "completed";
  return {
    spanId: spanIdOf("loop", sessionId, turn.id),
    start,
    end,
    timing: unfinished ? "bounded" : "exact",
    sessionId,
    userMessageId: turn.id,
    agent: turn.prompts[0]?.info.agent ?? steps[0]?.agent ?? null,
    model: lastCall?.model ?? asked,
    input: turn.prompts.map(userInput),
    unanswered,
    output: finalOutput(assistants, steps),
    outcome,
    error,
    failedStep,
    steps,
    totals,
    totalsWithSubagents: subagentsOfLoop({ steps, loops }).reduce(
      (sum, loop) => addTotals(sum, loop.totalsWithSubagents),
      totals,
    ),
    account: loopAccount({ start, end }, steps, loops),
    loops: loops.map((loop) => outliving(loop, { start, end }, "the turn that it was started in")),
    run: context.run?.id === undefined ? null : { id: context.run.id, attempt: context.run.attempt ?? 0 },
    copied,
    notes: [
      ...(copied ? [COPIED] : []),
      ...(origin === "prompt" ? [] : [ORIGINS[origin]]),
      ...(isOpen ? [UNANSWERED] : []),
      ...contextNotes(turn),
      ...(turn.prompts.length > 1
        ? [`${turn.prompts.length} prompts were answered together, by one run of the loop.`]
        : []),
      ...notes,
    ],
  };
}

const ORIGINS = {
  command: "A person ran this command in the session; no model was asked.",
  opencode: "No prompt began this turn: its first message is opencode's own, or a plugin's.",
  deleted: "The prompt of this turn is not in the export: somebody has deleted it.",
} as const;
const UNANSWERED =
  "No model answered this message: opencode may be at work on it, or have failed before it asked one (an unknown model or provider is the usual cause), or the message asked for no answer, and the next prompt takes it along.";
/** A person's own command or compaction, and what may yet be answered or was not meant to be, did not fail. */
const NO_VERDICT: TurnFailure = { error: null, failedStep: null, lastAnswered: -1 };
const COPIED = "A fork copied this turn from another session: its tokens and cost are counted there.";

/** The summaries that a person had asked for, as by `/compact`, and that came to a good end: no loop was on its way. */
function askedSummaries({ context, rest }: Turn): ReadonlySet<AssistantMessage> {
  const byHand = new Set(
    [...context, ...rest].flatMap((message) => (isUser(message) && isAskedByHand(message) ? [message.info.id] : [])),
  );
  return new Set(
    rest.filter(
      (message): message is AssistantMessage =>
        isAssistant(message) &&
        message.info.summary === true &&
        message.info.error === undefined &&
        message.info.finish !== undefined &&
        byHand.has(message.info.parentID ?? ""),
    ),
  );
}

/** Commands stand as turns of their own. */
function contextNotes({ context }: Turn): readonly string[] {
  const commands = new Set(context.flatMap((message) => (isUser(message) ? [] : message.info.parentID)));
  const read = context.filter((message) => isUser(message) && !commands.has(message.info.id)).length;
  if (read === 0) return [];
  return [
    read === 1
      ? "A message before the prompt got no answer of its own: the model read it in this turn."
      : `${read} messages before the prompt got no answer of their own: the model read them in this turn.`,
  ];
}

/** Whether nothing that is known of a run says that it went wrong, or was ended. */
function isUntroubled(run: RunEvidence | undefined): boolean {
  return (
    run === undefined || (run.streamErrors.length === 0 && !run.halted && run.exit.kind === "served" && !run.exit.asked)
  );
}

/** A step with what only the turn's end tells: whether it was got over, and whether the turn failed on it. */
function judged(step: Step, { error, failedStep, lastAnswered }: TurnFailure): Step {
  const call = step.call;
  const gotOver = call?.error ? step.index < lastAnswered : step.retries.length > 0 && isCounted(call);
  if (!error || step.index !== failedStep) return gotOver ? { ...step, recovered: true } : step;
  const outcome = step.outcome === "completed" ? "failed" : step.outcome;
  // A refused permission is the tool's failure; the call that asked for it went well.
  const isCalls = error.evidence === "finish" && error.code !== "permission_rejected";
  if (!call || call.error || !isCalls) return { ...step, outcome };
  return { ...step, outcome, call: { ...call, outcome: "failed", error } };
}

/** What opencode has put behind the last answer, and no call took up. */
function unansweredIn({ prompts, rest }: Turn): readonly ChatMessage[] {
  const asked: ReadonlySet<Message> = new Set(prompts);
  return rest
    .slice(rest.findLastIndex(isAssistant) + 1)
    .filter(isUser)
    .filter((message) => !asked.has(message))
    .map(userInput);
}

/** The run that was at work at a moment; both times are of the machine that ran it. */
function runAt(at: number, runs: readonly RunEvidence[]): RunEvidence | undefined {
  return runs.findLast(({ startedAt, endedAt }) => startedAt <= at && at <= endedAt);
}

function finalOutput(assistants: readonly AssistantMessage[], steps: readonly Step[]): unknown {
  const structured = assistants.findLast(({ info }) => info.structured !== undefined && info.structured !== null);
  if (structured) return structured.info.structured;
  return answerText(steps);
}

/** Over the whole loop: what lies between the steps is opencode's own time. */
function loopAccount(bounds: Interval, steps: readonly Step[], beside: readonly Loop[]): TimeAccount {
  return timeAccount(bounds, {
    model: steps.flatMap(({ call }) => call ?? []),
    ...toolWork(steps, beside),
    retries: steps.flatMap(({ retries }) => retries),
  });
}
