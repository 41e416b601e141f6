import type { ErrorCode } from "../errors/error-facts.js";
import { totalTokens } from "../trace/usage.js";
import type { Spent } from "./schedule.js";
import { type TaskResult, taskResultSchema } from "./task-result.js";

/** What is known of a result that was recorded earlier. */
export interface Recorded {
  readonly status: TaskResult["status"];
  readonly digest: string;
  readonly code: ErrorCode | null;
}

export type ReadResults =
  | {
      readonly kind: "results";
      /** The last result of each task; one that is done stays so. */
      readonly byId: ReadonlyMap<string, Recorded>;
      readonly spent: Spent;
      /** How much of the file is whole; what follows is half a line. */
      readonly wholeBytes: number;
      /** The last line is whole but for its end. */
      readonly needsLineFeed: boolean;
    }
  /** Something else stands there. */
  | { readonly kind: "foreign"; readonly line: number };

const LINE_FEED = 0x0a;

/** How every line of results begins. */
const LINE_START = '{"id":';

/** Reads a file of results, whatever became of its last line. */
export function readResults(bytes: Buffer): ReadResults {
  const byId = new Map<string, Recorded>();
  const spent = { cost: 0, tokens: 0 };
  let begin = 0;
  for (let line = 1; begin < bytes.length; line += 1) {
    const at = bytes.indexOf(LINE_FEED, begin);
    const end = at < 0 ? withoutZeros(bytes, begin) : at;
    const text = bytes.toString("utf8", begin, end);
    const result = resultOf(text);
    if (result) {
      spent.cost += result.totals.cost ?? 0;
      spent.tokens += totalTokens(result.totals.usage);
      if (byId.get(result.id)?.status !== "done")
        byId.set(result.id, {
          status: result.status,
          digest: result.digest,
          code: result.error?.code ?? null,
        });
    } else if (at < 0 && isTorn(text)) {
      return { kind: "results", byId, spent, wholeBytes: begin, needsLineFeed: false };
    } else if (text.trim() !== "") {
      return { kind: "foreign", line };
    }
    if (at < 0) return { kind: "results", byId, spent, wholeBytes: end, needsLineFeed: true };
    begin = at + 1;
  }
  return { kind: "results", byId, spent, wholeBytes: bytes.length, needsLineFeed: false };
}

/** Where the last line ends: a crash of the machine may have left zeros behind it, or in its place. */
function withoutZeros(bytes: Buffer, begin: number): number {
  let end = bytes.length;
  while (end > begin && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** Whether it can be what a kill leaves of a line: its beginning. */
function isTorn(text: string): boolean {
  return LINE_START.startsWith(text) || (text.startsWith(LINE_START) && !isJson(text));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function resultOf(text: string): TaskResult | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return taskResultSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
