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
const ORDERS = new Map(
  Object.entries<Reading>(READING).map(([kind, { first, last, header = [] }]) => [
    kind,
    { last: last.toReversed(), first: first.toReversed(), beside: new Set([...first, ...last, ...header]) },
  ]),
);

type Tell = (name: string, value: unknown) => void;

/**
 * Tells them in the order in which they are sent: Langfuse shows what came last first. Facts without a value are not
 * told. Names are well-formed.
 *
 * @param error the span's, beside its facts; null for none
 */
export function tellMetadata(kind: keyof typeof READING, facts: SpanFacts, error: object | null, tell: Tell): void {
  const order = orderOf(kind, facts);
  if (order !== undefined) {
    for (const name of order) if (error === null || name !== ERROR) tellOne(name, facts[name], tell);
    // It comes last in the order of every kind that can fail: Langfuse then shows it first.
    if (error !== null) tell(ERROR, error);
    return;
  }
  const told: [string, unknown][] = [];
  const all = error ? { ...facts, error } : facts;
  for (const name of inOrder(kind, Object.keys(all))) {
    tellOne(name, all[name], (_, value) => void told.push([name.toWellFormed(), value]));
  }
  for (const [name, value] of Object.entries(Object.fromEntries(told))) tell(name, value);
}

function tellOne(name: string, value: unknown, tell: Tell): void {
  if (value !== undefined && value !== null) tell(name, value);
}

const ERROR = "error";

/** The names of the last facts of each kind, which most often are those of the next, and the order of these names. */
const lastOrders = new Map<string, { readonly names: readonly string[]; readonly order: readonly string[] }>();

/** @returns undefined where a name is odd */
function orderOf(kind: keyof typeof READING, facts: SpanFacts): readonly string[] | undefined {
  const last = lastOrders.get(kind);
  if (last !== undefined && areNamesOf(facts, last.names)) return last.order;
  const names = Object.keys(facts);
  if (names.some(isOdd)) return undefined;
  const order = inOrder(kind, names);
  lastOrders.set(kind, { names, order });
  return order;
}

/** Whether they are the names of the facts, in their order. */
function areNamesOf(facts: SpanFacts, names: readonly string[]): boolean {
  let index = 0;
  for (const name in facts) {
    if (names[index] !== name) return false;
    index += 1;
  }
  return index === names.length;
}

/** A name of the caller's: an object puts numbers first, and two names may become one when they are well-formed. */
function isOdd(name: string): boolean {
  return !name.isWellFormed() || (name.charCodeAt(0) <= NINE && /^\d+$/.test(name));
}

const NINE = 0x39;

function inOrder(kind: keyof typeof READING, names: readonly string[]): readonly string[] {
  const { last = [], first = [], beside } = ORDERS.get(kind) ?? {};
  const given = new Set(names);
  const between = names.filter((name) => !beside?.has(name)).toReversed();
  return [...last.filter((name) => given.has(name)), ...between, ...first.filter((name) => given.has(name))];
}
