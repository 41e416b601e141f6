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

/**
 * A span id from opencode's ids: 16 lower-case hex digits.
 *
 * @param more what else the id is made of, behind opencode's
 */
export function spanIdOf(kind: SpanKind, sessionId: string, openCodeId: string, more = ""): string {
  let beginning = beginnings[kind];
  if (beginning?.sessionId !== sessionId) {
    beginning = beginningOf(kind, sessionId, beginning);
    beginnings[kind] = beginning;
  }
  return hexOf(hash("sha256", bytesOf(beginning, openCodeId, more) ?? beginning.text + openCodeId + more, "binary"));
}

/**
 * What the ids of a session's spans are made of begins the same way, and there are tens of thousands of them: the bytes
 * of that stand there once, and what follows is written behind them.
 */
interface Beginning {
  readonly sessionId: string;
  readonly text: string;
  readonly bytes: Uint8Array;
  /** How many of them are the beginning's own; more than there are where it is no ASCII, or too long. */
  readonly length: number;
  /** The first bytes, by how many: nearly all ids of a kind are of the same length. */
  readonly first: (Uint8Array | undefined)[];
}

const beginnings: Partial<Record<SpanKind, Beginning>> = {};
/** What is longer is hashed as a text. */
const ROOM = 256;

/** @param before of another session, whose bytes are written over */
function beginningOf(kind: SpanKind, sessionId: string, before: Beginning | undefined): Beginning {
  const text = `looptrace/${kind}/${sessionId}/`;
  const { bytes, first } = before ?? { bytes: new Uint8Array(ROOM), first: [] };
  const length = isWritten(text, bytes, 0) ? text.length : ROOM + 1;
  return { sessionId, text, bytes, length, first };
}

/** undefined: it is to be hashed as a text. */
function bytesOf({ bytes, length, first }: Beginning, id: string, more: string): Uint8Array | undefined {
  if (!isWritten(id, bytes, length) || !isWritten(more, bytes, length + id.length)) return undefined;
  const end = length + id.length + more.length;
  const known = first[end];
  if (known !== undefined) return known;
  const made = bytes.subarray(0, end);
  first[end] = made;
  return made;
}

/** Writes a text where it is ASCII and there is room for it. */
function isWritten(text: string, bytes: Uint8Array, from: number): boolean {
  const { length } = text;
  if (from + length > bytes.length) return false;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 127) return false;
    bytes[from + at] = code;
  }
  return true;
}

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
