import type { RunEvidence } from "../opencode/evidence.js";
import type { Answer, Entry, Session, Turn } from "../opencode/model.js";
import type { Subagent } from "./build-tool.js";
import { userInput } from "./chat-input.js";
import type { ChatMessage, Loop, OtherCall, Outcome, Retry, Step } from "./model.js";
import { otherCallsOf } from "./other-calls.js";
import { outliving } from "./outliving.js";
import { type AskedPermission, permissionsByAnswer } from "./permissions.js";
import { placePhases } from "./place-phases.js";
import { spanIdOf } from "./span-id.js";
import { isCounted, stepsOfTurn, type TurnContext } from "./steps-of-turn.js";
import { type SubagentTurn, subagentTurns } from "./subagents.js";
import { type ModelTime, timeAccount, type WorkInTime } from "./time-account.js";
import { addTotals, subagentsOfLoop, totalsOf } from "./totals.js";
import { answersOf, isAnswer } from "./turn-entries.js";
import { answerText, type TurnFailure, turnError } from "./turn-error.js";
import { toolWork } from "./waiting.js";

export interface LoopContext {
  /** What each session asked permission for. */
  readonly permissions: ReadonlyMap<string, readonly AskedPermission[]>;
  /** The MCP servers that opencode had, as configured. */
  readonly servers: readonly string[];
}

/** A session's loops, one a turn, with the loops of its subagents inside the tools that started them. */
export function loopsOf(
  session: Session,
  context: LoopContext,
): { readonly loops: readonly Loop[]; readonly unclaimed: readonly Session[] } {
  const { id, turns } = session;
  const subagents = subagentTurns(session);
  const { byTool, byAnswer, byTurn } = subagents;
  const children = new Map<Session, ReturnType<typeof loopsOf>>();
  for (const places of [byTool, byAnswer, byTurn]) {
    for (const placed of places.values()) {
      for (const { session: child } of placed) {
        if (!children.has(child)) children.set(child, loopsOf(child, context));
      }
    }
  }
  const loopsAt = (places: ReadonlyMap<string, readonly SubagentTurn[]>, key: string): readonly Loop[] =>
    places.get(key)?.flatMap(({ session: child, turn }) => children.get(child)?.loops[turn] ?? []) ?? NO_LOOPS;
  // Most sessions have no subagents at all, and thousands of tools.
  const isAlone = byTool.size === 0 && subagents.missing.size === 0;
  const subagentOf = (toolId: string): Subagent => {
    if (isAlone) return NO_SUBAGENT;
    const missing = subagents.missing.has(toolId);
    return missing || byTool.has(toolId) ? { loops: loopsAt(byTool, toolId), missing } : NO_SUBAGENT;
  };
  const asked = context.permissions.get(id);
  const permissions = asked ? permissionsByAnswer(answersIn(turns), asked) : NO_PERMISSIONS;
  const otherCalls = otherCallsOf(session);
  const loops = turns.map((turn, index) =>
    buildLoop(turn, session, {
      sessionId: id,
      servers: context.servers,
      permissions,
      subagentOf,
      startedIn: (answerId) => (byAnswer.size === 0 ? NO_LOOPS : byStart(loopsAt(byAnswer, answerId))),
      startedBeside: (turnId) => byStart(loopsAt(byTurn, turnId)),
      otherCalls: otherCalls[index] ?? [],
    }),
  );
  const unclaimedBelow = [...children.values()].flatMap(({ unclaimed }) => unclaimed);
  return { loops, unclaimed: [...subagents.unclaimed, ...unclaimedBelow] };
}

const NO_LOOPS: readonly Loop[] = [];
const NO_SUBAGENT: Subagent = { loops: NO_LOOPS, missing: false };
const NO_PERMISSIONS: TurnContext["permissions"] = new Map();

/** In the session's order: an answer of one turn may stand between those of another. */
function answersIn(turns: readonly Turn[]): readonly Answer[] {
  return turns.flatMap(answersOf).sort((a, b) => a.index - b.index);
}

/** A session that was prompted again has turns before and after those of others. */
function byStart(loops: readonly Loop[]): readonly Loop[] {
  return loops.toSorted((a, b) => a.start - b.start);
}

