import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** One comparison: what looptrace takes against what the bare operation below it takes. */
export interface Comparison {
  readonly name: string;
  readonly unit: "ms" | "MB";
  /** Medians, in `unit`. */
  readonly looptrace: number;
  readonly bare: number;
  /** The median of the rounds' own ratios: what disturbs the machine disturbs both sides of a round. */
  readonly ratio: number;
  /** The ratio should be at most this. */
  readonly aim?: number;
  readonly rounds: number;
  /** Further figures, for people. */
  readonly note?: string;
}

export interface Sides {
  readonly looptrace: () => unknown;
  readonly bare: () => unknown;
}

/** What one side of one round took; `measure` may return a figure of its own, such as memory. */
export interface Measured {
  readonly looptrace: number;
  readonly bare: number;
  readonly ratio: number;
}

/**
 * Measures both sides by turns, each as often first as second.
 *
 * @param warmUp rounds that are not counted, in which the compiler does its work
 * @param measure gives the figure of one side; default: {@link duration}
 */
export async function alternate(
  sides: Sides,
  rounds: number,
  warmUp: number,
  measure: (side: () => unknown) => Promise<number> = duration,
): Promise<Measured> {
  const figures: { looptrace: number; bare: number }[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const figure = { looptrace: 0, bare: 0 };
    const order = round % 2 === 0 ? (["looptrace", "bare"] as const) : (["bare", "looptrace"] as const);
    for (const side of order) figure[side] = await measure(sides[side]);
    if (round >= 0) figures.push(figure);
  }
  return {
    looptrace: median(figures.map(({ looptrace }) => looptrace)),
    bare: median(figures.map(({ bare }) => bare)),
    ratio: median(figures.map(({ looptrace, bare }) => looptrace / bare)),
  };
}

/**
 * In ms.
 *
 * What ran before leaves young garbage, which would be collected in the midst of this side: it is collected first. A
 * full collection is left to the engine, as in any program. Asked for before each side it gives memory back to the
 * system and throws away compiled code, so that each round would measure how both come again.
 */
export async function duration(side: () => unknown): Promise<number> {
  collectYoungGarbage();
  const start = performance.now();
  await side();
  return performance.now() - start;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Between which two values the middle half of them lies, as people read it: `0.31 to 0.36`. */
export function spreadOf(values: readonly number[], digits = 2): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return `${at(0.25).toFixed(digits)} to ${at(0.75).toFixed(digits)}`;
}

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

function collectYoungGarbage(): void {
  if (typeof collect === "function") collect({ type: "minor" });
}
