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
  return String.fromCharCode(
    digit(bytes, 0),
    digit(bytes, 1),
    digit(bytes, 2),
    digit(bytes, 3),
    digit(bytes, 4),
    digit(bytes, 5),
    digit(bytes, 6),
    digit(bytes, 7),
    digit(bytes, 8),
    digit(bytes, 9),
    digit(bytes, 10),
    digit(bytes, 11),
    digit(bytes, 12),
    digit(bytes, 13),
    digit(bytes, 14),
    digit(bytes, 15),
  );
}

/** A hexadecimal digit's code. A function of its own: one within `hexOf` would be made anew for each id. */
function digit(bytes: string, at: number): number {
  return DIGITS[(bytes.charCodeAt(at >> 1) >> (at % 2 === 0 ? 4 : 0)) & 15] ?? 0;
}

const DIGITS = new TextEncoder().encode("0123456789abcdef");
