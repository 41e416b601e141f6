/** A tool call and what came of it, as far as repetitions are concerned. */
export interface ToolOutcome {
  readonly tool: string;
  readonly input: unknown;
  /** What the model was told. */
  readonly result: string | null;
  readonly failed: boolean;
}

/** The same call again and again, to no effect. */
export interface Repetition {
  readonly tool: string;
  readonly arguments: unknown;
  /** How many times in a row. */
  readonly count: number;
  /** What the last of them failed with; null where they succeed, always with the same result. */
  readonly lastError: string | null;
}

/** How many equal calls in a row make a doom loop, where nobody says otherwise. */
export const DOOM_LOOP_THRESHOLD = 3;

/**
 * Watches calls one after the other for repetitions: the same tool with the same arguments (whatever the order of their
 * keys), failing each time or giving the same result each time. Any other call, and the same call with another result,
 * begins anew. opencode itself notices only identical calls within one message.
 *
 * @returns a function that takes the next call and tells the run of equal calls that it is part of
 */
export function repetitionWatch(): (call: ToolOutcome) => Repetition {
  let signature = "";
  let count = 0;
  return (call) => {
    const next = JSON.stringify([
      call.tool,
      canonical(call.input),
      call.failed ? "failed" : ["told", call.result],
    ]);
    count = next === signature ? count + 1 : 1;
    signature = next;
    return {
      tool: call.tool,
      arguments: call.input,
      count,
      lastError: call.failed ? (call.result ?? "") : null,
    };
  };
}

/** The same value with the keys of all its objects sorted. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => [key, canonical(item)]),
  );
}
