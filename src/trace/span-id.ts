import { hash } from "node:crypto";

/**
 * A trace id from opencode's ids: 32 lower-case hex digits (W3C Trace Context).
 * The same session and message give the same id on every machine.
 */
export function traceIdOf(sessionId: string, userMessageId: string): string {
  return digest(`looptrace/trace/${sessionId}/${userMessageId}`, 16);
}

/** What a span stands for; part of its id, since one message gives a step, a call and perhaps retries. */
export type SpanKind = "loop" | "step" | "call" | "retry" | "tool" | "event" | "phase";

/** A span id from opencode's ids: 16 lower-case hex digits. */
export function spanIdOf(kind: SpanKind, sessionId: string, openCodeId: string): string {
  return digest(`looptrace/${kind}/${sessionId}/${openCodeId}`, 8);
}

function digest(text: string, bytes: number): string {
  return hash("sha256", text, "hex").slice(0, bytes * 2);
}
