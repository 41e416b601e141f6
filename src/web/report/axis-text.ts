/**
 * A moment on an axis, with no more digits than the axis' steps have: `0`, `250ms`, `1.5s`, `2m30s`, `1h05m`.
 *
 * @param at ms
 * @param step between two moments of the axis, ms
 */
export function axisText(at: number, step: number): string {
  if (at === 0) return "0";
  if (at < 1000 && step < 1000) return `${at}ms`;
  if (at < 60_000) return `${(at / 1000).toFixed(decimalsOf(step))}s`;
  const minutes = Math.floor(at / 60_000);
  if (minutes >= 60) return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
  const rest = ((at % 60_000) / 1000).toFixed(decimalsOf(step));
  return Number(rest) === 0 && step >= 1000 ? `${minutes}m` : `${minutes}m${rest.padStart(2, "0")}s`;
}

function decimalsOf(step: number): number {
  if (step >= 1000 || step === 0) return 0;
  return step >= 100 ? 1 : step >= 10 ? 2 : 3;
}
