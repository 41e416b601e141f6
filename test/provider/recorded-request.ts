import type { IncomingHttpHeaders } from "node:http";
import type { Choice } from "./choose-reply.js";

/** How a request ended, as the provider saw it. */
export type Outcome =
  /** The reply is still being given. */
  | "open"
  /** The whole reply was written. */
  | "answered"
  /** The reply's planned fault happened. */
  | "status"
  | "hung"
  | "reset"
  | "cut"
  | "sse-error"
  | "malformed"
  | "empty-body"
  /** The client went away before the reply was over. */
  | "client-closed"
  /** Nothing was planned for this request: the scenario is too short or its lanes do not cover it. */
  | "exhausted"
  | "no-lane"
  | "unreadable";

/** What the provider knows of one request: the ground truth that traces are compared with. */
export interface RecordedRequest {
  /** From 1, in order of arrival, titles included. */
  readonly number: number;
  readonly path: string;
  readonly title: boolean;
  /** The lane that replied and which of its replies, from 0; absent for titles. */
  readonly lane?: string;
  readonly reply?: number;
  readonly model: string;
  /** opencode's session, where the request says it, and for a subagent the session that started it. */
  readonly sessionId?: string;
  readonly parentSessionId?: string;
  /** Milliseconds since the Unix epoch, with fractions; absent when it did not happen. */
  readonly received: number;
  readonly headersSent?: number;
  readonly firstChunk?: number;
  /** The first piece of reasoning, text or tool arguments. */
  readonly firstContent?: number;
  readonly lastChunk?: number;
  readonly outcome: Outcome;
  /** The status sent; absent when none was. */
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body. */
  readonly body: unknown;
}

/** A record that is still being written. */
export type OpenRecord = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

/** Begins the record of a request that just arrived. */
export function openRecord(arrival: {
  readonly number: number;
  readonly path: string;
  readonly model: string;
  readonly received: number;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  readonly choice: Choice | undefined;
}): OpenRecord {
  const { headers: incoming, choice, ...plain } = arrival;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const sessionId = sessionOf(headers);
  const parentSessionId = headers["x-parent-session-id"];
  return {
    ...plain,
    headers,
    title: choice?.type === "title",
    outcome: "open",
    ...(choice && "lane" in choice ? { lane: choice.lane, reply: choice.index } : {}),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(parentSessionId === undefined ? {} : { parentSessionId }),
  };
}

/** opencode's session that a request belongs to, where it says so. */
export function sessionOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers["x-session-affinity"] ?? headers["x-session-id"];
  return Array.isArray(id) ? id[0] : id;
}

/** A clock with fractions of a millisecond that agrees with the wall clock other processes read. */
export function fractionalClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => offset + performance.now();
}
