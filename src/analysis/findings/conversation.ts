import type { Call, Loop, LoopTrace, Step, Tool } from "../../trace/model.js";
import { subagentsOfLoop } from "../../trace/totals.js";
import { isCommand } from "../loop-parts.js";
import { placedSteps } from "../step-path.js";
import type { FindingPlace } from "./finding.js";

/** A step with its place. */
export interface TalkStep {
  /** From 0. */
  readonly turn: number;
  readonly path: string;
  readonly loop: Loop;
  readonly step: Step;
}

/** What one model was told and said, over all turns: a session's own, or a subagent's. */
export interface Conversation {
  /** Its session, of a subagent the subagent's own. */
  readonly sessionId: string;
  readonly steps: readonly TalkStep[];
}

/** A session as findings read it. */
export interface Talks {
  /** The session that was asked for. */
  readonly sessionId: string;
  readonly directory: string;
  readonly traces: readonly LoopTrace[];
  /** Those of the session and of its subagents. */
  readonly conversations: readonly Conversation[];
  /** Which loop started a subagent's loop. */
  readonly above: ReadonlyMap<Loop, Loop>;
}

/**
 * What models were told and said in a session. Turns that a fork copied are left out, since they were paid for
 * elsewhere, and so is what a person ran.
 *
 * @param all the traces of one session, in its order
 */
export function talksOf(all: readonly LoopTrace[]): Talks {
  const traces = all.filter(({ loop }) => !loop.copied && !isCommand(loop));
  const bySession = new Map<string, TalkStep[]>();
  const above = new Map<Loop, Loop>();
  const below = (loop: Loop): void => {
    for (const one of subagentsOfLoop(loop)) {
      above.set(one, loop);
      below(one);
    }
  };
  for (const { loop: turn, session } of traces) {
    below(turn);
    for (const { loop, path, step } of placedSteps(turn)) {
      const steps = bySession.get(loop.sessionId) ?? [];
      steps.push({ turn: session.turn, path, loop, step });
      bySession.set(loop.sessionId, steps);
    }
  }
  const [first] = all;
  return {
    sessionId: first?.session.id ?? "",
    directory: first?.session.directory ?? "",
    traces,
    conversations: [...bySession].map(([sessionId, steps]) => ({ sessionId, steps })),
    above,
  };
}

/** All calls, with those of subagents. */
export function callsOf({ conversations }: Talks): readonly Call[] {
  return conversations.flatMap(({ steps }) => steps.flatMap(({ step }) => step.call ?? []));
}

/** A tool with its step. */
export interface TalkTool extends TalkStep {
  readonly tool: Tool;
  /** The index of its step in the conversation. */
  readonly at: number;
}

/** The tools of a conversation in order; those that the provider ran are the provider's. */
export function toolsOf({ steps }: Conversation): readonly TalkTool[] {
  return steps.flatMap((one, at) =>
    one.step.tools.filter(({ origin }) => origin !== "provider").map((tool) => ({ ...one, tool, at })),
  );
}

/** @param spanId of what is meant in the step */
export function placeOf({ sessionId }: Talks, { turn, path }: TalkStep, spanId: string): FindingPlace {
  return { sessionId, turn, step: path, spanId };
}

/** `step 5`, `steps 5, 7 and 9`, `steps 1, 2, 3, 4 and 8 more`; with their turns where there are several. */
export function stepsText(places: readonly Pick<FindingPlace, "turn" | "step">[]): string {
  const [first] = places;
  const isOne = places.every(({ turn }) => turn === 0);
  const names = [...new Set(places.map(({ turn, step }) => (isOne ? step : `${step} of turn ${turn + 1}`)))];
  if (!first || names.length === 0) return "";
  if (names.length === 1) return `step ${names[0]}`;
  const rest = names.length - NAMED;
  if (rest > 1) return `steps ${names.slice(0, NAMED).join(", ")} and ${rest} more`;
  return `steps ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** How many steps a sentence names. */
const NAMED = 5;
