import type { Lane, Reply, Scenario } from "./scenario.js";

/** The model that titles are asked of; a model of its own, so that its requests cannot be mistaken. */
export const titleModel = "scripted-title";

/** What of a request decides its reply. */
export interface Question {
  readonly model: string;
  readonly hasTools: boolean;
  readonly systemText: string;
  /** The conversation's user messages in their order. */
  readonly userTexts: readonly string[];
}

export type Choice =
  | { readonly type: "title"; readonly reply: Reply }
  | { readonly type: "reply"; readonly lane: string; readonly index: number; readonly reply: Reply }
  /** The lane has no further reply. */
  | { readonly type: "exhausted"; readonly lane: string; readonly index: number }
  /** No lane takes this conversation. */
  | { readonly type: "no-lane" };

/**
 * Makes the chooser of one run. It keeps count of the replies each lane has given; a title request uses none up.
 */
export function replyChooser(scenario: Scenario): (question: Question) => Choice {
  const used = new Map<string, number>();
  return (question) => {
    if (isTitleRequest(question)) return { type: "title", reply: titleReply(scenario.title) };
    const { userTexts } = question;
    const open = scenario.lanes.filter((lane) => lane.model === undefined || lane.model === question.model);
    const lane =
      // The last message first: it is what tells one turn of a session from another.
      matching(open, userTexts.at(-1)) ??
      matching(open, userTexts.at(0)) ??
      open.find(({ match }) => match === undefined);
    if (!lane) return { type: "no-lane" };
    const index = used.get(lane.name) ?? 0;
    used.set(lane.name, index + 1);
    const reply = lane.replies[index];
    return reply ? { type: "reply", lane: lane.name, index, reply } : { type: "exhausted", lane: lane.name, index };
  };
}

function matching(lanes: readonly Lane[], text: string | undefined): Lane | undefined {
  return lanes.find(({ match }) => match !== undefined && text?.includes(match));
}

function isTitleRequest({ model, hasTools, systemText }: Question): boolean {
  return model === titleModel || (!hasTools && systemText.startsWith("You are a title generator"));
}

function titleReply(text: string): Reply {
  return {
    delayMs: 0,
    firstChunkMs: 0,
    chunkMs: 0,
    chunks: 1,
    text,
    toolCalls: [],
    usage: { input: 120, cached: 0, cacheWrite: 0, output: 8, reasoning: 0 },
  };
}
