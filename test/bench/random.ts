/** Numbers that look random and are the same in every run, so that two runs measure the same work. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  /** As often between 1 and 10 as between 10 and 100: how sizes of files and outputs are spread. */
  logarithmic(low: number, high: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** @param seed the same seed gives the same numbers (mulberry32) */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    logarithmic: (low, high) => Math.round(low * (high / low) ** next()),
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
  };
}
