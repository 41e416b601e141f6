/** Which facts of a span stand in Langfuse's metadata, and in which order. */
import type { SpanFacts } from "../facts/span-facts.js";

/** What a reader looks for first, in its order, what matters least, and what is not said at all. */
interface Reading {
  readonly first: readonly string[];
  readonly last: readonly string[];
  /** Langfuse's header of the span says it, from its own fields. */
  readonly header?: readonly string[];
}

/** How the metadata of each kind of span are read. What is in none of the lists stands in between, as it was told. */
export const READING = {
  loop: {
    first: [
      "error",
      "outcome",
      "notes",
      "masked",
      "copied",
      "totals",
      "totalsWithSubagents",
      "otherCalls",
      "timeAccountMs",
    ],
    last: [
      "turn",
      "directory",
      "run",
      "attempt",
      "userMessage",
      "unread",
      "wireNotes",
      "looptraceVersion",
      "opencodeVersion",
      "timing",
    ],
  },
  step: {
    first: ["error", "outcome", "recovered", "notes", "filesChanged", "timeAccountMs"],
    last: ["kind", "message", "timing"],
  },
  call: {
    first: [
      ...["error", "outcome", "recovered", "finish", "usage", "usageDoubt", "copiedUsage", "contextTokens"],
      ...["contextGrowth", "contextCauses", "cacheHitRatio", "outputTokensPerSecond", "promptTokensBy", "cumulative"],
    ],
    last: ["responseHeaders", "tools", "systemPrompt", "systemPromptHash", "toolsHash", "evidence", "timing"],
    header: ["provider", "agent", "mode", "variant", "timeToFirstTokenMs"],
  },
  otherCall: {
    first: ["error", "kind", "usage", "promptTokensBy"],
    last: ["responseHeaders", "tools", "systemPrompt", "systemPromptHash", "toolsHash", "evidence", "timing"],
    header: ["provider", "variant"],
  },
  tool: {
    first: ["error", "outcome", "title", "notes", "permissionWaitMs", "subagentMissing", "mcpServer"],
    last: ["argumentsMs", "argumentsStreamedFrom", "calledBy", "tool_call_id", "status", "timing"],
  },
  retry: { first: ["error", "recovered", "attempt"], last: ["responseHeaders", "evidence", "timing"] },
  event: { first: ["error"], last: [] },
  phase: { first: [], last: ["evidence", "timing"] },
} as const satisfies Record<string, Reading>;

/** The names of each reading, as it takes them out of the facts: backwards. */
const ORDERS = Object.fromEntries(
  Object.entries<Reading>(READING).map(([kind, { first, last, header = [] }]) => [
    kind,
    { last: last.toReversed(), first: first.toReversed(), beside: new Set([...first, ...last, ...header]) },
  ]),
);

/**
 * In the order in which they are sent: Langfuse shows what came last first. Facts without a value are not there. Names
 * are well-formed.
 */
export function metadataOf(kind: keyof typeof READING, facts: SpanFacts): SpanFacts {
  const { last = [], first = [], beside } = ORDERS[kind] ?? {};
  const told: [string, unknown][] = [];
  const tell = (key: string): void => {
    const value = facts[key];
    if (value !== undefined && value !== null) told.push([key.toWellFormed(), value]);
  };
  for (const key of last) tell(key);
  for (const key of Object.keys(facts).reverse()) if (!beside?.has(key)) tell(key);
  for (const key of first) tell(key);
  return Object.fromEntries(told);
}
