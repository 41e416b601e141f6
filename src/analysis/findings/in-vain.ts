import { DOOM_LOOP_THRESHOLD } from "../../trace/doom-loop.js";
import type { StepEvent, Tool } from "../../trace/model.js";
import { signatureOf } from "../../trace/signature.js";
import { type Conversation, type TalkTool, toolsOf } from "./conversation.js";

/** Tools that a doom loop called: what is to be said of them is said with it. */
export type InVain = ReadonlySet<Tool>;

/** The equal calls that an event of a doom loop tells of, the first one among them; none where it is of answers. */
export function callsOfDoomLoop(conversation: Conversation, { at, attributes }: StepEvent): readonly TalkTool[] {
  const { tool: name, count } = attributes;
  if (typeof name !== "string" || typeof count !== "number") return [];
  const tools = toolsOf(conversation).filter(({ tool }) => tool.outcome !== "unfinished");
  const third = tools.findIndex(({ tool }) => tool.name === name && tool.end === at);
  const from = third - (DOOM_LOOP_THRESHOLD - 1);
  const run = tools.slice(Math.max(0, from), from + count);
  const signature = signatureOf(tools[third]?.tool.input);
  return third < 0 ? [] : run.filter(({ tool }) => tool.name === name && signatureOf(tool.input) === signature);
}

/** All such calls of some conversations. */
export function inVainIn(conversations: readonly Conversation[]): InVain {
  return new Set(
    conversations.flatMap((conversation) =>
      conversation.steps.flatMap(({ step }) =>
        step.events
          .filter(({ name }) => name === "doom-loop")
          .flatMap((event) => callsOfDoomLoop(conversation, event).map(({ tool }) => tool)),
      ),
    ),
  );
}