function buildLoop(turn: Turn, session: Session, context: TurnContext): Loop {
  const { sessionId } = context;
  const { copied, origin, run } = turn;
  const { steps: built, notes } = stepsOfTurn(turn, context);
  const answers = answersOf(turn);
  const summaries = askedSummaries(answers);
  const told = turn.end;
  const isOpen = answers.length === 0 && told === null && run === null && session.parentId === null;
  const isSummedUp = answers.length > 0 && answers.every((one) => summaries.has(one));
  const verdict =
    isOpen || origin === "command" || (isSummedUp && isUntroubled(run))
      ? NO_VERDICT
      : turnError({ sessionId, turn, answers, asked: summaries, steps: built });
  const { error, failedStep } = verdict;
  const steps = built.map((step) => judged(step, verdict));
  const start = steps.reduce((first, step) => Math.min(first, step.start), turn.at);
  const end = steps.reduce(
    (last, step) => Math.max(last, step.end),
    told ? Math.max(start, told.at) : built.length === 0 ? Math.max(start, run?.endedAt ?? start) : start,
  );
  const loops = context.startedBeside(turn.id);
  const work = loopWork(steps, loops, context.otherCalls);
  const account = timeAccount({ start, end }, work);
  const own = placePhases(steps, { sessionId, turn, start, end, work, account }, context.otherCalls);
  const lastCall = steps.findLast((step) => step.call)?.call;
  const totals = totalsOf(steps);
  const unanswered = unansweredIn(turn);
  // What opencode has put there for the model goes to the model, unless the process ends before.
  const goesOn = unanswered.length > 0 && !error && !run;
  const unfinished =
    told === null && (steps.length === 0 ? run === null : goesOn || steps.at(-1)?.outcome === "unfinished");
  const outcome: Outcome = unfinished ? "unfinished" : error ? "failed" : "completed";
  return {
    spanId: spanIdOf("loop", sessionId, turn.id),
    start,
    end,
    timing: unfinished ? "bounded" : "exact",
    sessionId,
    userMessageId: turn.id,
    agent: turn.agent ?? steps[0]?.agent ?? null,
    model: lastCall?.model ?? turn.model,
    input: turn.prompts.map(userInput),
    unanswered,
    output: finalOutput(answers, steps),
    outcome,
    error,
    failedStep,
    steps,
    totals,
    totalsWithSubagents: subagentsOfLoop({ steps, loops }).reduce(
      (sum, loop) => addTotals(sum, loop.totalsWithSubagents),
      totals,
    ),
    account,
    phases: own.phases,
    ownTime: own.ownTime,
    around: own.around,
    ...(context.otherCalls.length > 0 ? { otherCalls: context.otherCalls } : {}),
    loops: loops.map((loop) => outliving(loop, { start, end }, "the turn that it was started in")),
    run: run?.id === undefined ? null : { id: run.id, attempt: run.attempt ?? 0 },
    copied,
    ...(told ? { over: true as const } : {}),
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
function askedSummaries(answers: readonly Answer[]): ReadonlySet<Answer> {
  return new Set(
    answers.filter(({ summary, error, finish }) => summary?.byHand === true && error === null && finish !== null),
  );
}

const NO_NOTES: readonly string[] = [];

/** Commands stand as turns of their own. */
function contextNotes({ context }: Turn): readonly string[] {
  if (context.length === 0) return NO_NOTES;
  const commands = new Set(context.filter(isAnswer).map(({ answers }) => answers));
  const read = context.filter(({ kind, id }) => kind === "told" && !commands.has(id)).length;
  if (read === 0) return [];
  return [
    read === 1
      ? "A message before the prompt got no answer of its own: the model read it in this turn."
      : `${read} messages before the prompt got no answer of their own: the model read them in this turn.`,
  ];
}

/** Whether nothing that is known of a run says that it went wrong, or was ended. */
function isUntroubled(run: RunEvidence | null): boolean {
  return (
    run === null || (run.streamErrors.length === 0 && !run.halted && run.exit.kind === "served" && !run.exit.asked)
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
  const behind = rest.slice(rest.findLastIndex(isAnswer) + 1);
  if (behind.length === 0) return [];
  const asked: ReadonlySet<Entry> = new Set(prompts);
  return behind.flatMap((entry) => (entry.kind === "told" && !asked.has(entry) ? [userInput(entry)] : []));
}

function finalOutput(answers: readonly Answer[], steps: readonly Step[]): unknown {
  const structured = answers.findLast((answer) => answer.structured !== null);
  return structured ? structured.structured : answerText(steps);
}

/** What took the loop's time; what lies between is opencode's own. */
function loopWork(steps: readonly Step[], beside: readonly Loop[], others: readonly OtherCall[]): WorkInTime {
  const model: ModelTime[] = [];
  const retries: Retry[] = [];
  for (const step of steps) {
    if (step.call) model.push(step.call);
    for (const retry of step.retries) retries.push(retry);
  }
  for (const { kind, start, end } of others) {
    // The loop waits while its conversation is summed up, and not while a title is made.
    if (kind === "compaction") model.push({ start, end, firstTokenAt: start });
  }
  const { tools, waiting } = toolWork(steps, beside);
  return { model, tools, waiting, retries };
}
