/**
 * A session in figures: all that lists, statistics, trends and charts need, without the session's texts. Plain data
 * that is kept, hence a schema; times in ms since the epoch, durations in ms, costs in USD.
 */
import { z } from "zod";
import { gitFacts } from "../git/git-facts.js";
import { timeAccountSchema } from "../trace/time-account-schema.js";

/** Rises whenever facts of the same session would be other ones: what was kept by another version is made anew. */
export const SESSION_FACTS_VERSION = 2;

const usage = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
});

const model = z.object({ providerId: z.string(), modelId: z.string(), variant: z.string().nullable() });

/** What the calls of one model for one agent have come to; over all of them it is the turn's own sum. */
const spentFacts = z.object({
  model: model.nullable(),
  agent: z.string().nullable(),
  /** Requests that were answered, or failed for good. */
  calls: z.number(),
  usage,
  /** USD; null where opencode priced none of them. */
  cost: z.number().nullable(),
  /** Those of `usage` and `calls` that took tokens and have no price. */
  unpriced: z.object({ calls: z.number(), usage }),
  /** What the cache saved against paying its tokens as input, USD: below 0 where it cost more; null where no prices tell. */
  saved: z.number().nullable(),
  /** How long each call that was answered took, ms, in their order. */
  durations: z.array(z.number()),
  /** How long each of those waited for its first token, ms; of a call where that is not known none. */
  firstTokens: z.array(z.number()),
});

/** What opencode asked models beside the steps; in no other sum. */
const otherFacts = z.object({
  kind: z.enum(["title", "compaction", "unknown"]),
  model: model.nullable(),
  /** null where nothing tells it; of a request that was refused, or not answered, zeros. */
  usage: usage.nullable(),
  cost: z.number().nullable(),
});

/** The calls of one tool, those of subagents and of scripts (opencode's code mode) among them. */
const toolFacts = z.object({
  name: z.string(),
  origin: z.enum(["opencode", "mcp", "provider", "unknown"]),
  /** The MCP server; null where it is none's, and where that is not known. */
  server: z.string().nullable(),
  /** All calls, those without an end too. */
  count: z.number(),
  /** Those that ended in a failure. */
  failed: z.number(),
  /** How long each call that ended took, ms, in their order; those of a subagent's tool hold the subagent's time. */
  durations: z.array(z.number()),
  /** Calls of scripts of whose time nothing is recorded. */
  withoutTime: z.number(),
  /** Of those with a duration, how many are known only within bounds. */
  bounded: z.number(),
  /** Calls that started a subagent. */
  subagents: z.number(),
  /** Part of the durations, ms. */
  permissionWait: z.number(),
  /** How long at least one of them was at work in the turn, ms: overlaps count once. */
  busy: z.number(),
});

const turnFacts = z.object({
  traceId: z.string(),
  /** The session that the turn is in: a subagent's, where it can stand in no turn. */
  sessionId: z.string(),
  /** From 0 in that session. */
  turn: z.number(),
  start: z.number(),
  end: z.number(),
  /** What was asked; only its head once `withHeads` was here. */
  prompt: z.string(),
  /** A command that a person ran in the session; no model was asked. */
  command: z.boolean(),
  /** A fork copied it from another session: what it took was taken there, and all its figures are zero. */
  copied: z.boolean(),
  model: model.nullable(),
  agent: z.string().nullable(),
  outcome: z.enum(["completed", "failed", "unfinished"]),
  /** Of the error that it ended in. */
  errorCode: z.string().nullable(),
  /** The caller's own, where looptrace ran it. */
  tags: z.array(z.string()),
  /** What it worked on when it began; null where nothing tells it. */
  git: gitFacts
    .extend({
      /** Written down by the run itself, or read out of the repository's reflog later. */
      from: z.enum(["run", "reflog"]),
    })
    .nullable(),
  /** Counts and sums, subagents' included. */
  steps: z.number(),
  calls: z.number(),
  retries: z.number(),
  toolCalls: z.number(),
  toolFailures: z.number(),
  missingSubagents: z.number(),
  doubtfulCalls: z.number(),
  usage,
  /** USD; null where opencode priced no call. */
  cost: z.number().nullable(),
  /** Calls of whose tokens nothing is known. */
  withoutUsage: z.number(),
  /** What the turn's own context held after its last call, tokens; null where it is not known. */
  context: z.number().nullable(),
  cacheBreaks: z.object({
    count: z.number(),
    /** What had been cached and was read anew. */
    tokens: z.number(),
    /** What it cost more than from the cache, USD; null where no prices tell it of any. */
    cost: z.number().nullable(),
  }),
  doomLoops: z.number(),
  compactions: z.number(),
  account: timeAccountSchema,
  spent: z.array(spentFacts),
  others: z.array(otherFacts),
  tools: z.array(toolFacts),
});

export const sessionFactsSchema = z.object({
  version: z.literal(SESSION_FACTS_VERSION),
  id: z.string(),
  title: z.string(),
  directory: z.string(),
  /** opencode's id of the project: the same for all worktrees of a repository; null where it has none. */
  project: z.string().nullable(),
  /** The session whose subagent it is; null for a root. */
  parentId: z.string().nullable(),
  opencode: z.string(),
  turns: z.array(turnFacts),
});

/** A session in figures. */
export type SessionFacts = z.infer<typeof sessionFactsSchema>;
/** A turn in figures, its subagents' included. */
export type TurnFacts = z.infer<typeof turnFacts>;
/** What the calls of one model for one agent took in a turn. */
export type SpentFacts = z.infer<typeof spentFacts>;
/** What the calls of one tool came to in a turn. */
export type ToolFacts = z.infer<typeof toolFacts>;

/** More of a text is not read in a list, but searched for. */
const MOST_TEXT = 500;

/** The facts with the heads of their texts; to be done after masking, which has to see whole secrets. */
export function withHeads(facts: SessionFacts): SessionFacts {
  const turns = facts.turns.map((turn) => ({ ...turn, prompt: headOf(turn.prompt) }));
  return { ...facts, title: headOf(facts.title), turns };
}

/** What is cut may be cut in the middle of a character. */
function headOf(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT).toWellFormed()}…` : text;
}
