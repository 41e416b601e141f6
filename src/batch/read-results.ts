import type { ErrorCode } from "../errors/error-facts.js";
import { totalTokens } from "../trace/usage.js";
import type { Spending } from "./schedule.js";
import { type TaskResult, taskResultSchema } from "./task-result.js";

/** What is known of a result that was recorded earlier. */
export interface Recorded {
  readonly status: TaskResult["status"];
  readonly digest: string;
  readonly code: ErrorCode | null;
  /** Whether its verify command passed; null where it had none. */
  readonly passed: boolean | null;
}

/** Whether a task needs no other run: it is done, and well as far as a verify command says. A later result changes nothing. */
export function isSettled({ status, passed }: Pick<Recorded, "status" | "passed">): boolean {
  return status === "done" && passed !== false;
}

export type ReadResults =
  | {
      readonly kind: "results";
      /** The last result of each task; one that is done, and not refused by its verify command, stays so. */
      readonly byId: ReadonlyMap<string, Recorded>;
      readonly spent: Spending;
      /** Lines that a crash of the machine has left with NUL bytes in them and without a result. */
      readonly damaged: number;
      /** How much of the file is whole; what follows is half a line, or damaged. */
      readonly wholeBytes: number;
      /** The last line is whole but for its end. */
      readonly needsLineFeed: boolean;
    }
  /** Something else stands there. */
  | { readonly kind: "foreign"; readonly line: number };

const LINE_FEED = 0x0a;

/** How every line of results begins. */
const LINE_START = '{"id":';

/**
 * Reads a file of results, whatever became of its last line. After a power cut a file may be as long as it
 * was to become, with NUL bytes where its end, or a part of it, had not come to the disk: what is whole
 * beside them counts.
 *
 * @param onResult told each of them, in the file's order
 */
export function readResults(bytes: Buffer, onResult?: (result: TaskResult) => void): ReadResults {
  const byId = new Map<string, Recorded>();
  const spent = { cost: 0, tokens: 0 };
  let damaged = 0;
  let wholeBytes = 0;
  let begin = 0;
  for (let line = 1; begin < bytes.length; line += 1) {
    const at = bytes.indexOf(LINE_FEED, begin);
    const raw = bytes.toString("utf8", begin, at < 0 ? bytes.length : at);
    const text = withoutNuls(raw);
    const result = resultOf(text);
    if (result) {
      onResult?.(result);
      spent.cost += result.totals.cost ?? 0;
      spent.tokens += totalTokens(result.totals.usage);
      const known = byId.get(result.id);
      if (known === undefined || !isSettled(known))
        byId.set(result.id, {
          status: result.status,
          digest: result.digest,
          code: result.error?.code ?? null,
          passed: result.verify?.passed ?? null,
        });
      const end = at < 0 ? begin + Buffer.byteLength(raw.slice(0, raw.lastIndexOf("}") + 1)) : at + 1;
      if (at < 0) return { kind: "results", byId, spent, damaged, wholeBytes: end, needsLineFeed: true };
      wholeBytes = end;
    } else if (at < 0 && isTorn(text)) {
      if (raw.includes("\0")) damaged += 1;
      break;
    } else if (isDamaged(raw, text)) damaged += 1;
    else if (raw.trim() !== "") return { kind: "foreign", line };
    else wholeBytes = at < 0 ? bytes.length : at + 1;
    if (at < 0) break;
    begin = at + 1;
  }
  return { kind: "results", byId, spent, damaged, wholeBytes, needsLineFeed: false };
}

/** A line without the NUL bytes that stand before and behind it. */
function withoutNuls(raw: string): string {
  return raw.replace(/^\0+|\0+$/g, "");
}

/**
 * Whether a line can be what a crash of the machine leaves of one: NUL bytes, with a beginning before or an
 * end behind them.
 */
function isDamaged(raw: string, text: string): boolean {
  if (!raw.includes("\0")) return false;
  const isBeginning = LINE_START.startsWith(text) || text.startsWith(LINE_START);
  return isBeginning || (raw.startsWith("\0") && text.endsWith("}"));
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
