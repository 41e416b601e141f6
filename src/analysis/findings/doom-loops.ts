import { plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import { DOOM_LOOP_THRESHOLD } from "../../trace/doom-loop.js";
import type { Step, StepEvent } from "../../trace/model.js";
import { addCost, recordedUsage, totalTokens } from "../../trace/usage.js";
import { eventText } from "../row-texts.js";
import { type Conversation, placeOf, stepsText, type TalkStep, type Talks } from "./conversation.js";
import type { Found } from "./finding.js";
import { callsOfDoomLoop } from "./in-vain.js";

/** Where the model did the same again and again: what came after the first time was for nothing. */
export function doomLoops(talks: Talks): readonly Found[] {
  return talks.conversations.flatMap((conversation) =>
    conversation.steps.flatMap((one, at) =>
      one.step.events
        .filter(({ name }) => name === "doom-loop")
        .map((event) => foundOf(talks, conversation, one, at, event)),
    ),
  );
}

function foundOf(talks: Talks, conversation: Conversation, one: TalkStep, at: number, event: StepEvent): Found {
  const { tool, lastError, count: many } = event.attributes;
  const vain = typeof tool === "string" ? ofTools(conversation, event) : ofAnswers(conversation, at, Number(many));
  const where =
    vain.length > 0 ? vain.map((step) => placeOf(talks, step, step.step.spanId)) : [placeOf(talks, one, event.spanId)];
  const steps = vain.map(({ step }) => step);
  return {
    kind: "doom-loop",
    subject: typeof tool === "string" ? tool : lastError === undefined ? "answer" : "overflow",
    title:
      typeof tool === "string"
        ? `The model called ${oneLine(tool)} again and again with the same arguments, in vain`
        : lastError === undefined
          ? "The model gave the same answer again and again"
          : "Requests were too large for the context again and again",
    where,
    tokens: steps.length === 0 ? null : sum(steps, ({ call }) => (call ? totalTokens(recordedUsage(call)) : 0)),
    ms: sum(steps, ({ start, end }) => end - start),
    usd: steps.reduce<number | null>((all, { call }) => addCost(all, call?.cost ?? null), null),
    advice:
      "Stop it as it begins: `looptrace run --halt-on-doom-loop`. If it comes again, say in the prompt or in AGENTS.md what to do instead.",
    evidence: [
      eventText(event),
      ...(vain.length > 0 ? [`${plural(vain.length, "step")} after the first time: ${stepsText(where)}`] : []),
    ],
  };
}

/** The steps after the first that called nothing else. */
function ofTools(conversation: Conversation, event: StepEvent): readonly TalkStep[] {
  const [, ...again] = callsOfDoomLoop(conversation, event);
  const all = new Set(again.map(({ tool }) => tool));
  return [...new Set(again.map(({ at }) => at))].flatMap((at) => {
    const one = conversation.steps[at];
    return one?.step.tools.every((tool) => all.has(tool)) ? [one] : [];
  });
}

/** The answers after the first; the event stands with the third. */
function ofAnswers({ steps }: Conversation, third: number, many: number): readonly TalkStep[] {
  const answers = steps.flatMap((one, at) => (one.step.kind === "answer" && one.step.call ? [{ one, at }] : []));
  const from = answers.findIndex(({ at }) => at === third) - (DOOM_LOOP_THRESHOLD - 1);
  return answers.slice(Math.max(0, from) + 1, Math.max(0, from) + many).map(({ one }) => one);
}

function sum(steps: readonly Step[], of: (step: Step) => number): number {
  return steps.reduce((total, step) => total + of(step), 0);
}
