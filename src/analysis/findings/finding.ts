/** What could have been spared in a session. Plain data, as `looptrace advise --json` prints it. */

/** What kind of waste it is. */
export type FindingKind =
  /** A file was read again in the same turn, and the model had its content already. */
  | "repeated-read"
  /** A subagent read what the loop above it had read before it began. */
  | "subagent-reread"
  /** Most calls of a tool failed, all in the same way. */
  | "repeated-failure"
  /** The model did the same again and again, in vain. */
  | "doom-loop"
  /** The same few calls came in turns, with the same arguments and results. */
  | "call-cycle"
  /** The output of a tool was truncated, and what was missing was asked for again. */
  | "truncated-output"
  /** Tools of an MCP server were sent with each request and never called. */
  | "unused-server"
  /** Instruction files are the largest part of what stands before the conversation. */
  | "large-instructions"
  /** The provider's cache broke. */
  | "cache-break"
  /** A model thought far more than it wrote. */
  | "thinking"
  /** Steps waited for a permission. */
  | "permission-wait"
  /** Requests failed and were made again. */
  | "retries";

/** Where in a session something is. */
export interface FindingPlace {
  /** The session that was looked at, also for what is in a subagent's. */
  readonly sessionId: string;
  /** From 0. */
  readonly turn: number;
  /** The way to the step, as `--step` takes it: `5`, or `5/0/2` in a subagent. */
  readonly step: string;
  /** 16 hexadecimal digits: the tool, call or event; the same as in Langfuse. */
  readonly spanId: string;
}

/** What could have been spared. */
export interface Finding {
  readonly kind: FindingKind;
  /** What it is about, such as a file, a tool or a server: together with the kind it is the same in other sessions. */
  readonly subject: string;
  /** One sentence without a full stop and without figures: it holds for other sessions too. */
  readonly title: string;
  /** Where it is, in order; empty where it is in all requests. */
  readonly where: readonly FindingPlace[];
  /** Tokens that were paid for it, in all calls that it was sent with; null where it is no matter of tokens. */
  readonly tokens: number | null;
  /** Milliseconds that it took; null where it took none, or nothing tells. */
  readonly ms: number | null;
  /** USD; null where nothing tells prices. */
  readonly usd: number | null;
  /** The largest of its shares of the session's cost, tokens and time, 0 to 1. */
  readonly share: number;
  /** What to do, in one or two sentences. */
  readonly advice: string;
  /** What shows it, a line each, without a full stop. */
  readonly evidence: readonly string[];
}

/** A finding as its kind's rules make it: how much it weighs in its session comes later. */
export type Found = Omit<Finding, "share">;
