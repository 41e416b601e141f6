/** Where a duration lies on a logarithmic axis from 1 ms, in percent; what is shorter lies at its begin. */
export function logPercent(ms: number, longest: number): number {
  if (ms <= 1) return 0;
  return Math.min(100, (Math.log(ms) / Math.log(Math.max(10, longest))) * 100);
}

/** The powers of ten up to the longest, ms. */
export function logTicks(longest: number): readonly number[] {
  const many = Math.floor(Math.log10(Math.max(10, longest)) + 1e-9) + 1;
  return Array.from({ length: many }, (_, index) => 10 ** index);
}
