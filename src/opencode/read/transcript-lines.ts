import { plainText } from "../../text/plain-text.js";

/** What stands in a transcript for one part of a message. */
export interface TranscriptEntry {
  readonly lines: readonly string[];
  /** The session of the subagent that it started; null: it started none. */
  readonly child: string | null;
}

/** Longer texts are cut in the middle of the transcript; the export has them whole. */
const LONGEST_TEXT = 20_000;

/** An entry that starts no subagent. */
export function entry(lines: readonly string[]): TranscriptEntry {
  return { lines, child: null };
}

/** A tool's arguments, to read. */
export function argumentText(input: unknown): string {
  if (typeof input === "string") return input;
  return JSON.stringify(input, null, 2) ?? "";
}

/** What an error object's data say, to read. */
export function describeError(data: unknown): string {
  if (typeof data === "object" && data !== null && "message" in data && typeof data.message === "string") {
    return data.message;
  }
  return data === undefined ? "" : argumentText(data);
}

/** A label in brackets, the text below it, and an empty line. */
export function block(label: string, text: string): string[] {
  const body = plainText(cut(text)).trimEnd();
  return body === "" ? [`[${label}`, ""] : [`[${label}`, ...body.split("\n"), ""];
}

function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  const kept = text.slice(0, LONGEST_TEXT).toWellFormed();
  return `${kept}\n… ${text.length - LONGEST_TEXT} of ${text.length} characters left out here`;
}

/** A text on one line, without what a terminal would not show. */
export function oneLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, " ").trim();
}
