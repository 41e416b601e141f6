import { cost, count, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { StepEvent } from "../../trace/model.js";
import { promptTokens, sureUsageOf } from "../../trace/usage.js";
import type { BreakKind } from "../../wire/segments/explain-break.js";
import { placeOf, stepsText, type TalkStep, type Talks } from "./conversation.js";
import type { Found } from "./finding.js";

/** Providers cache in blocks: what is less may be one that was not full. */
const LEAST_TOKENS = 2000;
/** Of the prompt that had been cached before. */
const LEAST_SHARE = 0.1;
const MOST_CAUSE = 160;

interface Break {
  readonly one: TalkStep;
  readonly event: StepEvent;
  readonly tokens: number;
}

/** Where the provider's cache broke, by cause. */
export function cacheBreaks(talks: Talks): readonly Found[] {
  const byCause = new Map<string, Break[]>();
  for (const { steps } of talks.conversations) {
    for (const one of steps) {
      for (const event of one.step.events) {
        const tokens = Number(event.attributes.tokensReadAnew);
        if (event.name !== "cache-break" || !isLarge(one, tokens)) continue;
        const key = `${event.attributes.causeKind ?? ""} ${event.attributes.owner ?? ""}`;
        byCause.set(key, [...(byCause.get(key) ?? []), { one, event, tokens }]);
      }
    }
  }
  return [...byCause].flatMap(([subject, breaks]): Found[] => {
    const tokens = breaks.reduce((sum, one) => sum + one.tokens, 0);
    const [first] = breaks;
    if (!first || tokens < LEAST_TOKENS) return [];
    const kind = causeKind(first.event);
    const where = breaks.map(({ one, event }) => placeOf(talks, one, event.spanId));
    const costs = breaks.map(({ event }) => event.attributes.costUsd);
    const usd = costs.every((some) => typeof some === "number")
      ? costs.reduce<number>((sum, some) => sum + Number(some), 0)
      : null;
    const { cause } = first.event.attributes;
    return [
      {
        kind: "cache-break",
        subject,
        title: TITLES[kind],
        where,
        tokens,
        ms: null,
        usd,
        advice: ADVICE[kind],
        evidence: [
          `${count(tokens)} tokens were read anew in ${stepsText(where)}${usd === null ? "" : `, for ${cost(usd)} more than from the cache`}`,
          ...(cause === undefined ? [] : [oneLine(String(cause)).slice(0, MOST_CAUSE)]),
          ...(breaks.length > 1 ? [`${plural(breaks.length, "break")} of this kind`] : []),
        ],
      },
    ];
  });
}

function isLarge({ step: { call } }: TalkStep, tokens: number): boolean {
  const usage = call && sureUsageOf("prompt", call);
  return usage ? tokens >= promptTokens(usage) * LEAST_SHARE : false;
}

type Cause = BreakKind | "unknown";

function causeKind({ attributes }: StepEvent): Cause {
  const kind = attributes.causeKind;
  return isCause(kind) ? kind : "unknown";
}

function isCause(kind: unknown): kind is Cause {
  return typeof kind === "string" && Object.hasOwn(TITLES, kind);
}

const TITLES: Readonly<Record<Cause, string>> = {
  model: "The cache broke: another model was asked",
  "tools-added": "The cache broke: tools came into the request",
  "tools-removed": "The cache broke: tools went from the request",
  "tools-reordered": "The cache broke: the tools stand in another order",
  "tool-changed": "The cache broke: a tool's description or schema changed",
  "system-changed": "The cache broke: the system prompt changed",
  compaction: "The cache broke: the conversation was summed up",
  "message-added": "The cache broke: something was put into the conversation",
  "message-removed": "The cache broke: something was taken out of the conversation",
  "message-edited": "The cache broke: a message is another than it was",
  parameters: "The cache broke: parameters of the request changed",
  unmarked: "The cache broke: no mark asks for it any more",
  "too-far": "The cache broke: its next mark stands too far behind the last one",
  expired: "The cache expired in a pause",
  "expired-or-lost": "The cache was gone after a pause",
  lost: "The provider lost its cache",
  unknown: "The provider's cache broke",
};

const SERVERS =
  "Have MCP servers up before the first prompt, and do not switch them in the midst of a session: tools stand before all else in a prompt.";
const PLUGINS = "A plugin or a setting changes what was sent before: `looptrace wire --diff` shows what, call by call.";
const PAUSE =
  "Go on sooner, or ask the provider to keep it longer. What begins anew anyway, such as another task, is cheaper in a new session.";

const ADVICE: Readonly<Record<Cause, string>> = {
  model: "Each model has a cache of its own: change it between sessions rather than in one.",
  "tools-added": SERVERS,
  "tools-removed": SERVERS,
  "tools-reordered": "What lists the tools has no fixed order: name the MCP server or plugin to its maker.",
  "tool-changed":
    "What changes from call to call, such as a date or a list of files, does not belong into a tool's description.",
  "system-changed":
    "What changes in a session does not belong into the system prompt; of a file that it holds, wait with edits until the session ends.",
  compaction: "This is what a summary costs. Where it comes often, begin a new session for each task.",
  "message-added": PLUGINS,
  "message-removed": PLUGINS,
  "message-edited": PLUGINS,
  parameters: "Keep variant and parameters the same within a session.",
  unmarked: PLUGINS,
  "too-far": "Many tool calls in one step push the mark away: have the model call fewer at a time.",
  expired: PAUSE,
  "expired-or-lost": PAUSE,
  lost: "Nothing in the prompt did this. Where it comes often, keep to one provider behind a router, and give its support the request ids that `looptrace wire` shows.",
  unknown:
    "Why is not known, since the requests were not recorded: `looptrace run` records them, and `looptrace wire install` does so for the TUI.",
};
