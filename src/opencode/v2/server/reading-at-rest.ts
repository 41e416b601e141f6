import { fieldsOf, isFields } from "../../../text/json-fields.js";
import type { ExportResult } from "../../cli/export-session.js";
import type { Client2 } from "./client.js";
import { type BegunReading2, beginReading2, type RawSession2, readSession2Of } from "./read-session.js";

/** A server that does not give a session out in this time will not; it is asked once more then. */
const READ_MS = 60_000;

/** What a session is at its end, read while it is still asked whether that is it. */
export interface ReadingAtRest {
  /**
   * To be called when the session is told to be at rest; what follows the first time begins nothing.
   *
   * @param signal ends the reading
   */
  begin(signal: AbortSignal): void;
  /** What is told of the session beside its messages; undefined where no reading has begun. */
  info(): Promise<unknown> | undefined;
  /**
   * @param isEnd whether it was its end, and it has no subagents
   * @returns the session; undefined where it is to be read anew. Never fails
   */
  end(isEnd: boolean): Promise<ExportResult | undefined>;
}

/** Where a turn is at rest as it was told, nothing is left to be asked for when that is known. */
export function readingAtRest({ connection, signal }: Client2, sessionId: string): ReadingAtRest {
  const ending = new AbortController();
  let begun: BegunReading2 | undefined;
  return {
    begin: (ofTurn) => {
      const ends = [ending.signal, ofTurn, AbortSignal.timeout(READ_MS), ...(signal ? [signal] : [])];
      begun ??= beginReading2(connection, sessionId, AbortSignal.any(ends));
    },
    info: () => begun?.info,
    end: async (isEnd) => {
      if (!isEnd) ending.abort();
      if (!isEnd || !begun) return undefined;
      try {
        const raw = await begun.whole;
        return isAtItsEnd(raw)
          ? await readSession2Of(connection, sessionId, raw, AbortSignal.timeout(READ_MS))
          : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * Whether what was read of a session ends as one does that is at rest: with the word that it is, of builds that have
 * one, else with an answer that no further step follows.
 */
export function isAtItsEnd({ info, messages }: RawSession2): boolean {
  const { outcome, time } = fieldsOf(info);
  const last = messages.findLast((one) => isFields(one) && TOLD_BY.has(String(one.type)));
  if (!isFields(last)) return false;
  if (last.type === "idle") return true;
  const hasWord = outcome !== undefined || fieldsOf(time).idle !== undefined;
  const isWhole = typeof fieldsOf(last.time).completed === "number";
  return last.type === "assistant" && !hasWord && isWhole && (last.finish !== "tool-calls" || last.error !== undefined);
}

/** Messages that say how far a session is; others only change what comes later. */
const TOLD_BY: ReadonlySet<string> = new Set([
  "idle",
  "assistant",
  "user",
  "synthetic",
  "compaction",
  "shell",
  "skill",
]);
