import { hash } from "node:crypto";

/**
 * A trace id from opencode's ids: 32 lower-case hex digits (W3C Trace Context).
 * The same session and message give the same id on every machine.
 */
export function traceIdOf(sessionId: string, userMessageId: string): string {
  return hash("sha256", `looptrace/trace/${sessionId}/${userMessageId}`, "hex").slice(0, 32);
}

/** What a span stands for; part of its id, since one message gives a step, a call and perhaps retries. */
export type SpanKind = "loop" | "step" | "call" | "retry" | "tool" | "event" | "phase";

/** A span id from opencode's ids: 16 lower-case hex digits. */
export function spanIdOf(kind: SpanKind, sessionId: string, openCodeId: string): string {
  if (sessionId !== beginnings.sessionId) beginnings = { sessionId };
  beginnings[kind] ??= `looptrace/${kind}/${sessionId}/`;
  return hexOf(hash("sha256", beginnings[kind] + openCodeId, "binary"));
}

/** What the ids of a session's spans are made of begins the same way, and there are tens of thousands of them. */
interface Beginnings extends Partial<Record<SpanKind, string>> {
  readonly sessionId: string;
}

let beginnings: Beginnings = { sessionId: "" };

/**
 * The first eight bytes, whose text has one character for each. What is cut from the digits of all 32 bytes keeps those
 * in memory, and there are some for each step.
 */
function hexOf(bytes: string): string {
  const digit = (at: number): number => DIGITS[(bytes.charCodeAt(at >> 1) >> (at % 2 === 0 ? 4 : 0)) & 15] ?? 0;
  return String.fromCharCode(
    digit(0),
    digit(1),
    digit(2),
    digit(3),
    digit(4),
    digit(5),
    digit(6),
    digit(7),
    digit(8),
    digit(9),
    digit(10),
    digit(11),
    digit(12),
    digit(13),
    digit(14),
    digit(15),
  );
}

const DIGITS = new TextEncoder().encode("0123456789abcdef");
